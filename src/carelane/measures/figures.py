"""A figure: how many, median, ninetieth percentile and what share, by the parts that were asked for. Pure.

Nothing is estimated: a percentile is an element of what was counted (the nearest rank), and `n` stands beside it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from carelane.measures.workflows import title

PARTS = ("workflow", "pathway", "site", "service_line", "shift", "cohort")
_DAY, _EVENING, _NIGHT = 7, 15, 23

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line. `what` says which of the measure's things it is; values are in the measure's own unit."""

    measure: str
    by: Mapping[str, str]
    what: Mapping[str, str] = field(default_factory=dict)
    n: int
    of: int | None = None  # out of how many, where that makes sense
    total: float | None = None
    median: float | None = None
    p90: float | None = None
    sources: tuple[
        str, ...
    ] = ()  # what was counted: `fact ID`, `step ID of case ID`, ...; one for each of `n`


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest rank: the least value that at least this share does not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(1, ceil(share * len(values))) - 1]


def shift(at: datetime, zone: str) -> str:
    """Day from 07:00, evening from 15:00, night from 23:00, by the site's own clock."""
    hour = at.astimezone(ZoneInfo(zone)).hour
    if _DAY <= hour < _EVENING:
        return "day"
    return "evening" if _EVENING <= hour < _NIGHT else "night"


def cohort(opened: datetime, zone: str) -> str:
    """The month in which a case was opened, by the site's own clock."""
    return f"{opened.astimezone(ZoneInfo(zone)):%Y-%m}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """By which parts figures are told, and the zone of each site."""

    parts: tuple[str, ...]
    zones: Mapping[str, str]

    def of(self, row: Row) -> dict[str, str]:
        """The parts of one counted thing: its shift by when it happened, its cohort by when its case opened."""
        zone = self.zones.get(row["site"], "UTC")
        every = {
            "workflow": title(row["pathway"]),
            "pathway": row["pathway"],
            "site": row["site"],
            "service_line": row["service_line"],
            "shift": shift(row["at"], zone),
            "cohort": cohort(row["opened_at"], zone),
        }
        return {part: every[part] for part in self.parts}


def grouped(
    rows: Iterable[Row], key: Callable[[Row], Mapping[str, str]]
) -> dict[tuple[tuple[str, str], ...], list[Row]]:
    """Rows by their key, in the order of the keys."""
    found: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(key(row).items()), []).append(row)
    return dict(sorted(found.items()))


def figures(
    measure: str, rows: Sequence[Row], parting: Parting, *, what: tuple[str, ...] = ()
) -> tuple[Figure, ...]:
    """One figure per part and thing; `value` of a row, where there is one, gives total, median and percentile."""
    whole = {key: len(found) for key, found in grouped(rows, parting.of).items()}
    found = []
    for key, some in grouped(rows, lambda row: {**parting.of(row), **_what(row, what)}).items():
        by, things = dict(key[: len(parting.parts)]), dict(key[len(parting.parts) :])
        values = [float(row["value"]) for row in some if row.get("value") is not None]
        found.append(
            Figure(measure=measure, by=by, what=things, n=len(some), of=whole[tuple(by.items())] if what else None,
                   total=sum(values) if values else None, median=percentile(values, 0.5), p90=percentile(values, 0.9),
                   sources=tuple(sorted(str(row.get("source", "")) for row in some)))
        )  # fmt: skip
    return tuple(found)


def _what(row: Row, names: tuple[str, ...]) -> dict[str, str]:
    return {name: str(row[name]) for name in names}
