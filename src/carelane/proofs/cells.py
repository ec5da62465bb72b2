"""What a cell is: one representative of values that nothing in a pathway tells apart. `cutting` finds them.

`missing` is the first cell of every coordinate but `elapsed`. A box is a number with a bit for each cell that may be.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from carelane.pathways.definition import Input, InputType
from carelane.pathways.guard import Value

EPOCH = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
ELAPSED = "elapsed"


@dataclass(frozen=True, slots=True)
class Ahead:
    """A moment so long after now (before, if negative): such fields are cut by what is left until then."""

    rest: timedelta


Cell: TypeAlias = Value | Ahead | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """One thing that can differ: its cells by representative, and where its bits are.

    `mask` is all its bits, `missing` that of the cell `missing` (0 if it can't be), `given` those of every cell that
    a value has. `like_missing` is a value that nothing tells from `missing`: they share the first cell.
    """

    name: str
    cells: tuple[Cell, ...]
    offset: int
    mask: int
    missing: int
    given: int
    given_by: Input | None = None  # none: a counter, or `elapsed`
    like_missing: Value | None = None
    rises: bool = False  # raise-only: never lower than before
    falls: bool = False  # what is left until a moment: it falls as time goes by

    def bits(self, chosen: Iterable[int]) -> int:
        """The bits of these cells by number."""
        return sum(1 << (self.offset + number) for number in chosen)

    def holding(self, value: Value | None) -> int:
        """The bit of the cell that a value is in; every cell that a value has, where it can't be told."""
        if value is None or (self.like_missing is not None and value == self.like_missing):
            return self.missing
        return self.bits([self.cells.index(value)]) if value in self.cells else self.given

    def number(self, bits: int) -> int:
        """The number of the lowest of its cells in a box."""
        own = (bits & self.mask) >> self.offset
        return (own & -own).bit_length() - 1

    def cell(self, bits: int) -> Cell:
        """The representative of the lowest of its cells in a box."""
        return self.cells[self.number(bits)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """All coordinates of a pathway. `full` is every cell of all of them, `nothing` the box before any fact."""

    coordinates: Mapping[str, Coordinate]
    full: int
    nothing: int
    falling: tuple[Coordinate, ...] = field(default=())

    def masks(self, bits: int) -> tuple[int, ...]:
        """The masks of the coordinates that a box constrains."""
        outside = self.full & ~bits
        return tuple(one.mask for one in self.coordinates.values() if outside & one.mask)


def value_of(cell: Cell, given: Input | None, now: datetime) -> Value | None:
    """A representative as the value it is at this time."""
    if not isinstance(cell, Ahead):
        return cell
    at = now + cell.rest
    if given is not None and given.type is InputType.DATE:
        return (at + timedelta(hours=12)).date()
    return at


def closed_name(pathway: str) -> str:
    """The value that says how another pathway's case ended, while nobody waits for it yet."""
    return f"closed.{pathway}"
