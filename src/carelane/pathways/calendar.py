"""Business calendars: opening hours, holidays as dates, a zone; both edges of daylight saving.

`due_at(kind, start, budget, calendar)` answers in UTC. What publishes calendars is `directory`;
what runs clocks is `cases`. Rules of time are in SEMANTICS 6: instants are UTC, local time is only
used to see which stretches of the line are open.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from carelane.facts.problem import Fault, Problem
from carelane.pathways.days import (
    DAY,
    DAYS_MAX,
    Calendar,
    beginning_of,
    counts,
    days_of,
    end_of_day,
    is_business_day,
)
from carelane.pathways.definition import ClockKind
from carelane.pathways.zones import zone_known

_NOTHING = timedelta(0)
_WEEK = 7
_WALL, _BUSINESS = ClockKind.WALL, ClockKind.BUSINESS  # looking a member up is slow

__all__ = [
    "Calendar",
    "check",
    "count_back",
    "due_at",
    "elapsed",
    "end_of_day",
    "is_business_day",
]


def check(calendar: Calendar) -> tuple[Problem, ...]:
    """What is wrong: the zone, the seven days, stretches that overlap or run backwards."""
    problems: list[Problem] = []
    if not zone_known(calendar.zone):
        problems.append(
            _wrong(
                "zone", "the time zone is not in the IANA list", "Name it like America/New_York."
            )
        )
    if len(calendar.hours) != _WEEK:
        problems.append(
            _wrong("hours", "a week has seven entries", "Give seven, Monday first; [] is closed.")
        )
    for number, stretches in enumerate(calendar.hours):
        problems.extend(_check_day(number, stretches))
    if not any(calendar.hours):
        problems.append(
            _wrong("hours", "the site is never open", "Give at least one open stretch.")
        )
    return tuple(problems)


def due_at(kind: ClockKind, start: datetime, budget: timedelta, calendar: Calendar) -> datetime:
    """When `budget` of this kind of time, counted from `start`, is used up; in UTC.

    `wall` adds seconds on the UTC line. `business` counts open time only. The day kinds count whole
    dates after the local date of `start` and are due in the last second of the last one: so a rule
    of "2 business days" started on Friday evening is due on Tuesday at 23:59:59 local time.
    """
    begin = start if start.tzinfo is UTC else start.astimezone(UTC)
    if kind is _WALL:
        return begin + budget
    if kind is _BUSINESS:
        return _business_due(begin, budget, calendar)
    days = days_of(calendar)
    return days.counted(kind, days.local_date(begin), budget.days)


def elapsed(kind: ClockKind, begin: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of this kind of time lies in [begin, end]; never negative.

    The day kinds count the dates that ended: `elapsed(kind, start, due_at(kind, start, b)) == b`.
    """
    first, last = begin.astimezone(UTC), end.astimezone(UTC)
    if last <= first:
        return _NOTHING
    if kind is _WALL:
        return last - first
    if kind is _BUSINESS:
        return _business_elapsed(first, last, calendar)
    return timedelta(days=_days_ended(kind, first, last, calendar))


def count_back(  # noqa: PLR0913  # all are named; bundling them would only move the list
    target: date | datetime,
    *,
    by: timedelta,
    if_past: timedelta,
    now: datetime,
    kind: ClockKind,
    calendar: Calendar,
) -> datetime:
    """The instant `by` before `target`; if that is not after `now`, `now + if_past`. In UTC.

    From a date, the day kinds go back by dates and end with the day they reach; `wall` and
    `business` count from the beginning of the date. A business count goes back through open time.
    """
    due = _before(target, by, kind, calendar)
    return due if due > now else now.astimezone(UTC) + if_past


def _wrong(place: str, message: str, remedy: str) -> Problem:
    return Problem(
        code="calendar.wrong", place=place, message=message, remedy=remedy, fault=Fault.SITE
    )


def _check_day(number: int, stretches: tuple[tuple[time, time], ...]) -> Iterator[Problem]:
    before = timedelta(-1)
    for opens, closes in stretches:
        begin, end = _minutes(opens), _minutes(closes) or DAY
        if begin >= end or begin < before:
            yield _wrong(
                f"hours[{number}]",
                "open stretches overlap or run backwards",
                "Sort them; each must end after it opens.",
            )
        before = end


def _minutes(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _business_due(begin: datetime, budget: timedelta, calendar: Calendar) -> datetime:
    if budget <= _NOTHING or not any(calendar.hours):
        return begin + budget  # nobody is ever open: wall time is sooner than never
    left = budget
    days = days_of(calendar)
    first = days.local_date(begin)
    for offset in range(DAYS_MAX):
        for opens, closes in days.open(first + offset * DAY):
            free = closes - max(opens, begin)
            if left <= free:
                return max(opens, begin) + left
            left -= max(free, _NOTHING)
    return begin + budget


def _business_elapsed(first: datetime, last: datetime, calendar: Calendar) -> timedelta:
    if not any(calendar.hours):
        return last - first
    total, days = _NOTHING, days_of(calendar)
    day, end = days.local_date(first), days.local_date(last)
    while day <= end:
        for opens, closes in days.open(day):
            total += max(min(closes, last) - max(opens, first), _NOTHING)
        day += DAY
    return total


def _days_ended(kind: ClockKind, first: datetime, last: datetime, calendar: Calendar) -> int:
    days = days_of(calendar)
    day, end = days.local_date(first), days.local_date(last)
    count = 0
    while day < end:
        day += DAY
        if counts(kind, day, calendar) and (day < end or last >= end_of_day(day, calendar)):
            count += 1
    return count


def _before(
    target: date | datetime, by: timedelta, kind: ClockKind, calendar: Calendar
) -> datetime:
    if kind in (ClockKind.BUSINESS_DAYS, ClockKind.CALENDAR_DAYS):
        days = days_of(calendar)
        day = days.local_date(target) if isinstance(target, datetime) else target
        return days.counted(kind, day, -by.days)
    if not isinstance(target, datetime):
        target = beginning_of(target, calendar)
    if kind is _BUSINESS:
        return _business_before(target.astimezone(UTC), by, calendar)
    return target.astimezone(UTC) - by


def _business_before(target: datetime, by: timedelta, calendar: Calendar) -> datetime:
    if not any(calendar.hours):
        return target - by
    left = by
    days = days_of(calendar)
    last = days.local_date(target)
    for offset in range(DAYS_MAX):
        for opens, closes in reversed(days.open(last - offset * DAY)):
            free = min(closes, target) - opens
            if left <= free:
                return min(closes, target) - left
            left -= max(free, _NOTHING)
    return target - by
