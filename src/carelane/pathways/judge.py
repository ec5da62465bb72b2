"""Evaluates guards on values. The text form is read by `grammar`; tables use this through `tables`.

A missing value makes every comparison false, also `!=`; `not` turns what is inside. Never raises:
values of another type than the literal compare false.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias, cast

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


def holds(  # noqa: PLR0911  # one answer per kind of guard
    guard: Guard, values: Known, *, now: datetime, entered_at: datetime | None = None
) -> bool:
    """Whether the guard holds. `entered_at` is when the state was entered (for `elapsed`).

    A date field counts from its beginning in UTC for `until`.
    """
    match guard:
        case All(parts):
            return all(holds(part, values, now=now, entered_at=entered_at) for part in parts)
        case Either(parts):
            return any(holds(part, values, now=now, entered_at=entered_at) for part in parts)
        case Not(part):
            return not holds(part, values, now=now, entered_at=entered_at)
        case Compare(field, op, literal):
            return _compare(values.get(field), op, literal)
        case Same(left, op, right):
            return _compare(values.get(left), op, values.get(right))
        case Within(field, members):
            value = values.get(field)
            return value is not None and value in members
        case Missing(field):
            return values.get(field) is None
        case Until(field, op, duration):
            rest = _rest(values.get(field), now)
            return rest is not None and _ordered(rest, op, duration)
        case Elapsed(op, duration):
            return entered_at is not None and _ordered(now - entered_at, op, duration)


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
        return _ordered(left, op, right)
    except TypeError:
        return False


def _ordered(left: object, op: Op, right: object) -> bool:
    one, two = cast("float", left), cast("float", right)  # any two of one ordered type
    match op:
        case Op.EQ:
            return one == two
        case Op.NE:
            return one != two
        case Op.LT:
            return one < two
        case Op.LE:
            return one <= two
        case Op.GT:
            return one > two
        case Op.GE:
            return one >= two


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
