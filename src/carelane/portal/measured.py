"""Figures as tables for people and as CSV: words for codes and times, and how each measure is counted. Pure."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from carelane.measures.definitions import MEANINGS, Meaning
from carelane.measures.figures import Figure

ROWS_MAX = 100
_HEADINGS = {"service_line": "Service line", "what": "What", "n": "Count"}
_COLUMNS = ("measure", "unit", "by", "what", "n", "of", "total", "median", "p90")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One measure: what it is, its columns, the first rows, and how many more there are in the CSV."""

    name: str
    meaning: Meaning
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


def tables(figures: Sequence[Figure], *, only: str = "") -> tuple[Table, ...]:
    """Every measure, or one of them, in the order of their definitions; one without a figure has no row."""
    return tuple(
        _table(name, meaning, [each for each in figures if each.measure == name])
        for name, meaning in MEANINGS.items()
        if only in {"", name}
    )


def _table(name: str, meaning: Meaning, figures: Sequence[Figure]) -> Table:
    first = figures[0] if figures else None
    parts = [*first.by, *first.what] if first else []
    of = any(each.of is not None for each in figures)
    valued = any(each.median is not None for each in figures)
    heads = [*map(_heading, parts), "Count"]
    heads += ["Out of"] * of + ["Half within", "Nine in ten within"] * valued
    rows = [_row(each, meaning.unit, of=of, valued=valued) for each in figures[:ROWS_MAX]]
    return Table(name=name, meaning=meaning, heads=tuple(heads), rows=tuple(rows),
                 more=max(0, len(figures) - ROWS_MAX))  # fmt: skip


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " ").capitalize())


def _row(figure: Figure, unit: str, *, of: bool, valued: bool) -> tuple[str, ...]:
    parts = [_said(name, value) for name, value in {**figure.by, **figure.what}.items()]
    counts = [str(figure.n), *([str(figure.of) if figure.of is not None else "-"] * of)]
    values = [plain(each, unit) for each in (figure.median, figure.p90)] if valued else []
    return (*parts, *counts, *values)


def _said(name: str, value: str) -> str:
    if name == "release":
        return value[:12]
    return value or "not said"


def plain(value: float | None, unit: str) -> str:
    """A value in words: `45 s`, `12 min`, `3 h 05 min`, `2 d 4 h`; other units as they are."""
    if value is None:
        return "-"
    if unit == "h":
        value, unit = value * _HOUR, "s"
    if unit != "s":
        return f"{value:.10g} {unit}".rstrip()
    if value < _MINUTE:
        return f"{value:.0f} s"
    if value < _HOUR:
        return f"{value / _MINUTE:.0f} min"
    if value < _DAY:
        return f"{value // _HOUR:.0f} h {value % _HOUR // _MINUTE:02.0f} min"
    return f"{value // _DAY:.0f} d {value % _DAY // _HOUR:.0f} h"


def as_csv(figures: Sequence[Figure], *, only: str = "") -> str:
    """Every figure in a line, whole numbers and units as they are counted; a spreadsheet reads none as a formula."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for each in figures:
        if only in {"", each.measure}:
            writer.writerow([_safe(cell) for cell in _line(each)])
    return out.getvalue()


def _line(figure: Figure) -> tuple[object, ...]:
    unit = MEANINGS[figure.measure].unit
    numbers = (figure.n, figure.of, figure.total, figure.median, figure.p90)
    return (figure.measure, unit, _pairs(figure.by), _pairs(figure.what), *numbers)


def _pairs(parts: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in parts.items())


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
