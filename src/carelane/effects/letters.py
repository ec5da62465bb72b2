"""Dead letters: grouped by what went wrong, sent again after a preview, discarded with a reason, or answered.

Nothing here happens by itself: a person asks, and each change is a leaf with that person's name. `actor` is the
person's sign-in name; rights are asked above.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases.model import EffectState
from carelane.effects.flight import of_row
from carelane.effects.settlement import Outcome, Settlement
from carelane.effects.told import facts
from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.errors import LocalFault
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx

LIMIT_MAX = 1000
_FINAL_CAUSES = frozenset({"too-late", "nothing-to-undo"})
DISCARD_REASONS = ("done-by-hand", "not-needed", "patient-told-otherwise", "duplicate", "too-late")


class DiscardFault(LocalFault):
    """An effect is given up without a reason of the list: offer the list to the person."""

    code = "discard-reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Dead (or unanswered: `state` unknown) effects with one cause. `examples` are the three oldest."""

    connection: str
    capability: str
    state: str
    cause: str
    count: int
    oldest: datetime
    examples: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """What a redrive sends again, and what it can't: (effect, why)."""

    again: tuple[UUID, ...]
    refused: tuple[tuple[UUID, str], ...]
    preview: bool


async def groups(tx: Tx) -> list[Group]:
    """Dead letters by connection, capability and cause, the largest first."""
    rows = await tx.rows("effects.dead_groups")
    return [Group(**(row | {"examples": tuple(row["examples"])})) for row in rows]


async def redrive(  # noqa: PLR0913  # each says one thing about the choice, by name
    runtime: Runtime,
    *,
    actor: str,
    ids: Sequence[UUID] = (),
    cause: str | None = None,
    connection: str | None = None,
    preview: bool = True,
) -> Redrive:
    """Give dead effects a new budget, by id or by cause. Look at the preview first: it changes nothing.

    What is past its time, or belongs to a cancelled case, is never sent again.
    """
    async with runtime.worker.transaction() as tx:
        rows = await tx.rows(
            "effects.dead_letters",
            ids=list(ids),
            cause=cause,
            connection=connection,
            limit=LIMIT_MAX,
        )
        now = runtime.now()
        judged = [(row["id"], _why_not(row, now)) for row in rows]
        found = Redrive(
            again=tuple(effect for effect, why in judged if not why),
            refused=tuple((effect, why) for effect, why in judged if why),
            preview=preview,
        )
        if preview or not found.again:
            return found
        done = {
            row["id"] for row in await tx.rows("effects.redrive", ids=list(found.again), now=now)
        }
        for row in rows:
            if row["id"] in done:
                _leaf(
                    runtime,
                    tx,
                    actor,
                    row,
                    action=Action.EFFECT_REDRIVEN,
                    to=EffectState.READY,
                    why="redriven",
                )
    runtime.bell.ring("effects")
    return found


async def discard(runtime: Runtime, effect: UUID, *, actor: str, reason: str) -> bool:
    """Give up a dead or unanswered effect, for a reason of the list; False if it is neither any more."""
    if reason not in DISCARD_REASONS:
        raise DiscardFault(f"choose one of: {', '.join(DISCARD_REASONS)}")
    return await _close(
        runtime, effect, EffectState.WITHDRAWN, actor=actor, cause=f"discarded:{reason}"
    )


async def answer(
    runtime: Runtime, effect: UUID, *, actor: str, done: bool, reference: str = ""
) -> bool:
    """A person found out what became of an effect: done after all (with the other side's id), or never done."""
    state = EffectState.DONE if done else EffectState.DEAD
    cause = "answered-by-person" if done else "not-done-by-person"
    return await _close(runtime, effect, state, actor=actor, cause=cause, reference=reference)


async def over(runtime: Runtime, effect: UUID) -> bool:
    """Whether an effect has ended already, done or withdrawn: then nobody need settle it."""
    async with runtime.worker.transaction() as tx:
        return await tx.one("effects.over", id=effect) is not None


async def _close(  # noqa: PLR0913  # each says one thing about the answer, by name
    runtime: Runtime,
    effect: UUID,
    state: EffectState,
    *,
    actor: str,
    cause: str,
    reference: str = "",
) -> bool:
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        row = await tx.one("effects.open_letter", id=effect)
        if row is None:
            return False
        tx.put(
            "effects.close_letter",
            id=effect,
            state=state.value,
            cause=cause,
            reference=reference,
            now=now,
        )
        flight = of_row(row)
        runtime.vault.learn(flight.identity, flight.identity_key)
        outcome = {EffectState.DONE: Outcome.DONE, EffectState.WITHDRAWN: Outcome.WITHDRAWN}.get(
            state, Outcome.NEEDS_PERSON
        )
        settlement = Settlement(state=state, cause=cause, reference=reference, outcome=outcome)
        # An answered unknown that was never done is a dead letter now, with the owner it has already.
        await deliver(runtime, tx, facts(replace(flight, redriven=True), settlement, now))
        action = (
            Action.EFFECT_WITHDRAWN if state is EffectState.WITHDRAWN else Action.EFFECT_SETTLED
        )
        _leaf(runtime, tx, actor, row, action=action, to=state, why=cause)
    runtime.bell.ring("drain")
    return True


def _why_not(row: Row, now: datetime) -> str:
    """Why this can't be sent again; empty if it can."""
    if row["not_after"] is not None and row["not_after"] <= now:
        return "too-late"
    if row["cause"] in _FINAL_CAUSES:
        return str(row["cause"])
    if row["cancelled"] and row["compensates"] is None and row["audience"] != "staff":
        return "cancelled"
    return ""


def _leaf(  # noqa: PLR0913  # one door for every leaf of this file
    runtime: Runtime, tx: Tx, actor: str, row: Row, *, action: Action, to: EffectState, why: str
) -> None:
    deed = Deed(
        organisation=runtime.organisation,
        at=runtime.now(),
        action=action,
        actor=Actor.PERSON,
        name=actor,
        case=row["case_id"],
    )
    before = row.get("state", EffectState.DEAD.value)
    change = Change(
        thing=Thing.EFFECT, id=row["id"], before=before, after=to.value, detail={"cause": why}
    )
    record(tx, deed, change)
