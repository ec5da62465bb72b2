"""Escalation: of several due levels the highest fires, the ones below are told that they were passed (SEMANTICS 6)."""

from datetime import datetime

from carelane.cases import clocks, effects
from carelane.cases.clocks import Bound
from carelane.cases.model import Notice, OpenStep
from carelane.cases.run import Run
from carelane.facts.replacing import replace
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Level


def on_entry(run: Run, step: OpenStep) -> None:
    """What is due at once: usually level 1; after a long past start the highest; else the owner is alerted."""
    state = run.state(step.state)
    calendar = bound(run, step).calendar
    if fire_due(run, step, until=run.now, calendar=calendar) == step:
        effects.alert(run, state, step=step.id, to=step.owner.name, by="", level=0)


def bound(run: Run, step: OpenStep) -> Bound:
    """The step's calendar as it is now."""
    spec = run.state(step.state).clock
    return clocks.WALL if spec is None else clocks.bind(spec, run.moment.late, run.case.site)


def fire_due(run: Run, step: OpenStep, *, until: datetime, calendar: Calendar) -> OpenStep:
    """Fire the highest level due and not yet fired; the step with its clock moved on."""
    state = run.state(step.state)
    due = [
        level
        for level in state.escalate
        if level.level > step.clock.level and clocks.level_at(step.clock, level, calendar) <= until
    ]
    return fire(run, step, due, calendar=calendar)


def fire(run: Run, step: OpenStep, due: list[Level], *, calendar: Calendar) -> OpenStep:
    """Fire the highest of these levels and tell the people of the lower ones."""
    if not due:
        return step
    state = run.state(step.state)
    *passed, highest = sorted(due, key=lambda level: level.level)
    for level in passed:
        tell(run, step, level, kind="passed")
    tell(run, step, highest, kind="level")
    to = recipient(run, step, highest.to)
    effects.alert(run, state, step=step.id, to=to, by=highest.by, level=highest.level)
    clock = replace(step.clock, level=highest.level)
    clock = replace(clock, next_at=clocks.next_at(clock, state.escalate, calendar))
    moved = replace(step, clock=clock)
    replaced(run, moved)
    run.because(f"level {highest.level} of {step.state}", to)
    return moved


def replaced(run: Run, moved: OpenStep) -> None:
    """Put a moved step in its place, also among those just opened."""
    run.replace_step(moved)
    run.opened = [moved if each.id == moved.id else each for each in run.opened]


def recipient(run: Run, step: OpenStep, name: str) -> str:
    """A level's recipient: `last-actor` is the person who acted last, or the step's owner."""
    if name in {"last-actor", "last_actor"}:
        return run.last_actor or step.owner.name
    return name


def tell(run: Run, step: OpenStep, level: Level, *, kind: str) -> None:
    """A notice to a level's recipient."""
    run.notices.append(
        Notice(
            case=run.case.id,
            step=step.id,
            to=recipient(run, step, level.to),
            channel=level.by,
            kind=kind,
            level=level.level,
            safety=step.clock.safety,
        )
    )
