"""Moving a case: choose a branch, leave a step, enter a state (SEMANTICS 4). A state waits or is final.

Effects of a state are issued in `effects`, its clock starts in `clocks`, its owner comes from `late`; the regions of
a block begin and end here and are counted in `regions`.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from carelane.cases import clocks, effects, levels, milestones, pausing, regions, waiting
from carelane.cases.model import OpenStep, RegionView
from carelane.cases.moment import DefinitionBroken
from carelane.cases.owners import owner_of
from carelane.cases.regions import block_of
from carelane.cases.run import Run
from carelane.cases.sending import announce, renew, send, take
from carelane.cases.words import AGAIN, CUT_OFF, JOINED, STAY
from carelane.facts.ids import derive
from carelane.facts.intent import Audience
from carelane.pathways.definition import Branch, Edge, State
from carelane.pathways.judge import holds

ENTERED_MAX = 200
"""States that one fact may lead through, all regions together; more is a loop that nobody drives."""


class Why(NamedTuple):
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
    if branch.then != STAY:
        again = branch.then == AGAIN
        move(run, step, step.state if again else branch.then, why, afresh=again)
    return branch.then


def move(run: Run, step: OpenStep, target: str, why: Why, *, afresh: bool = False) -> None:
    """Leave a step for a state of its own region, or of one around it: then the blocks between end too."""
    region = run.state(target).region
    leaving = step
    while (here := run.state(leaving.state).region) != region and here:
        around = run.waiting_in(block_of(here))
        if around is None:
            break
        leaving = around
    leave(run, leaving, why.how)
    enter(run, target, why, afresh=afresh)


def leave(run: Run, step: OpenStep, how: str) -> None:
    """Close a step, what is inside it first, and say what its state says on leaving."""
    state = run.state(step.state)
    if state.block is not None:
        for each in regions.inside(run, state):
            leave(run, each, CUT_OFF)
        regions.drop(run, state)
    run.steps = [each for each in run.steps if each is not step and each.id != step.id]
    run.closed.append((step, how))
    for emit in state.leave:
        send(run, emit)
    if state.region:
        pausing.left(run, state)


def enter(run: Run, name: str, why: Why, *, afresh: bool = False) -> None:
    """Enter a state: open its step with owner, clock and fallback, or end its region or the case."""
    state = run.state(name)
    run.entered += 1
    if run.entered > ENTERED_MAX:
        raise DefinitionBroken("one fact leads through too many states: prove the pathway again")
    if not state.region:
        run.status = state.status
        run.milestone = state.milestone
        milestones.told(run, state, held_until=run.now + why.undo if why.undo is not None else None)
    if state.urgency is not None:
        run.raise_urgency(state.urgency)
    count(run, state, "enter")
    renew(run, state)
    step = None if state.final else _open(run, state, afresh=afresh)
    _want(run, state, step, why)
    if step is not None and state.escalate:
        levels.on_entry(run, step)
    for emit in state.enter:
        send(run, emit)
    if state.region and step is not None:
        pausing.entered(run, state)
    _go_on(run, state, step, why, afresh=afresh)


def _go_on(run: Run, state: State, step: OpenStep | None, why: Why, *, afresh: bool) -> None:
    """What follows at once from having entered: an end, regions, or an answer that is already there."""
    if step is None:
        _end(run, state, why) if state.region else _close(run, state)
    elif state.block is not None:
        _open_regions(run, step, state, why, afresh=afresh)
    elif state.waits is not None:
        edge = waiting.answered(run, state.waits)
        if edge is not None:
            follow(run, step, edge, Why(how=f"waits {state.waits.pathway}", undo=why.undo))


def _want(run: Run, state: State, step: OpenStep | None, why: Why) -> None:
    """Issue the state's effects; alerts of an escalating state leave with its levels."""
    held_until = run.now + why.undo if why.undo is not None and _may_wait(step) else None
    around = run.waiting_in(block_of(state.region)) if state.region and step is None else None
    owner = step or around
    for effect in state.effects:
        if step is None or not _levelled(run, state, effect):
            issued = effects.issue(
                run, effect, step=owner.id if owner else None, held_until=held_until
            )
            if issued is not None:
                regions.note(run, state.region, issued)


def _open_regions(run: Run, step: OpenStep, state: State, why: Why, *, afresh: bool) -> None:
    """Begin the regions of a block side by side; they are joined once all have begun."""
    block = state.block
    if block is None:
        return
    wanted = regions.wanted(run, block)
    regions.forget(run, state, block)
    if block.otherwise is not None and len(wanted) < regions.least(block.join):
        follow(run, step, block.otherwise, Why(how=f"too few for {state.name}", undo=why.undo))
        return
    run.opening.add(state.name)
    for region in wanted:
        run.regions[f"{state.name}/{region.name}"] = RegionView()
        branch = choose(run, region.start, entered_at=run.now)
        if branch is None:
            raise DefinitionBroken(f"region {region.name} has no start: load the pathway again")
        take(run, branch)
        enter(run, branch.then, why, afresh=afresh)
    run.opening.discard(state.name)
    _join(run, state, why)


def _end(run: Run, state: State, why: Why) -> None:
    """A region has ended."""
    around = run.state(block_of(state.region))
    regions.ended(run, around, state)
    run.because(f"region {state.region}", state.outcome)
    _join(run, around, why)


def _join(run: Run, state: State, why: Why) -> None:
    """Go on from a block whose regions are joined; the others are cut off."""
    step = run.waiting_in(state.name)
    if step is None or state.block is None or state.name in run.opening:
        return
    if regions.joined(run, state, state.block.join):
        follow(run, step, state.block.then, Why(how=JOINED, undo=why.undo))


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
        fallback=run.prepared.fallbacks[state.name],
        task=derive(run.fact.recorded_at, identity, "task") if state.task else None,
        task_name=state.task,
        entered_by=run.fact.id,
    )
    run.steps.append(step)
    run.opened.append(step)
    return step


def _close(run: Run, state: State) -> None:
    for step in tuple(run.steps):
        leave(run, step, "closed")
    for emit in state.leave:
        send(run, emit)
    run.outcome = state.outcome or state.name
    run.closed_at = run.now
    announce(run)


def reopened(run: Run, name: str) -> UUID | None:
    """Bring a closed case back at a state: a new interval; what happened stays written."""
    run.outcome = ""
    run.closed_at = None
    run.cancelled = False
    enter(run, name, Why(how="reopened"), afresh=True)
    return run.opened[-1].id if run.opened else None
