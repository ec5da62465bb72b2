"""What the tests of releases share: the two releases, provers that answer at once, and two people who agree."""

from datetime import timedelta
from typing import Any

from carelane.compose.house import House
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.pathways.definition import Definition
from carelane.proofs.mapping import draft, read_mapping
from carelane.releases.activate import Approved, InForce, activate
from carelane.releases.evidence import Proven
from carelane.releases.moving import Order
from carelane.releases.publish import named
from carelane.releases.refusals import Wish
from tests.flows.conftest import Hand

CARDIO, ORTHO = 0, 1
LINE = Scope(service_line="orthopaedics")
NEW = "referral-intake@1.1.0+orthopaedics.1"
OLD = "referral-intake@1.1.0"
CASES = "select release, service_line, id from pathway_case where pathway = 'referral-intake' order by opened_at, id"
STEPS = ("select c.id, s.id, s.state, s.due_at, s.next_at, s.owner_name, s.task, s.detail::text from step s"
         " join pathway_case c on c.id = s.case_id where s.closed_at is null and c.pathway = 'referral-intake'"
         " order by c.opened_at, c.id")  # fmt: skip


def proved(release: Definition, before: Definition | None) -> Proven:
    """A prover that finds nothing wrong; the real one has tests of its own."""
    del before
    return Proven(release=release.digest, holds=True, verdict="proved", digest="a" * 64)


def refuted(release: Definition, before: Definition | None) -> Proven:
    """A prover with a counter-example."""
    del before
    return Proven(
        release=release.digest,
        holds=False,
        verdict="refuted",
        digest="b" * 64,
        says="A state has no way out.",
    )


async def release(house: House, name: str) -> Definition:
    """A published release."""
    async with house.runtime.worker.transaction() as tx:
        return await named(tx, name)


async def wish(house: House, name: str, person: str, *, scope: Scope = LINE, **more: Any) -> Wish:
    """What a person wants in force."""
    found = await release(house, name)
    return Wish(release=found, scope=scope, person=person, reason="Fractures can't wait", **more)


async def put_in_force(house: House, name: str, *, scope: Scope = LINE) -> InForce:
    """Two people put a release in force, a second after whatever was decided last."""
    assert isinstance(house.runtime.now, Hand)
    house.runtime.now.forward(timedelta(seconds=1))
    first = await activate(
        house.runtime, await wish(house, name, "kira.sandoval", scope=scope), proved
    )
    assert isinstance(first, Approved), first
    second = await activate(
        house.runtime, await wish(house, name, "luca.fenwick", scope=scope), proved
    )
    assert isinstance(second, InForce), second
    return second


async def order(house: House, *, scope: Scope = EVERYWHERE, rule: str = "convert") -> Order:
    """Cases of the shared pathway go to the overlay: alike states keep their clocks, the others as `rule` says."""
    old, new = await release(house, OLD), await release(house, NEW)
    text = (
        draft(old, new, {})
        .replace("clock: convert", f"clock: {rule}")
        .replace("WHY", "it is faster now")
    )
    mapping, problems = read_mapping(text, old, new, place="mapping.yaml")
    assert mapping is not None, [each.line() for each in problems]
    return Order(old=old, mapping=mapping, by="kira.sandoval", scope=scope)
