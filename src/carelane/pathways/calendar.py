"""Business calendars: opening hours, holidays as dates, a zone; both edges of daylight saving.

`due(kind, start, budget, calendar)` answers in UTC. What publishes calendars is `directory`.
"""

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A site's calendar. `hours` has seven entries (Monday first), each the open stretches in local time."""

    zone: str
    hours: tuple[tuple[tuple[time, time], ...], ...]
    holidays: frozenset[date] = frozenset()
