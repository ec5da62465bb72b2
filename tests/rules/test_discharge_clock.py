"""Two business days after a discharge, exact on 10,000 random calendars, against numpy's own count."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from carelane.cases.clocks import Bound, start
from carelane.pathways.calendar import Calendar, due_at
from carelane.pathways.definition import ClockKind
from carelane.testing.simulation.dice import Dice
from tests.rules.test_pathway_shipped import shipped

CALENDARS = 10_000
DAYS = 2
ZONES = (
    "America/New_York", "America/Chicago", "America/Phoenix", "America/St_Johns", "Pacific/Honolulu", "Europe/Berlin",
    "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC",
)  # fmt: skip
EDGES = (
    date(2026, 3, 8),
    date(2026, 11, 1),
    date(2027, 3, 14),
    date(2027, 3, 28),
    date(2026, 12, 31),
    date(2028, 2, 29),
)
OPENINGS: tuple[tuple[tuple[time, time], ...], ...] = (
    (),
    ((time(0), time(0)),),
    ((time(9), time(12, 30)), (time(13, 30), time(17))),
)
Case = tuple[Calendar, datetime]


def cases(seed: int) -> Iterator[Case]:
    """Calendars of every sort, and a discharge at any second of any day; a third near an edge of the year."""
    dice = Dice(seed)
    for _ in range(CALENDARS):
        about = (
            dice.pick(EDGES)
            if dice.roll(3) == 0
            else date(2024, 1, 1) + timedelta(days=dice.roll(2500))
        )
        day = about + timedelta(days=dice.roll(9) - 4)
        around = [day + timedelta(days=dice.roll(35) - 10) for _ in range(dice.roll(12))]
        hours = tuple(_opening(dice) for _ in range(7))
        calendar = Calendar(zone=dice.pick(ZONES), hours=hours, holidays=frozenset(around))
        wall = datetime.combine(day, time()) + timedelta(seconds=dice.roll(86_400))
        yield calendar, wall.replace(tzinfo=ZoneInfo(calendar.zone)).astimezone(UTC)


def _opening(dice: Dice) -> tuple[tuple[time, time], ...]:
    """A site's hours of one day, which must not matter: closed, all day, or some of it."""
    return dice.pick(OPENINGS)


def expected(calendar: Calendar, discharged: datetime, *, roll: str = "backward") -> datetime:
    """The last second of the second business day, by numpy."""
    zone = ZoneInfo(calendar.zone)
    day = np.datetime64(discharged.astimezone(zone).date())
    holidays = [np.datetime64(each) for each in sorted(calendar.holidays)]
    counted = np.busday_offset(day, DAYS, roll=roll, holidays=holidays).astype(date)  # type: ignore[call-overload]  # a word of numpy's
    last = datetime.combine(counted, time(23, 59, 59))
    return last.replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.requirement("R72")
@pytest.mark.invariant("I16")
def test_the_discharge_clock_is_exact_on_ten_thousand_calendars() -> None:
    """The shipped pathway's own clock, for calendars that agree in nothing but Monday to Friday less holidays."""
    spec = shipped("discharge-follow-up").states["call"].clock
    assert spec is not None
    assert (spec.kind, spec.due, spec.start) == (
        ClockKind.BUSINESS_DAYS,
        timedelta(days=DAYS),
        "discharged_at",
    )
    assert spec.latest is not None
    wrong = []
    for calendar, discharged in cases(20261128):
        clock = start(
            spec,
            (),
            {"discharged_at": discharged},
            now=discharged,
            bound=Bound(calendar=calendar, name="x"),
        )
        due = min(expected(calendar, discharged), discharged + spec.latest)
        if clock.due_at != due:
            wrong.append((calendar.zone, discharged, clock.due_at, due))
    assert wrong == []


@pytest.mark.requirement("R72")
def test_a_message_that_comes_late_does_not_move_the_clock() -> None:
    """The clock counts from the discharge, not from when the message came."""
    spec = shipped("discharge-follow-up").states["call"].clock
    assert spec is not None
    for calendar, discharged in list(cases(7))[:500]:
        late = discharged + timedelta(hours=20)
        clock = start(
            spec,
            (),
            {"discharged_at": discharged},
            now=late,
            bound=Bound(calendar=calendar, name="x"),
        )
        assert clock.due_at == min(expected(calendar, discharged), late + timedelta(days=10))


def test_mutant_a_roll_forward_is_noticed() -> None:
    """Counting from the next business day instead of the last gives another date for every weekend discharge."""
    differing = sum(
        due_at(ClockKind.BUSINESS_DAYS, discharged, timedelta(days=DAYS), calendar)
        != expected(calendar, discharged, roll="forward")
        for calendar, discharged in cases(1)
    )
    assert differing > CALENDARS / 5
