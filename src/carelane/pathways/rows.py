"""Rows of a decision table compared as rows: which went, which came, in the order of the table. Pure."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from carelane.pathways.definition import Row
from carelane.pathways.wording import value_text, wording

RowChange = tuple[str, int, str, str]


def row_changes(before: object, after: object) -> tuple[RowChange, ...]:
    """`(sign, row number, when, then)`: `-` for a row that went, `+` for one that came."""
    old, new = list(_rows(before)), list(_rows(after))
    matcher = SequenceMatcher(
        a=[row[1:] for row in old], b=[row[1:] for row in new], autojunk=False
    )
    found: list[RowChange] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            found.extend(("-", *row) for row in old[a:b])
            found.extend(("+", *row) for row in new[c:d])
    return tuple(found)


def _rows(rows: object) -> Iterator[tuple[int, str, str]]:
    for row in rows if isinstance(rows, tuple) else ():
        if isinstance(row, Row):
            yield row.number, wording(row.when), then_text(row)


def then_text(row: Row) -> str:
    """What a row answers: `urgent`, or `pool = desk, stage = new` where there are several."""
    if len(row.then) == 1:
        return value_text(next(iter(row.then.values())))
    return ", ".join(f"{name} = {value_text(value)}" for name, value in row.then.items())
