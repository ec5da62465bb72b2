"""Business calendars: opening hours, holidays as dates, a zone; both edges of daylight saving.

`due_at(kind, start, budget, calendar)` answers in UTC. What publishes calendars is `directory`;
what runs clocks is `cases`. Rules of time are in SEMANTICS 6: instants are UTC, local time is only
used to see which stretches of the line are open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from carelane.facts.problem import Fault, Problem
from carelane.pathways.definition import ClockKind
from carelane.pathways.zones import zone, zone_known

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NOTHING = timedelta(0)
_WEEK = 7
_SATURDAY = 5
_DAYS_MAX = 3660
"""No clock looks further than ten years ahead: the search for open time must end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A site's calendar. `hours` has seven entries, Monday first: open stretches in local time.

    A stretch that closes at 00:00 closes at the end of its day.
    """

    zone: str
    hours: tuple[tuple[tuple[time, time], ...], ...]
    holidays: frozenset[date] = frozenset()


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
    begin = start.astimezone(UTC)
    if kind is ClockKind.WALL:
        return begin + budget
    if kind is ClockKind.BUSINESS:
        return _business_due(begin, budget, calendar)
    last = _step_days(_local_date(begin, calendar), budget.days, kind, calendar)
    return end_of_day(last, calendar)


def elapsed(kind: ClockKind, begin: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """How much of this kind of time lies in [begin, end]; never negative.

    The day kinds count the dates that ended: `elapsed(kind, start, due_at(kind, start, b)) == b`.
    """
    first, last = begin.astimezone(UTC), end.astimezone(UTC)
    if last <= first:
        return _NOTHING
    if kind is ClockKind.WALL:
        return last - first
    if kind is ClockKind.BUSINESS:
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


def end_of_day(day: date, calendar: Calendar) -> datetime:
    """The last second of a local date, in UTC."""
    return _instant(day + _DAY, time(0), calendar.zone, late=False) - _SECOND


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Monday to Friday and no holiday, whatever the site's opening hours (DOMAIN, TCM rule)."""
    return day.weekday() < _SATURDAY and day not in calendar.holidays


def _wrong(place: str, message: str, remedy: str) -> Problem:
    return Problem(
        code="calendar.wrong", place=place, message=message, remedy=remedy, fault=Fault.SITE
    )


def _check_day(number: int, stretches: tuple[tuple[time, time], ...]) -> Iterator[Problem]:
    before = timedelta(-1)
    for opens, closes in stretches:
        begin, end = _minutes(opens), _minutes(closes) or _DAY
        if begin >= end or begin < before:
            yield _wrong(
                f"hours[{number}]",
                "open stretches overlap or run backwards",
                "Sort them; each must end after it opens.",
            )
        before = end


def _minutes(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)


def _local_date(at: datetime, calendar: Calendar) -> date:
    return at.astimezone(zone(calendar.zone)).date()


def _instant(day: date, at: time, name: str, *, late: bool) -> datetime:
    """A wall time as an instant: in a gap moved on by the gap; of two, `late` picks the second."""
    local = datetime.combine(day, at, tzinfo=zone(name))
    first = local.astimezone(UTC)
    if not late:
        return first
    second = local.replace(fold=1).astimezone(UTC)
    return max(first, second)


def _open(day: date, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The open stretches of a local date as instants, in order and without overlap."""
    if day in calendar.holidays:
        return
    last: datetime | None = None
    for opens, closes in calendar.hours[day.weekday()]:
        begin = _instant(day, opens, calendar.zone, late=False)
        if closes == time(0):
            end = _instant(day + _DAY, closes, calendar.zone, late=False)
        else:
            end = _instant(day, closes, calendar.zone, late=True)
        if last is not None and begin < last:  # the clock's jump pushed one stretch into the next
            begin = last
        if begin < end:
            yield begin, end
            last = end


def _business_due(begin: datetime, budget: timedelta, calendar: Calendar) -> datetime:
    if budget <= _NOTHING or not any(calendar.hours):
        return begin + budget  # nobody is ever open: wall time is sooner than never
    left = budget
    first = _local_date(begin, calendar)
    for offset in range(_DAYS_MAX):
        for opens, closes in _open(first + offset * _DAY, calendar):
            free = closes - max(opens, begin)
            if left <= free:
                return max(opens, begin) + left
            left -= max(free, _NOTHING)
    return begin + budget


def _business_elapsed(first: datetime, last: datetime, calendar: Calendar) -> timedelta:
    if not any(calendar.hours):
        return last - first
    total = _NOTHING
    day, end = _local_date(first, calendar), _local_date(last, calendar)
    while day <= end:
        for opens, closes in _open(day, calendar):
            total += max(min(closes, last) - max(opens, first), _NOTHING)
        day += _DAY
    return total


def _counts(kind: ClockKind, day: date, calendar: Calendar) -> bool:
    return kind is ClockKind.CALENDAR_DAYS or is_business_day(day, calendar)


def _step_days(day: date, days: int, kind: ClockKind, calendar: Calendar) -> date:
    """The date `days` counted dates after `day` (before it when negative); 0 is the day itself."""
    left, towards = abs(days), (_DAY if days > 0 else -_DAY)
    for _ in range(_DAYS_MAX):
        if not left:
            break
        day += towards
        left -= _counts(kind, day, calendar)
    return day


def _days_ended(kind: ClockKind, first: datetime, last: datetime, calendar: Calendar) -> int:
    day, end = _local_date(first, calendar), _local_date(last, calendar)
    count = 0
    while day < end:
        day += _DAY
        if _counts(kind, day, calendar) and (day < end or last >= end_of_day(day, calendar)):
            count += 1
    return count


def _before(
    target: date | datetime, by: timedelta, kind: ClockKind, calendar: Calendar
) -> datetime:
    days = kind in (ClockKind.BUSINESS_DAYS, ClockKind.CALENDAR_DAYS)
    if days:
        day = _local_date(target, calendar) if isinstance(target, datetime) else target
        return end_of_day(_step_days(day, -by.days, kind, calendar), calendar)
    if not isinstance(target, datetime):
        target = _instant(target, time(0), calendar.zone, late=False)
    if kind is ClockKind.BUSINESS:
        return _business_before(target.astimezone(UTC), by, calendar)
    return target.astimezone(UTC) - by


def _business_before(target: datetime, by: timedelta, calendar: Calendar) -> datetime:
    if not any(calendar.hours):
        return target - by
    left = by
    last = _local_date(target, calendar)
    for offset in range(_DAYS_MAX):
        for opens, closes in reversed(list(_open(last - offset * _DAY, calendar))):
            free = min(closes, target) - opens
            if left <= free:
                return min(closes, target) - left
            left -= max(free, _NOTHING)
    return target - by
