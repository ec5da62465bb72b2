"""Critical results: how old they were when somebody took them, and which stayed too long. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.measures.figures import Row, percentile

LIMIT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Ages in seconds since the source's time. Past: 30 minutes after it came, or after its time, nobody had it."""

    calls: int
    taken: int
    median_s: float | None
    p90_s: float | None
    longest_s: float | None
    came_late: int  # longer than the limit after their source's time
    past: int
    cases: tuple[str, ...] = ()


def taken(rows: Iterable[Row], to_at: datetime) -> Taken:
    """Judge every call; one that is still open at the end counts with what it has stood."""
    ages: list[float] = []
    past: dict[str, None] = {}
    calls = came_late = 0
    for row in rows:
        calls += 1
        came_late += row["arrived_at"] - row["started_at"] > LIMIT
        until = row["taken_at"] or to_at
        if row["taken_at"] is not None:
            ages.append((until - row["started_at"]).total_seconds())
        if until - max(row["arrived_at"], row["started_at"]) > LIMIT:
            past[str(row["case_id"])] = None
    return Taken(calls=calls, taken=len(ages), median_s=percentile(ages, 0.5), p90_s=percentile(ages, 0.9),
                 longest_s=percentile(ages, 1.0), came_late=came_late, past=len(past), cases=tuple(past))  # fmt: skip
