"""A person takes back a click within its window: what it closed is open again, what it opened is gone (SEMANTICS 5).

A click may have joined a block and so closed more than its own wait: all of that is open again, as it was. It can't be
taken back where the join undid what others had begun, where others were told, or while an effect has not ended
that the wait goes on by; then the answer says which.
"""

from carelane.cases import effects, pausing
from carelane.cases.model import EffectState, OpenStep, Undo
from carelane.cases.regions import begun_again, block_of, depth, recounted
from carelane.cases.run import Run
from carelane.cases.words import UNDO_JOINED, UNDO_TOLD, UNDO_TOO_LATE, UNDO_UNDER_WAY
from carelane.facts.ids import derive
from carelane.facts.intent import Audience
from carelane.facts.replacing import replace
from carelane.pathways.definition import TaskKind

_UNSETTLED = frozenset({EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN})


def remember(run: Run, step: OpenStep, kind: TaskKind) -> None:
    """How a completed task may be taken back, or why not. Asked once everything has followed from it."""
    case = run.case
    closed = {one.id for one, _ in run.closed} - {step.id}
    others = tuple(each for each in case.steps if each.id in closed)
    run.undo = Undo(
        fact=run.fact.id,
        until=run.now + kind.undo,
        revision=case.revision + 1,
        step=step,
        counters=case.counters,
        effects=tuple(each.id for each in run.effects[len(case.effects) :]),
        last_actor=case.last_actor,
        others=others,
        regions=dict(case.regions) if others else {},
        refused=_refused(run, step, others, passed=len(closed) > len(others)),
    )


def _refused(run: Run, step: OpenStep, others: tuple[OpenStep, ...], *, passed: bool) -> str:
    if run.emissions:
        return UNDO_TOLD
    if passed or (others and _cut_off(run)):
        return UNDO_JOINED
    return UNDO_UNDER_WAY if any(_awaits(run, each) for each in (step, *others)) else ""


def _cut_off(run: Run) -> bool:
    """Whether the click took effects back, or has them undone."""
    fresh = run.effects[len(run.case.effects) :]
    undone = any(each.compensates is not None for each in fresh)
    return bool(run.withdrawn) or undone or run.owed != run.case.owed


def _awaits(run: Run, step: OpenStep) -> bool:
    """Whether the end of an effect is still to come for a wait that goes on by it: it belongs to that wait alone."""
    if not run.state(step.state).effect_outcomes:
        return False
    return any(each.step == step.id and each.state in _UNSETTLED for each in run.effects)


def undo(run: Run) -> str:
    """Take back the last completed task within its window, if nothing else happened since."""
    last = run.case.undo
    if last is None or last.step.task != run.fact.refers.get("task", last.step.task):
        return UNDO_TOO_LATE
    done = {each.id: each for each in run.effects if each.id in last.effects}
    started = any(
        each.state is not EffectState.READY and each.audience is not Audience.STAFF
        for each in done.values()
    )
    # recorded_at, not now: a person's click counts when it was stored (SEMANTICS 5)
    if run.fact.recorded_at > last.until or run.case.revision != last.revision or started:
        return UNDO_TOO_LATE
    if last.refused:
        return last.refused
    ready = (each.id for each in done.values() if each.state is EffectState.READY)
    effects.withdraw(run, tuple(ready))
    for step in [each for each in run.steps if each.entered_by == last.fact]:
        run.steps = [each for each in run.steps if each.id != step.id]
        run.closed.append((step, "undone"))
        run.regions = {
            path: view for path, view in run.regions.items() if block_of(path) != step.state
        }
    run.counters, run.last_actor = last.counters, last.last_actor
    run.outcome, run.closed_at = "", None
    _open_again(run, last)
    return ""


def _open_again(run: Run, last: Undo) -> None:
    """The click's own wait, and what it closed beside: a block before what is inside it."""
    every = (last.step, *last.others)
    for each in sorted(every, key=lambda step: depth(run.definition, step.state)):
        _back(run, each)
    if last.others:
        run.regions = dict(last.regions)
        for each in every:
            recounted(run, run.state(each.state))
    elif run.state(last.step.state).region:
        begun_again(run, run.state(last.step.state))
        pausing.entered(run, run.state(last.step.state))
    outermost = next((s for each in every if not (s := run.state(each.state)).region), None)
    if outermost is not None:
        run.status, run.milestone = outermost.status, outermost.milestone
    run.because("undo", last.step.state)


def _back(run: Run, step: OpenStep) -> None:
    """The same wait anew: its clock goes on as it was."""
    identity = run.next_id("step")
    back = replace(
        step,
        id=identity,
        task=derive(run.fact.recorded_at, identity, "task") if step.task else None,
        clock=replace(step.clock, generation=step.clock.generation + 1),
        entered_by=run.fact.id,
    )
    run.steps.append(back)
    run.opened.append(back)
