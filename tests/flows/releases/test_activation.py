"""What may be in force, and who must stand behind it: two people, one proof, and no refusal left."""

from datetime import timedelta

import pytest
from psycopg.errors import CheckViolation

from carelane.compose.house import House
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.pathways.definition import Definition
from carelane.releases import activate as activating
from carelane.releases import refusals
from carelane.releases.activate import Approved, InForce, activate
from carelane.releases.evidence import Judged, Proven, Refused
from tests.flows.conftest import Feed, Hand
from tests.flows.releases.changing import NEW, OLD, proved, put_in_force, refuted, release, wish

pytestmark = pytest.mark.postgres


@pytest.mark.requirement("R15", "R175")
async def test_one_person_alone_puts_nothing_in_force(house: House, feed: Feed) -> None:
    """The same person twice is one person; the leaf names both who stand behind an activation."""
    for _ in range(2):
        done = await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)
        assert isinstance(done, Approved)
    assert feed.sql("select count(*) from activation where service_line <> ''") == [(0,)]
    await put_in_force(house, NEW)
    actions = [row[0] for row in feed.sql(
        "select convert_from(body, 'UTF8')::jsonb ->> 'action' from audit_leaf order by seq")]  # fmt: skip
    assert actions.count("release.approved") == 3
    assert actions.count("release.activated") >= 1
    assert feed.sql(
        "select approver_one, approver_two, proof from activation where service_line <> ''"
    ) == [("kira.sandoval", "luca.fenwick", "a" * 64)]


async def test_mutant_one_person_is_caught(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the second approval not asked to be another's, the database would still refuse one person twice."""
    monkeypatch.setattr(activating, "others", lambda rows, *_: rows)
    await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)
    with pytest.raises(CheckViolation):
        await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)


async def test_an_approval_on_another_proof_or_too_old_does_not_count(
    house: House, hand: Hand
) -> None:
    """The second person must stand behind the very proof that the first one saw, within a fortnight."""
    await activate(house.runtime, await wish(house, NEW, "kira.sandoval"), proved)

    def sharper(release: Definition, before: Definition | None) -> Proven:
        found = proved(release, before)
        return Proven(release=found.release, holds=True, verdict="proved", digest="c" * 64)

    assert isinstance(
        await activate(house.runtime, await wish(house, NEW, "luca.fenwick"), sharper), Approved
    )
    hand.forward(timedelta(days=15))
    assert isinstance(
        await activate(house.runtime, await wish(house, NEW, "luca.fenwick"), proved), Approved
    )


async def test_mutant_a_release_without_a_proof_is_caught(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the proof not asked for, a refuted release would go into force: the table below refuses it."""
    monkeypatch.setattr(refusals, "_unproved", lambda *_: None)
    people = ("kira.sandoval", "luca.fenwick")
    done = [await activate(house.runtime, await wish(house, NEW, one), refuted) for one in people]
    assert isinstance(done[-1], InForce)


@pytest.mark.requirement("R183")
@pytest.mark.requirement("R99")
async def test_what_may_not_be_in_force(house: House) -> None:
    """Unproved, outside its place, blocked by its back-test, tied, unknown, or there already: each says what to do."""
    runtime = house.runtime
    old, new = await release(house, OLD), await release(house, NEW)
    blocking = Judged(
        release=new.digest,
        against=old.digest,
        digest="d" * 64,
        blocks=("2 red-flag cases would have been routed down",),
    )
    other = Judged(release=old.digest, against=new.digest, digest="d" * 64)
    wishes = {
        "not-proved": (await wish(house, NEW, "kira.sandoval"), refuted),
        "outside-its-place": (
            await wish(house, NEW, "kira.sandoval", scope=Scope(site="north")),
            proved,
        ),
        "back-test-blocks": (await wish(house, NEW, "kira.sandoval", report=blocking), proved),
        "other-report": (await wish(house, NEW, "kira.sandoval", report=other), proved),
        "unknown-place": (
            await wish(house, OLD, "kira.sandoval", scope=Scope(site="south")),
            proved,
        ),
        "unknown-lane": (
            await wish(house, OLD, "kira.sandoval", scope=Scope(referral_type="podiatry")),
            proved,
        ),
        "in-force": (await wish(house, OLD, "kira.sandoval", scope=EVERYWHERE), proved),
    }
    for code, (wanted, prove) in wishes.items():
        done = await activate(runtime, wanted, prove)
        assert isinstance(done, Refused), code
        assert done.code == code
        assert done.remedy
    await put_in_force(house, NEW)
    tied = await activate(
        runtime, await wish(house, OLD, "kira.sandoval", scope=Scope(site="north")), proved
    )
    assert isinstance(tied, Refused)
    assert tied.code == "tie"
