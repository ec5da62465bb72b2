"""A calendar and its dates as instants: which counts, when it is open, when it ends. Each is worked out once.

Part of `calendar`, which the rest of the house imports. Cases start clocks on the same few dates again and again, and
what a date means depends on the calendar alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from carelane.pathways.definition import ClockKind
from carelane.pathways.zones import zone

DAY = timedelta(days=1)
DAYS_MAX = 3660
"""No clock looks further than ten years ahead: the search for open time must end."""
_CALENDARS_KEPT_MAX = 64
_DATES_KEPT_MAX = 1024
_SECOND = timedelta(seconds=1)
_SATURDAY = 5
_CALENDAR_DAYS = ClockKind.CALENDAR_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A site's calendar. `hours` has seven entries, Monday first: open stretches in local time.

    A stretch that closes at 00:00 closes at the end of its day.
    """

    zone: str
    hours: tuple[tuple[tuple[time, time], ...], ...]
    holidays: frozenset[date] = frozenset()


@dataclass(slots=True)
class Days:
    """A calendar with what has been worked out of it so far."""

    calendar: Calendar
    zone: ZoneInfo
    _stretches: dict[date, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict)
    _counted: dict[tuple[ClockKind, date, int], datetime] = field(default_factory=dict)

    def local_date(self, at: datetime) -> date:
        """The date there is at this instant, at the site."""
        return at.astimezone(self.zone).date()

    def open(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The open stretches of a local date as instants, in order and without overlap."""
        found = self._stretches.get(day)
        if found is None:
            if len(self._stretches) >= _DATES_KEPT_MAX:
                self._stretches.clear()
            found = self._stretches[day] = tuple(_open(day, self.calendar, self.zone))
        return found

    def counted(self, kind: ClockKind, day: date, days: int) -> datetime:
        """The end of the date `days` counted dates after this one (before it when negative)."""
        asked = (kind, day, days)
        found = self._counted.get(asked)
        if found is None:
            if len(self._counted) >= _DATES_KEPT_MAX:
                self._counted.clear()
            last = _step_days(day, days, kind, self.calendar)
            found = self._counted[asked] = end_of_day(last, self.calendar)
        return found


_KEPT: dict[int, Days] = {}


def days_of(calendar: Calendar) -> Days:
    """What is known of the calendar's dates."""
    kept = _KEPT.get(id(calendar))
    if kept is None:
        if len(_KEPT) >= _CALENDARS_KEPT_MAX:
            _KEPT.clear()
        # The entry holds the calendar, so its id can't be given to another while it is here.
        kept = _KEPT[id(calendar)] = Days(calendar, zone(calendar.zone))
    return kept


def end_of_day(day: date, calendar: Calendar) -> datetime:
    """The last second of a local date, in UTC."""
    return _instant(day + DAY, time(0), zone(calendar.zone), late=False) - _SECOND


def beginning_of(day: date, calendar: Calendar) -> datetime:
    """The first instant of a local date, in UTC."""
    return _instant(day, time(0), zone(calendar.zone), late=False)


def is_business_day(day: date, calendar: Calendar) -> bool:
    """Monday to Friday and no holiday, whatever the site's opening hours (DOMAIN, TCM rule)."""
    return day.weekday() < _SATURDAY and day not in calendar.holidays


def counts(kind: ClockKind, day: date, calendar: Calendar) -> bool:
    """Whether a clock of this kind counts the date."""
    return kind is _CALENDAR_DAYS or is_business_day(day, calendar)


def _instant(day: date, at: time, where: ZoneInfo, *, late: bool) -> datetime:
    """A wall time as an instant: in a gap moved on by the gap; of two, `late` picks the second."""
    local = datetime.combine(day, at, tzinfo=where)
    first = local.astimezone(UTC)
    if not late:
        return first
    second = local.replace(fold=1).astimezone(UTC)
    return max(first, second)


def _open(day: date, calendar: Calendar, where: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    if day in calendar.holidays:
        return
    last: datetime | None = None
    for opens, closes in calendar.hours[day.weekday()]:
        begin = _instant(day, opens, where, late=False)
        if closes == time(0):
            end = _instant(day + DAY, closes, where, late=False)
        else:
            end = _instant(day, closes, where, late=True)
        if last is not None and begin < last:  # the clock's jump pushed one stretch into the next
            begin = last
        if begin < end:
            yield begin, end
            last = end


def _step_days(day: date, days: int, kind: ClockKind, calendar: Calendar) -> date:
    """The date `days` counted dates after `day` (before it when negative); 0 is the day itself."""
    left, towards = abs(days), (DAY if days > 0 else -DAY)
    for _ in range(DAYS_MAX):
        if not left:
            break
        day += towards
        left -= counts(kind, day, calendar)
    return day
