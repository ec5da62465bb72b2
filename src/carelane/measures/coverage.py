"""Every wait gives a measurement: what each decision tells the observer, and the check that no state is missed. Pure.

`engine` (or whoever commits) calls `marks` with each decided step; a test drives a run through every state.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from carelane.cases.model import Change, Step
from carelane.facts.ports import Observer
from carelane.pathways.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One measurement: a counter, or a duration when `seconds` is set."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None


def marks(step: Step) -> Iterator[Mark]:
    """The measurements of one decision: the fact, every wait that began, every wait that ended."""
    actor = step.fact.actor.value
    yield Mark(
        name="carelane_facts_decided_total",
        labels={"disposition": step.disposition.value, "actor": actor},
    )
    for change in step.changes:
        yield from _waits(step, change, actor)


def _waits(step: Step, change: Change, actor: str) -> Iterator[Mark]:
    pathway = change.after.pathway
    for opened in change.opened:
        labels = {"state": f"{pathway}/{opened.state}", "actor": actor}
        yield Mark(name="carelane_steps_started_total", labels=labels)
    for closed, how in change.closed:
        state, end = f"{pathway}/{closed.state}", _end(step, how)
        yield Mark(
            name="carelane_steps_ended_total",
            labels={"state": state, "actor": actor, "outcome": end},
        )
        seconds = (step.now - closed.opened_at).total_seconds()
        yield Mark(
            name="carelane_step_seconds", labels={"state": state, "outcome": end}, seconds=seconds
        )


def _end(step: Step, how: str) -> str:
    """The way out as one of seven words: the pathway's own words would be labels without bound."""
    if how in ("expired", "undone", "overridden"):
        return how
    if how.startswith("effect"):
        return "effect"
    if any(change.after.cancelled for change in step.changes):
        return "cancelled"
    return "outcome" if step.fact.type == "task.completed" else "event"


def observe(observer: Observer, steps: Iterable[Step]) -> None:
    """Tell the observer everything about these decisions."""
    for step in steps:
        for mark in marks(step):
            if mark.seconds is None:
                observer.count(mark.name, mark.labels)
            else:
                observer.observe(mark.name, mark.labels, mark.seconds)


def unmeasured(definition: Definition, seen: Iterable[Mark]) -> tuple[str, ...]:
    """The waiting states of a pathway whose beginning or end none of these measurements tells."""
    begun = {mark.labels["state"] for mark in seen_once(seen, "carelane_steps_started_total")}
    return tuple(
        name
        for name, state in definition.states.items()
        if not state.final and f"{definition.name}/{name}" not in begun
    )


def seen_once(seen: Iterable[Mark], name: str) -> list[Mark]:
    """The measurements of one metric."""
    return [mark for mark in seen if mark.name == name]
