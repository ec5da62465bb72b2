"""Moving a case: choose a branch, leave a step, enter a state (SEMANTICS 4). A state waits or is final.

Effects of a state are issued in `effects`, its clock starts in `clocks`, its owner comes from `late`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases import clocks, effects, levels
from carelane.cases.model import OpenStep
from carelane.cases.moment import DefinitionBroken
from carelane.cases.owners import owner_of
from carelane.cases.run import Run
from carelane.cases.words import AGAIN, SENDER, STAY
from carelane.facts.fact import Json
from carelane.facts.ids import derive
from carelane.facts.intent import Audience
from carelane.pathways.definition import Branch, Edge, Emit, Fallback, State
from carelane.pathways.judge import holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """How a move came about: what closes the old step, and a person's undo window if one caused it."""

    how: str
    undo: timedelta | None = None


def choose(run: Run, edge: Edge, *, entered_at: datetime) -> Branch | None:
    """The first branch whose guard holds."""
    values = run.readable()
    for branch in edge.branches:
        if holds(branch.when, values, now=run.now, entered_at=entered_at):
            return branch
    return None


def follow(run: Run, step: OpenStep, edge: Edge, why: Why) -> str:
    """Go along an edge from an open step. Answers where it led: a state, `stay` or `again`."""
    branch = choose(run, edge, entered_at=step.opened_at)
    if branch is None:
        run.because(why.how, "stay: no branch holds")
        return STAY
    take(run, branch)
    run.because(why.how, branch.then)
    if branch.then == STAY:
        return STAY
    leave(run, step, why.how)
    target = step.state if branch.then == AGAIN else branch.then
    enter(run, target, why, afresh=branch.then == AGAIN)
    return branch.then


def take(run: Run, branch: Branch) -> None:
    """What a branch says and sets, wherever it leads."""
    for name, given in branch.sets.items():
        run.values[name] = _meant(run, given)
    for emit in branch.emits:
        send(run, emit)


def _meant(run: Run, given: str) -> str:
    if given == SENDER:
        return sender(run)
    if given == "actor":
        return run.fact.actor_name
    return given


def sender(run: Run) -> str:
    """Who sent the fact: the case or message it came from, as text."""
    origin = run.fact.refers.get("sender") or run.fact.origin
    return str(origin) if origin is not None else (run.fact.connection or "")


def send(run: Run, emit: Emit) -> None:
    """Emit a declared fact, carrying declared fields, variables and keys."""
    known = run.fields.reveal()
    carried: dict[str, Json] = {}
    for name in emit.carrying:
        carried[name] = known[name] if name in known else _plain(run.values.get(name))
    by = sender(run) if emit.to == SENDER else _named(run, emit.by, known)
    run.emit(
        emit.fact,
        to=str(emit.to),
        by=by,
        payload=carried,
        refers={"sender": run.case.subject, "from_case": run.case.id},
    )


def _named(run: Run, name: str, known: Mapping[str, Json]) -> str:
    if not name:
        return ""
    given = run.values.get(name)
    return str(given if given is not None else known.get(name) or "")


def _plain(value: object) -> Json:
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def leave(run: Run, step: OpenStep, how: str) -> None:
    """Close a step and say what its state says on leaving."""
    run.steps = [each for each in run.steps if each.id != step.id]
    run.closed.append((step, how))
    for emit in run.state(step.state).leave:
        send(run, emit)


def enter(run: Run, name: str, why: Why, *, afresh: bool = False) -> None:
    """Enter a state: open its step with owner, clock and fallback, or close the case."""
    state = run.state(name)
    run.status = state.status
    run.milestone = state.milestone
    if state.urgency is not None:
        run.raise_urgency(state.urgency)
    count(run, state, "enter")
    step = None if state.final else _open(run, state, afresh=afresh)
    held_until = run.now + why.undo if why.undo is not None and _may_wait(step) else None
    for effect in state.effects:
        if step is None or not _levelled(run, state, effect):
            effects.issue(run, effect, step=step.id if step else None, held_until=held_until)
    if step is not None and state.escalate:
        levels.on_entry(run, step)
    for emit in state.enter:
        send(run, emit)
    if state.final:
        _close(run, state)


def _may_wait(step: OpenStep | None) -> bool:
    """Nothing about somebody's safety waits for an undo window."""
    return step is None or not step.clock.safety


def _levelled(run: Run, state: State, effect: str) -> bool:
    """Alerts of an escalating state leave with its levels, each to its own recipient."""
    return bool(state.escalate) and run.definition.effects[effect].audience is Audience.STAFF


def count(run: Run, state: State, what: str) -> None:
    """Add to the state's counters for `enter` or an outcome, never past their bounds."""
    for counter in state.counters:
        if counter.add == what:
            value = min(run.counters.get(counter.name, 0) + 1, counter.max)
            run.counters = {**run.counters, counter.name: value}


def _open(run: Run, state: State, *, afresh: bool) -> OpenStep:
    spec = state.clock
    if spec is None:
        raise DefinitionBroken(f"state {state.name} waits without a clock: load the pathway again")
    clock = clocks.start(
        spec,
        state.escalate,
        run.values,
        now=run.now,
        bound=clocks.bind(spec, run.moment.late, run.case.site),
        afresh=afresh,
    )
    if state.pause is not None and not spec.safety:
        pause = state.pause
        clock = clocks.pause(clock, now=run.now, by=run.now + pause.resume_by, reason=pause.reason)
    identity = run.next_id("step")
    step = OpenStep(
        id=identity,
        state=state.name,
        opened_at=run.now,
        owner=owner_of(run, state),
        clock=clock,
        fallback=fallback_text(state.fallback),
        task=derive(run.fact.recorded_at, identity, "task") if state.task else None,
        task_name=state.task,
        entered_by=run.fact.id,
    )
    run.steps.append(step)
    run.opened.append(step)
    return step


def fallback_text(fallback: Fallback | None) -> str:
    """The fallback as a person reads it; never empty, so that the row's check holds."""
    if fallback is None:
        return "a person looks"
    if fallback.repeat:
        told = f", telling {fallback.tell}" if fallback.tell else ""
        return f"repeats to {fallback.to or 'the owner'} until acknowledged{told}"
    names = " or ".join(branch.then for branch in fallback.edge.branches) if fallback.edge else ""
    return f"goes to {names}" if names else "a person looks"


def _close(run: Run, state: State) -> None:
    for step in tuple(run.steps):
        leave(run, step, "closed")
    for emit in state.leave:
        send(run, emit)
    run.outcome = state.outcome or state.name
    run.closed_at = run.now


def reopened(run: Run, name: str) -> UUID | None:
    """Bring a closed case back at a state: a new interval; what happened stays written."""
    run.outcome = ""
    run.closed_at = None
    run.cancelled = False
    enter(run, name, Why(how="reopened"), afresh=True)
    return run.opened[-1].id if run.opened else None
