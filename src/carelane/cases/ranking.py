"""The first n of several cases: which may be chosen (`where`), and in which declared order (SEMANTICS 2). Pure."""

from collections.abc import Sequence
from datetime import date, datetime

from carelane.cases.correlate import choose
from carelane.cases.model import Case
from carelane.cases.moment import Moment, pinned
from carelane.cases.regions import outermost
from carelane.pathways import inputs
from carelane.pathways.definition import Definition, Event, Input, Order, Several
from carelane.pathways.guard import ALWAYS, Value
from carelane.pathways.judge import holds

_FIRST = (0, 0.0)  # what is missing: nobody is passed over for never having been asked


def chosen(moment: Moment, event: Event, cases: Sequence[Case]) -> tuple[Case, ...] | None:
    """The cases that the event is applied to; None when a person must say which."""
    if event.several is not Several.FIRST or (event.where == ALWAYS and not event.order):
        return choose(event, moment.fact, cases)
    seen = [(case, _seen(moment, case)) for case in cases if case.duplicate_of is None]
    fit = [(case, values) for case, values in seen if holds(event.where, values, now=moment.now)]
    ranked = sorted(fit, key=lambda each: _key(moment, event, *each))
    return tuple(case for case, _ in ranked[: max(event.first, 1)])


def _seen(moment: Moment, case: Case) -> dict[str, Value | None]:
    """What `where` reads: the case's values with what the fact says, and where the case stands."""
    definition = pinned(moment, case).definition
    fresh = inputs.read(definition.inputs, moment.fact.payload.reveal())
    values = inputs.carry(definition.inputs, {**case.values, **case.counters}, fresh)
    step = outermost(definition, case.steps)
    return {**values, "state": step.state.partition("/")[0] if step is not None else None}


def _key(
    moment: Moment, event: Event, case: Case, values: dict[str, Value | None]
) -> tuple[object, ...]:
    definition = pinned(moment, case).definition
    ranks = tuple(_rank(definition, each, case, values) for each in event.order)
    return (*ranks, case.opened_at, case.id)


def _rank(
    definition: Definition, order: Order, case: Case, values: dict[str, Value | None]
) -> tuple[int, float]:
    place = _place(definition, order.field, case, values)
    if place is None:
        return _FIRST
    return (1, -place if order.descending else place)


def _place(
    definition: Definition, name: str, case: Case, values: dict[str, Value | None]
) -> float | None:
    step = outermost(definition, case.steps)
    match name:
        case "urgency":
            return float(case.urgency)
        case "opened":
            return case.opened_at.timestamp()
        case "entered":
            return step.opened_at.timestamp() if step is not None else None
        case _:
            given = definition.inputs.get(name) or definition.variables.get(name)
            return _number(given, values.get(name))


def _number(given: Input | None, value: Value | None) -> float | None:
    match value:
        case str():
            return float(given.codes.index(value)) if given and value in given.codes else None
        case datetime():
            return value.timestamp()
        case date():
            return float(value.toordinal())
        case _:
            return None if value is None else float(value)
