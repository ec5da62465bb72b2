"""Rows gathered column by column, for one set-based `insert ... select from unnest(...)` each (SEMANTICS 12, 1)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from uuid import UUID

from carelane.store.binary import packed
from carelane.store.database import Tx
from carelane.store.queries import sql

_CAST = re.compile(r"%\((\w+)\)b::(\w+)\[\]")


class Columns:
    """Column lists of one statement."""

    __slots__ = ("_names", "_rows", "query")

    def __init__(self, query: str, names: Sequence[str]) -> None:
        self.query = query
        self._names = tuple(names)
        self._rows: list[Sequence[object]] = []

    def add(self, *row: object) -> None:
        """One row, in the order of the names."""
        self._rows.append(row)

    def extend(self, rows: Iterable[Sequence[object]]) -> None:
        """Many rows."""
        self._rows.extend(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, tx: Tx, organisation: UUID) -> None:
        """Have the rows, if there are any, written with what the transaction asks next, or with its commit."""
        if self._rows:
            tx.put(self.query, **self.values(organisation))

    def values(self, organisation: UUID) -> Mapping[str, object]:
        """The statement's parameters: an array for each column that it names, of the type that it casts it to."""
        columns = zip(*self._rows, strict=True) if self._rows else (() for _ in self._names)
        types = _types(self.query)
        found: dict[str, object] = {
            name: packed(types[name], column)
            for name, column in zip(self._names, columns, strict=True)
            if name in types
        }
        found["organisation"] = organisation
        return found


@cache
def _types(query: str) -> Mapping[str, str]:
    return dict(_CAST.findall(sql(query)))
