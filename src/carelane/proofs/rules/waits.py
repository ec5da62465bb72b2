"""Every wait has owner, clock and fallback; when its time is over the case goes on; nothing fails in the engine."""

from collections.abc import Iterator

from carelane.cases.model import Disposition
from carelane.proofs.moves import Kind
from carelane.proofs.turns import Breach, Turn

WAITS = "owner-clock-fallback"
EXPIRY = "expiry-leads-on"
RUNS = "nothing-fails"
URGENCY = "urgency-only-rises"


def of_turn(turn: Turn) -> Iterator[Breach]:
    """What must hold after any decision at all."""
    yield from _runs(turn)
    yield from _waits(turn)
    if turn.move.kind is Kind.CLOCK:
        yield from _expiry(turn)
    if (
        turn.before is not None
        and turn.after is not None
        and turn.after.urgency < turn.before.urgency
    ):
        yield Breach(
            rule=URGENCY, line=turn.line,
            message=f"The urgency falls when {turn.move.words}.",
            remedy="Only a licensed person's own words may lower it.",
        )  # fmt: skip


def _runs(turn: Turn) -> Iterator[Breach]:
    for step in turn.steps:
        failed = [change.parked for change in step.changes if change.parked]
        if failed or (
            turn.move.kind is not Kind.EVENT and step.disposition is not Disposition.APPLIED
        ):
            yield Breach(
                rule=RUNS, line=turn.line,
                message=f"The engine can't decide when {turn.move.words} ({(failed or [step.reason])[0]}).",
                remedy="Correct the state: a case would stand still there until somebody redrives it.",
            )  # fmt: skip


def _waits(turn: Turn) -> Iterator[Breach]:
    case = turn.after
    for step in case.steps if case is not None else ():
        state = turn.definition.states[step.state]
        lacking = [
            name
            for name, there in (
                ("owner", step.owner.name),
                ("clock", state.clock is not None and step.clock.due_at is not None),
                (
                    "fallback",
                    state.fallback is not None and (state.fallback.edge or state.fallback.repeat),
                ),
            )
            if not there
        ]
        if lacking:
            yield Breach(
                rule=WAITS, line=state.line,
                message=f"A case waits in `{state.name}` without {' and '.join(lacking)}.",
                remedy=f"Give the state {' and '.join(lacking)}.",
            )  # fmt: skip
    if case is not None and not case.steps and case.closed_at is None:
        yield Breach(
            rule=WAITS, line=turn.line,
            message=f"The case is neither open nor closed once {turn.move.words}.",
            remedy="Lead it to a state that waits, or to a final one.",
        )  # fmt: skip


def _expiry(turn: Turn) -> Iterator[Breach]:
    before, after, state = turn.before, turn.after, turn.state
    if before is None or after is None or state is None:
        return
    stays = [each for each in after.steps if any(each.id == was.id for was in before.steps)]
    for step in stays:
        fallback = turn.definition.states[step.state].fallback
        told = [
            notice
            for decided in turn.steps
            for change in decided.changes
            for notice in change.notices
        ]
        if step.state != turn.move.name:
            continue
        if fallback is None or not fallback.repeat:
            yield Breach(
                rule=EXPIRY, line=state.line,
                message=f"When time runs out in `{state.name}`, the same owner goes on waiting.",
                remedy="Lead the fallback to another state, or let it repeat to a person on call.",
            )  # fmt: skip
        elif not fallback.to or not told:
            yield Breach(
                rule=EXPIRY, line=state.line,
                message=f"`{state.name}` repeats, but nobody is told.",
                remedy="Name whom it repeats to.",
            )  # fmt: skip
