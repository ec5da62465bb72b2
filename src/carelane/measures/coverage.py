"""Every wait gives a measurement: the check that no state of a pathway is missed. Pure.

`engine.measure` makes the measurements; a test drives a run through every state.
"""

from collections.abc import Iterable

from carelane.engine.measure import Mark, marks, told
from carelane.pathways.definition import Definition

__all__ = ["Mark", "marks", "observe", "seen_once", "unmeasured"]

observe = told


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
