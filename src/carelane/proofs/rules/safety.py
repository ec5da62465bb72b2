"""Safety clocks run on wall time, never stop, and call help before they are due; no alert of theirs is dropped."""

from collections.abc import Iterator
from datetime import timedelta

from carelane.cases.model import OpenStep
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.definition import ClockKind, Definition, State
from carelane.proofs.turns import Breach, Turn

RULE = "safety-clocks"
EFFECTS = "effects-say-what-if-unknown"


def of_text(definition: Definition) -> Iterator[Breach]:
    """States whose safety clock could be stopped, or calls nobody in time."""
    for state in definition.states.values():
        if state.clock is not None and state.clock.safety:
            yield from _state(definition, state)


def _state(definition: Definition, state: State) -> Iterator[Breach]:
    clock = state.clock
    if clock is None:
        return
    if clock.kind is not ClockKind.WALL:
        yield _breach(state, "counts the time of a calendar", "Write `kind: wall`.")
    if state.pause is not None or clock.pauses:
        yield _breach(state, "can be paused", "Remove the pause.")
    due = clock.due or timedelta(0)
    if not any(level.after < due for level in state.escalate):
        yield _breach(
            state,
            "calls nobody before it is due",
            "Add a level to `escalate` that comes before `due`.",
        )
    for name in state.effects:
        kind = definition.effects[name]
        if kind.audience is Audience.STAFF and kind.if_unknown is IfUnknown.DROP:
            yield Breach(
                rule=EFFECTS, line=state.line,
                message=f"Alert `{name}` of `{state.name}` is dropped when nobody knows whether it arrived.",
                remedy="Write `if_unknown: resend`: twice is better than never.",
            )  # fmt: skip


def of_turn(turn: Turn) -> Iterator[Breach]:
    """Safety clocks as they really run: never stopped, and their notices marked, so that nothing holds them back."""
    case = turn.after
    for step in case.steps if case is not None else ():
        state = turn.definition.states[step.state]
        safe = state.clock is not None and state.clock.safety
        if safe and (step.clock.paused_at is not None or not step.clock.safety):
            yield _breach(state, "stands still", "Remove what stops it.")
    held = [
        notice
        for decided in turn.steps
        for change in decided.changes
        for notice in change.notices
        if not notice.safety
        and any(each.id == notice.step and each.clock.safety for each in _steps(turn))
    ]
    if held and turn.state is not None:
        yield _breach(
            turn.state, "tells people by notices that may be held back", "Report this as a defect."
        )


def _steps(turn: Turn) -> list[OpenStep]:
    return [*(turn.before.steps if turn.before else ()), *(turn.after.steps if turn.after else ())]


def _breach(state: State, what: str, remedy: str) -> Breach:
    return Breach(
        rule=RULE,
        line=state.line,
        message=f"The safety clock of `{state.name}` {what}.",
        remedy=remedy,
    )
