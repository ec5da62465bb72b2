"""Back to what was in force before, in one transaction; then each running case finishes, moves or goes to a person.

A case that a migration moved, and nobody acted on since, gets its old state and deadlines back whatever the policy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from carelane.cases.model import Case
from carelane.engine.in_force import in_force
from carelane.engine.releases import Activation, Releases
from carelane.engine.runtime import Runtime
from carelane.engine.scope import Scope
from carelane.pathways.definition import Definition
from carelane.releases import moving
from carelane.releases.endings import Ending, Line, plain
from carelane.releases.evidence import Refused
from carelane.releases.force import Force, end, every, put
from carelane.releases.moving import Order
from carelane.store.database import Row, Tx


class Policy(StrEnum):
    """What becomes of running cases of the release that is taken back."""

    FINISH = "finish"  # they end on the release they have
    MOVE = "move"  # by a mapping, to the release that is in force again
    PERSON = "person"  # a person decides about each


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What is in force in the scope now: the release before, or the one of the wider scope around it."""

    pathway: str
    scope: Scope
    taken_back: str
    now: str


async def roll_back(
    runtime: Runtime, pathway: str, scope: Scope, *, by: str, reason: str
) -> RolledBack | Refused:
    """Put the previous release of exactly this scope in force; without one, the wider scope holds here again."""
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        await tx.run("releases.lock")
        releases = await in_force(tx)
        here = next((each for each in _of(releases, pathway) if each.scope == scope), None)
        if here is None:
            return _not_here(releases, pathway, scope)
        row = await before(tx, here)
        wider = around(releases, here)
        if row is None and wider is None:
            return Refused(
                code="nothing-before",
                sentence=f"Nothing else was ever in force for {scope.words()}.",
                remedy="Put another release in force there; then take this one back.",
            )
        if row is not None:
            await put(
                tx,
                runtime.organisation,
                again(here, row, by=by, reason=reason, cause="rolled-back"),
                now=now,
            )
        else:
            await end(tx, runtime.organisation, pathway=pathway, scope=scope, by=by, cause="rolled-back",
                      reason=reason, now=now)  # fmt: skip
        runtime.releases = await in_force(tx)
    holds = row["release"] if row is not None else wider.release if wider is not None else ""
    return RolledBack(pathway=pathway, scope=scope, taken_back=here.release, now=holds)


async def settle(  # noqa: PLR0913  # what becomes of cases, and who says so
    runtime: Runtime,
    release: Definition,
    scope: Scope,
    *,
    policy: Policy,
    by: str,
    order: Order | None = None,
    told: Callable[[Line], None] = lambda _: None,
) -> dict[Ending, int]:
    """What becomes of each running case of a release taken back, one decision each; can be run again."""
    counts = dict.fromkeys(Ending, 0)
    async for case in moving.running(runtime, release, scope):
        ending, why = Ending.LEFT, ""
        if case.moved is not None and case.moved.release not in runtime.releases.recalled:
            ending, why = await moving.restore(runtime, case, by=by)
        if ending is Ending.LEFT:
            ending, why = await _as(policy, runtime, case, order, by)
        counts[ending] += 1
        for each in plain(case, ending, why):
            told(each)
    return counts


async def _as(
    policy: Policy, runtime: Runtime, case: Case, order: Order | None, by: str
) -> tuple[Ending, str]:
    if policy is Policy.MOVE and order is not None:
        return await moving.move(runtime, case, order)
    if policy is Policy.PERSON:
        await moving.hand_over(runtime, case, by=by, why="taken-back")
        return Ending.PERSON, "its release was taken back"
    return Ending.FINISHES, "ends on the release it has"


async def before(tx: Tx, here: Activation) -> Row | None:
    """The release that was in force in exactly this scope before."""
    return await tx.one(
        "releases.before", pathway=here.pathway, release=here.release, **every(here.scope)
    )


def around(releases: Releases, here: Activation) -> Activation | None:
    """The narrowest release in force around a scope, if it is another one and not recalled."""
    wider = [
        each
        for each in _of(releases, here.pathway)
        if each.scope != here.scope
        and here.scope.within(each.scope)
        and each.release != here.release
        and each.release not in releases.recalled
    ]
    return max(wider, key=lambda each: len(each.scope.parts()), default=None)


def again(here: Activation, row: Row, *, by: str, reason: str, cause: str) -> Force:
    """The release before, with the approvers and the proof it had."""
    return Force(
        pathway=here.pathway, release=row["release"], scope=here.scope,
        approvers=(row["approver_one"], row["approver_two"]), reason=reason, by=by, cause=cause, proof=row["proof"],
        report=row["report"],
    )  # fmt: skip


def _of(releases: Releases, pathway: str) -> list[Activation]:
    return [each for each in releases.activations if each.pathway == pathway and each.to_at is None]


def _not_here(releases: Releases, pathway: str, scope: Scope) -> Refused:
    known = "; ".join(each.scope.words() for each in _of(releases, pathway)) or "nowhere"
    return Refused(code="not-in-force", sentence=f"No release of {pathway} is in force for exactly {scope.words()}.",
                   remedy=f"Name one of the scopes it is in force for: {known}.")  # fmt: skip
