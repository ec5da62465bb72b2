"""A running case goes from one release to another, or back: by a mapping that says it for each state and clock.

The wait stays the same wait (its id, and what is on its way for it); its state, clock, owner and task are the new
release's. `proofs.mapping` shows beforehand that a mapping is total; `releases.moving` sends the facts. A move that
can't be done changes nothing: the case keeps its release, owner and clock, and the reason says why.

Payload `migration`: `to` (the release), `states` (old state -> `{to, clock}`); `refers.case` says which case.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from carelane.cases import clocks, levels
from carelane.cases.attempt import Tried, spared
from carelane.cases.clocks import Bound
from carelane.cases.model import Case, Clock, EffectState, Moved, OpenStep
from carelane.cases.moment import Moment, ReleaseMissing
from carelane.cases.owners import owner_of
from carelane.cases.prepared import Prepared, prepare
from carelane.cases.reading import accept, read
from carelane.cases.run import Run
from carelane.cases.words import (
    ACTED_ON,
    CASE_OVER,
    CASE_STANDS,
    EFFECT_OUTSTANDING,
    MOVED_ALREADY,
    MOVED_FROM,
    NOT_MAPPED,
)
from carelane.facts.fact import Json
from carelane.facts.ids import derive
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition, State

PERSON = "person"
_SETTLED = frozenset({EffectState.DONE, EffectState.WITHDRAWN, EffectState.DEAD})


class ClockRule(StrEnum):
    """What a clock does when its case moves."""

    KEEP = "keep"  # it goes on as it is: same start, same pauses, same due time
    CONVERT = "convert"  # what has passed counts against the new budget, in the new kind of time
    RESTART = "restart"  # it starts anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a state's cases go: a state of the new release, or `person`; and what their clock does."""

    to: str
    clock: ClockRule = ClockRule.KEEP


def migrate(moment: Moment, case: Case) -> Tried:
    """Move the case to another release, whole or not at all."""
    told = moment.fact.payload.reveal().get("migration")
    order = told if isinstance(told, Mapping) else {}
    targets = targets_of(order.get("states"))
    wanted = str(order.get("to") or "")
    refused = _refused(case, wanted, targets)
    if refused:
        return Tried(ignored=refused)
    new = moment.definitions.pinned.get(wanted)
    if new is not None and _left_alone(case, new):
        return Tried(ignored=EFFECT_OUTSTANDING)
    return spared(lambda: _moved(moment, case, prepare(_release(moment, wanted)), targets))


def restore(moment: Moment, case: Case) -> Tried:
    """Take a move back: the release, states and deadlines from before it, if nobody has acted on them since."""
    before = case.moved
    if before is None or not case.steps:
        return Tried(ignored=ACTED_ON)
    if case.parked_by is not None:
        return Tried(ignored=CASE_STANDS)
    return spared(
        lambda: _restored(moment, case, prepare(_release(moment, before.release)), before)
    )


def targets_of(given: Json) -> Mapping[str, Target]:
    """A mapping's states, out of a payload."""
    states = given if isinstance(given, Mapping) else {}
    return {
        name: Target(to=str(each.get("to")), clock=ClockRule(str(each.get("clock"))))
        for name, each in states.items()
        if isinstance(each, Mapping)
    }


def _refused(case: Case, wanted: str, targets: Mapping[str, Target]) -> str:
    if not case.steps:
        return CASE_OVER
    if case.release == wanted:
        return MOVED_ALREADY
    if case.parked_by is not None:
        return CASE_STANDS
    mapped = all(step.state in targets and targets[step.state].to != PERSON for step in case.steps)
    return "" if mapped else NOT_MAPPED


def _release(moment: Moment, digest: str) -> Definition:
    found = moment.definitions.pinned.get(digest)
    if found is None:
        raise ReleaseMissing("the release to move to is not among the definitions given")
    return found


def _left_alone(case: Case, new: Definition) -> bool:
    """Whether an effect is on its way that the new release would not know what to do with."""
    pending = (each for each in case.effects if each.state not in _SETTLED)
    return any(
        each.name not in new.effects for each in pending if not each.name.startswith("notice-")
    )


def _run(moment: Moment, case: Case, into: Prepared) -> Run:
    definition = into.definition
    run = Run(
        moment,
        into,
        replace(case, release=definition.digest, version=definition.version),
        new=False,
    )
    run.before = case
    return run


def _moved(moment: Moment, case: Case, new: Prepared, targets: Mapping[str, Target]) -> Run:
    run = _run(moment, case, new)
    known = {**moment.view.counters, **case.counters}
    # The new release's tables answer from what is known; its rules may raise the urgency, as ever.
    accept(run, read(new, {}, before=case.values, counters=known, now=run.now, entered_at=run.now))
    old = moment.definitions.pinned.get(case.release)
    run.because(MOVED_FROM, case.release)
    for step in case.steps:
        target = targets[step.state]
        _put(run, step, _step(run, step, target, old), how=f"moved to {target.to}")
        run.because(f"moved {step.state}", f"{target.to}, clock {target.clock}")
    if case.regions and old is not None:
        _rename_regions(run, regions_of(old, new.definition, targets))
    run.moved = Moved(
        release=case.release, version=case.version, revision=case.revision + 1, steps=case.steps,
        after=tuple(run.steps), status=case.status, milestone=case.milestone, urgency=case.urgency,
        values=case.values,
        regions=case.regions,
    )  # fmt: skip
    return run


def _step(run: Run, step: OpenStep, target: Target, old: Definition | None) -> OpenStep:
    state = run.state(target.to)
    run.status, run.milestone = state.status, state.milestone
    if state.urgency is not None:
        run.raise_urgency(state.urgency)
    stays = old is not None and _same_owner(old.states.get(step.state), state)
    return replace(
        step,
        state=state.name,
        owner=step.owner if stays else owner_of(run, state),
        clock=_clock(run, step, state, target.clock),
        fallback=run.prepared.fallbacks[state.name],
        task=step.task if step.task_name == state.task else _task(run, step, state),
        task_name=state.task,
    )


def regions_of(old: Definition, new: Definition, targets: Mapping[str, Target]) -> dict[str, str]:
    """Which region of the new release each region of the old one is, by where its states go."""
    found: dict[str, str] = {}
    for name, target in targets.items():
        before, after = old.states.get(name), new.states.get(target.to)
        if before is not None and after is not None and before.region:
            found[before.region] = after.region
    return found


def _rename_regions(run: Run, names: Mapping[str, str]) -> None:
    """Open regions, and how those that ended did, under the new release's names."""
    run.regions = {names.get(region, region): view for region, view in run.regions.items()}
    for region, there in names.items():
        outcome = run.values.get(region.replace("/", "."))
        if outcome is not None:
            run.values[there.replace("/", ".")] = outcome


def _same_owner(before: State | None, after: State) -> bool:
    """Whoever has it keeps it where both releases give it to the same owner: also one it was handed to."""
    return before is not None and before.owner == after.owner


def _clock(run: Run, step: OpenStep, state: State, rule: ClockRule) -> Clock:
    spec = state.clock
    if spec is None:
        raise ReleaseMissing(f"state {state.name} of the new release waits without a clock")
    bound: Bound = levels.bound(run, replace(step, state=state.name))
    if rule is ClockRule.RESTART:
        fresh = clocks.start(
            spec, state.escalate, run.values, now=run.now, bound=bound, afresh=True
        )
        return replace(fresh, generation=step.clock.generation + 1)
    if rule is ClockRule.CONVERT:
        return clocks.convert(
            step.clock, spec, state.escalate, run.values, now=run.now, bound=bound
        )
    return clocks.kept(step.clock, state.escalate, bound=bound)


def _task(run: Run, step: OpenStep, state: State) -> UUID | None:
    return derive(run.fact.recorded_at, step.id, run.fact.id, "task") if state.task else None


def _put(run: Run, before: OpenStep, after: OpenStep, *, how: str) -> None:
    """The same wait with other contents. A task of another kind is another task."""
    run.replace_step(after)
    if before.task != after.task:
        run.retasked.append((before, after, how))


def _restored(moment: Moment, case: Case, old: Prepared, before: Moved) -> Run:
    run = _run(moment, case, old)
    untouched = case.revision == before.revision
    run.status, run.milestone = before.status, before.milestone
    if (
        untouched
    ):  # nothing at all came in between: also what the other release's rules made of it is undone
        run.urgency, run.values = before.urgency, dict(before.values)
    else:
        known = {**moment.view.counters, **case.counters}
        accept(
            run, read(old, {}, before=case.values, counters=known, now=run.now, entered_at=run.now)
        )
    run.regions = dict(before.regions)
    run.because(MOVED_FROM, case.release)
    now = {step.id: step for step in case.steps}
    for step in before.steps:
        back = (
            step
            if now[step.id].task == step.task
            else replace(step, task=_task(run, step, run.state(step.state)))
        )
        _put(run, now[step.id], back, how="moved back")
        run.because(f"moved back {now[step.id].state}", step.state)
    run.moved = None
    return run
