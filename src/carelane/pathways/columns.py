"""Decision tables as look-ups: for each column, which rows its value leaves possible, as one whole number.

A row is one or more lines, each a condition per column; a value's answer in a column is the number whose bits are the
lines it does not rule out, worked out by `judge.holds` when the value is first seen. A table then answers by `&` over
its columns. Rows that compare fields, or read time, can't be cut into columns: such tables are read row by row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from carelane.pathways.definition import Row
from carelane.pathways.guard import All, Either, Guard, Not, Value
from carelane.pathways.judge import Known, fields_of, holds, reads_time

LINES_MAX = 2_000
VALUES_KEPT_MAX = 4_096
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
Line = Mapping[str, tuple[Guard, ...]]


@dataclass(slots=True)
class Column:
    """One field: the conditions of each line on it, and the answers of the values seen so far."""

    name: str
    conditions: tuple[tuple[Guard, ...], ...]
    seen: dict[Value | None, int] = field(default_factory=dict)

    def look(self, value: Value | None) -> int:
        """The lines that this value leaves possible; kept for the next time."""
        known = {self.name: value}
        left = 0
        for number, conditions in enumerate(self.conditions):
            if all(holds(one, known, now=_ANY_TIME) for one in conditions):
                left |= 1 << number
        if len(self.seen) >= VALUES_KEPT_MAX:
            self.seen.clear()
        self.seen[value] = left
        return left


@dataclass(frozen=True, slots=True)
class Columns:
    """A table's columns; `looked` is what is known of each by name, `rows` the rows of the lines, `every` all lines."""

    columns: tuple[Column, ...]
    looked: tuple[tuple[str, dict[Value | None, int]], ...]
    rows: tuple[int, ...]
    every: int

    def lines(self, values: Known) -> int:
        """The lines that hold for these values."""
        left = self.every
        for column in self.columns:
            value = values.get(column.name)
            found = column.seen.get(value)
            left &= column.look(value) if found is None else found
        return left


def columns_of(rows: Sequence[Row]) -> Columns | None:
    """The rows cut into columns, or None where they can't be."""
    lines: list[tuple[int, Line]] = []
    for place, row in enumerate(rows):
        for line in _lines(row.when, negated=False):
            if line is None or len(lines) >= LINES_MAX:
                return None
            lines.append((place, line))
    names = sorted({name for _, line in lines for name in line})
    columns = tuple(Column(name, tuple(line.get(name, ()) for _, line in lines)) for name in names)
    return Columns(
        columns=columns,
        looked=tuple((one.name, one.seen) for one in columns),
        rows=tuple(place for place, _ in lines),
        every=(1 << len(lines)) - 1,
    )


def _lines(guard: Guard, *, negated: bool) -> Iterator[Line | None]:
    """The guard as alternatives, each a condition per field; None where that can't be said."""
    names = fields_of(guard)
    if len(names) == 1 and not reads_time(guard):
        yield {next(iter(names)): (Not(guard) if negated else guard,)}
    elif isinstance(guard, Not):
        yield from _lines(guard.part, negated=not negated)
    elif isinstance(guard, All | Either) and isinstance(guard, Either) is not negated:
        for part in guard.parts:
            yield from _lines(part, negated=negated)
    elif isinstance(guard, All | Either):
        yield from _together(guard.parts, negated=negated)
    else:
        yield None


def _together(parts: Sequence[Guard], *, negated: bool) -> Iterator[Line | None]:
    """Every choice of one alternative for each part."""
    joined: list[Line] = [{}]
    for part in parts:
        alternatives = list(_lines(part, negated=negated))
        more = [_both(one, other) for one in joined for other in alternatives if other is not None]
        if None in alternatives or len(more) > LINES_MAX:
            yield None
            return
        joined = more
    yield from joined


def _both(one: Line, other: Line) -> Line:
    return {name: (*one.get(name, ()), *other.get(name, ())) for name in {**one, **other}}
