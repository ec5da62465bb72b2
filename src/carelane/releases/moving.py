"""Running cases go to another release, one decision each: previewed, interruptible, and begun again where it stopped.

A case that moved has the new release, so a second run takes up only those that are left. What can't be moved goes to a
person, as a case of the system pathway `recalled-case`; a case that stands (parked) is left and named.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from carelane.audit.actions import Action as Audited
from carelane.audit.leaf import Change, Thing
from carelane.cases import step
from carelane.cases.model import Case, Definitions, Step
from carelane.cases.words import CASE_MIGRATED, CASE_RECALLED, CASE_RESTORED, EFFECT_OUTSTANDING
from carelane.engine.decide import Standing, decide
from carelane.engine.deliver import deliver
from carelane.engine.late import Bound
from carelane.engine.releases import replaced
from carelane.engine.runtime import Runtime
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.proofs.mapping import CaseMapping
from carelane.releases.endings import Ending, Line, for_a_person, lines, plain
from carelane.store import load
from carelane.store.changes import Deed, record

PAGE = 200
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Cases of which release, where, go by which mapping; and who wants it."""

    old: Definition
    mapping: CaseMapping
    by: str
    scope: Scope = EVERYWHERE


async def preview(runtime: Runtime, order: Order) -> AsyncIterator[Line]:
    """What would become of every running case; nothing is changed."""
    async for case in running(runtime, order.old, order.scope):
        decided = await tried(runtime, case, migrated(runtime, case, order))
        for line in lines(case, decided, order.mapping):
            yield line


async def migrate(
    runtime: Runtime, order: Order, *, reason: str, told: Callable[[Line], None] = lambda _: None
) -> dict[Ending, int]:
    """Move them, each in a transaction of its own; how many ended how."""
    await _begun(runtime, order, reason)
    counts = dict.fromkeys(Ending, 0)
    async for case in running(runtime, order.old, order.scope):
        ending, why = await move(runtime, case, order)
        counts[ending] += 1
        for each in plain(case, ending, why):
            told(each)
    return counts


async def _begun(runtime: Runtime, order: Order, reason: str) -> None:
    """The leaf that says who moves cases, by which mapping and why; each case's own leaf follows."""
    detail = {"mapping": order.mapping.digest, "pathway": order.mapping.pathway, **order.scope.parts(),
              "reason": sha256(reason.encode()).hexdigest()}  # fmt: skip
    deed = Deed(organisation=runtime.organisation, at=runtime.now(), action=Audited.RELEASE_MIGRATED,
                actor=Actor.PERSON, name=order.by, detail=detail)  # fmt: skip
    moved = Change(
        thing=Thing.RELEASE, id=order.mapping.new, before=order.mapping.old, after=order.mapping.new
    )
    async with runtime.worker.transaction() as tx:
        record(tx, deed, moved)


async def move(runtime: Runtime, case: Case, order: Order) -> tuple[Ending, str]:
    """One case: by the mapping, or to a person where it says so or can't be done."""
    if for_a_person(case, order.mapping):
        await hand_over(runtime, case, by=order.by, why="mapping")
        return Ending.PERSON, "the mapping gives it to a person"
    answer = await decide(runtime, migrated(runtime, case, order))
    if answer.standing is Standing.APPLIED:
        return Ending.MOVED, ""
    if answer.standing is Standing.COMPLETING:
        return Ending.QUEUED, answer.reason
    if answer.reason == EFFECT_OUTSTANDING:
        await hand_over(runtime, case, by=order.by, why=answer.reason)
        return Ending.PERSON, "an effect is on its way that the new release does not know"
    return Ending.LEFT, answer.reason


async def restore(runtime: Runtime, case: Case, *, by: str) -> tuple[Ending, str]:
    """Take one case's move back, if nobody acted on it since."""
    answer = await decide(runtime, _fact(runtime, case, CASE_RESTORED, by))
    if answer.standing is Standing.COMPLETING:
        return Ending.QUEUED, answer.reason
    return (Ending.RESTORED if answer.standing is Standing.APPLIED else Ending.LEFT), answer.reason


async def hand_over(runtime: Runtime, case: Case, *, by: str, why: str) -> None:
    """Give a running case to a person, once for its release; the case itself goes on, with owner and clock."""
    fact = _fact(
        runtime,
        case,
        CASE_RECALLED,
        by,
        {"pathway": case.pathway, "version": case.version, "why": why},
    )
    once = derive(case.opened_at, CASE_RECALLED, case.id, case.release)
    fact = replace(fact, id=once, keys={"case": str(case.id)})
    async with runtime.worker.transaction() as tx:
        await deliver(runtime, tx, [fact])
    runtime.bell.ring("drain")


async def running(runtime: Runtime, release: Definition, scope: Scope) -> AsyncIterator[Case]:
    """The open cases of a release in a scope, as they are now, by their ids."""
    after = _NOBODY
    while True:
        async with runtime.worker.transaction() as tx:
            rows = await tx.rows(
                "releases.running", release=release.digest, after=after, limit=PAGE
            )
        for row in rows:
            case = await _case(runtime, row["id"], row["subject"])
            if (
                case is not None
                and case.release == release.digest
                and place(case, release).within(scope)
            ):
                yield case
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


def place(case: Case, release: Definition) -> Scope:
    """Where a case lies, its referral type or scheduling lane among it."""
    lane = {
        key: str(case.values[name])
        for key, name in release.lanes.items()
        if case.values.get(name) is not None
    }
    return replaced(Scope(site=case.site, service_line=case.service_line), lane)


async def tried(runtime: Runtime, case: Case, fact: Fact) -> Step:
    """What a fact would do to a case; decided and thrown away."""
    async with runtime.worker.transaction() as tx:
        views = await load.views(
            tx, runtime.vault, runtime.organisation, [case.subject], runtime.now()
        )
    definitions = Definitions(pinned=runtime.releases.published, active=())
    return step(definitions, views[case.subject], Bound(runtime.directory), fact, runtime.now())


async def _case(runtime: Runtime, case: UUID, subject: UUID) -> Case | None:
    async with runtime.worker.transaction() as tx:
        views = await load.views(tx, runtime.vault, runtime.organisation, [subject], runtime.now())
    return next((each for each in views[subject].cases if each.id == case), None)


def migrated(runtime: Runtime, case: Case, order: Order) -> Fact:
    """The fact that moves a case: it carries the whole mapping, so that a replay needs nothing else."""
    states: dict[str, Json] = {
        name: {"to": target.to, "clock": target.clock.value}
        for name, target in order.mapping.targets.items()
    }
    told: dict[str, Json] = {
        "to": order.mapping.new,
        "mapping": order.mapping.digest,
        "states": states,
    }
    return _fact(runtime, case, CASE_MIGRATED, order.by, {"migration": told})


def _fact(
    runtime: Runtime, case: Case, type_: str, by: str, payload: dict[str, Json] | None = None
) -> Fact:
    now = runtime.now()
    return Fact(
        id=derive(now, type_, case.id, case.revision),
        type=type_,
        subject=case.subject,
        organisation=case.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi(payload or {}, type_),
        refers={"case": case.id},
        urgency=case.urgency,
        actor=Actor.PERSON,
        actor_name=by,
        correlation=case.correlation,
        site=case.site,
        service_line=case.service_line,
    )
