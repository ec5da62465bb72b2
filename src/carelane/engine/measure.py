"""What is told the observer after a commit: every wait that began or ended, every decision, every message. Pure.

Names and vocabularies stand in `measures.names`; `measures.coverage` checks that no state is missed. Never a value
of a payload, never free text (I13).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from carelane.cases.model import Change, Step
from carelane.facts.fact import Actor
from carelane.facts.ports import Observer


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
    if step.fact.actor is Actor.CLOCK:
        late = max(0.0, (step.now - step.fact.occurred_at).total_seconds())
        yield Mark(name="carelane_clock_late_seconds", seconds=late)
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


def told(observer: Observer, steps: Iterable[Step]) -> None:
    """Tell the observer everything about these decisions; what many of them say is told once."""
    counted: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    for step in steps:
        for mark in marks(step):
            if mark.seconds is None:
                counted[mark.name, tuple(mark.labels.items())] += 1
            else:
                observer.observe(mark.name, mark.labels, mark.seconds)
    for (name, labels), number in counted.items():
        observer.count(name, dict(labels), number)


def received(observer: Observer, messages: Iterable[tuple[str, str]]) -> None:
    """Messages that a connection took in: (connection, receipt) of each."""
    for (connection, outcome), number in Counter(messages).items():
        labels = {"connection": connection, "outcome": outcome}
        observer.count("carelane_messages_total", labels, number)


def interpreted(
    observer: Observer, connection: str, now: datetime, messages: Iterable[tuple[str, datetime]]
) -> None:
    """Messages that were understood, or not: (outcome, received at) of each."""
    for outcome, received_at in messages:
        labels = {"connection": connection, "outcome": outcome}
        observer.count("carelane_messages_total", labels)
        seconds = max(0.0, (now - received_at).total_seconds())
        observer.observe("carelane_message_seconds", labels, seconds)
