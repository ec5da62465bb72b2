"""Rows gathered column by column, for one set-based `insert ... select from unnest(...)` each (SEMANTICS 12, 1)."""

from collections.abc import Mapping, Sequence
from uuid import UUID


class Columns:
    """Column lists of one statement."""

    __slots__ = ("_names", "_rows", "query")

    def __init__(self, query: str, names: Sequence[str]) -> None:
        self.query = query
        self._names = tuple(names)
        self._rows: list[tuple[object, ...]] = []

    def add(self, *row: object) -> None:
        """One row, in the order of the names."""
        self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    def values(self, organisation: UUID) -> Mapping[str, object]:
        """The statement's parameters: a list for each column."""
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._names)
        found: dict[str, object] = {
            name: list(column) for name, column in zip(self._names, columns, strict=True)
        }
        found["organisation"] = organisation
        return found
