"""Evaluates guards on values. The text form is read by `grammar`; tables use this through `tables`.

A missing value makes every comparison false, also `!=`; `not` turns what is inside. Never raises:
values of another type than the literal compare false.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Op,
    Same,
    Until,
    Value,
    Within,
)
from carelane.pathways.wording import wording

Known: TypeAlias = Mapping[str, Value | None]

_ORDERS: Mapping[Op, Callable[[Value | timedelta, Value | timedelta], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}


def holds(  # noqa: PLR0911  # one answer per kind of guard
    guard: Guard, values: Known, *, now: datetime, entered_at: datetime | None = None
) -> bool:
    """Whether the guard holds. `entered_at` is when the state was entered (for `elapsed`).

    A date field counts from its beginning in UTC for `until`. Asked of every edge for every fact: plain questions, the
    usual ones first, because a pattern or a generator costs more than the answer.
    """
    if isinstance(guard, All):
        for part in guard.parts:  # noqa: SIM110  # see above
            if not holds(part, values, now=now, entered_at=entered_at):
                return False
        return True
    if isinstance(guard, Compare):
        return _compare(values.get(guard.field), guard.op, guard.literal)
    if isinstance(guard, Within):
        value = values.get(guard.field)
        return value is not None and value in guard.members
    if isinstance(guard, Missing):
        return values.get(guard.field) is None
    if isinstance(guard, Not):
        return not holds(guard.part, values, now=now, entered_at=entered_at)
    return _holds_seldom(guard, values, now, entered_at)


def _holds_seldom(
    guard: Either | Same | Until | Elapsed,
    values: Known,
    now: datetime,
    entered_at: datetime | None,
) -> bool:
    match guard:
        case Either(parts):
            return any(holds(part, values, now=now, entered_at=entered_at) for part in parts)
        case Same(left, op, right):
            return _compare(values.get(left), op, values.get(right))
        case Until(field, op, duration):
            rest = _rest(values.get(field), now)
            return rest is not None and _ORDERS[op](rest, duration)
        case Elapsed(op, duration):
            return entered_at is not None and _ORDERS[op](now - entered_at, duration)


def explain(
    guard: Guard, values: Known, *, now: datetime, entered_at: datetime | None = None
) -> tuple[str, ...]:
    """The conditions that missed, and what was there: `flag in {AA, HH} (was N)`; empty if none."""
    if holds(guard, values, now=now, entered_at=entered_at):
        return ()
    if isinstance(guard, All | Either):
        return tuple(
            missed
            for part in guard.parts
            for missed in explain(part, values, now=now, entered_at=entered_at)
        )
    return (f"{wording(guard)}{_was(guard, values)}",)


def fields_of(guard: Guard) -> frozenset[str]:
    """The names a guard reads."""
    match guard:
        case All(parts) | Either(parts):
            return frozenset[str]().union(*(fields_of(part) for part in parts))
        case Not(part):
            return fields_of(part)
        case Same(left, _, right):
            return frozenset({left, right})
        case Elapsed():
            return frozenset()
        case Compare(field) | Within(field) | Missing(field) | Until(field):
            return frozenset({field})


def reads_elapsed(guard: Guard) -> bool:
    """Whether it asks how long a state has been entered."""
    match guard:
        case All(parts) | Either(parts):
            return any(reads_elapsed(part) for part in parts)
        case Not(part):
            return reads_elapsed(part)
        case _:
            return isinstance(guard, Elapsed)


def reads_time(guard: Guard) -> bool:
    """Whether the answer changes with the time alone (`until`, `elapsed`)."""
    match guard:
        case All(parts) | Either(parts):
            return any(reads_time(part) for part in parts)
        case Not(part):
            return reads_time(part)
        case _:
            return isinstance(guard, Until | Elapsed)


def _compare(left: Value | None, op: Op, right: Value | None) -> bool:
    if left is None or right is None:
        return False
    try:
        return _ORDERS[op](left, right)
    except TypeError:  # of two types
        return False


def _rest(value: Value | None, now: datetime) -> timedelta | None:
    if isinstance(value, datetime):
        return value - now
    if isinstance(value, date):
        return datetime.combine(value, time(0), tzinfo=UTC) - now
    return None


def _was(guard: Guard, values: Known) -> str:
    was = [values.get(name) for name in sorted(fields_of(guard))]
    shown = ["missing" if value is None else str(value) for value in was]
    return f" (was {', '.join(shown)})" if shown else ""
