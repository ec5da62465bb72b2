"""Calendar arithmetic: five zones, both daylight edges, leap day, year end (TRUST I16, T13)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.pathways.calendar import (
    Calendar,
    check,
    count_back,
    due_at,
    elapsed,
    is_business_day,
)
from carelane.pathways.definition import ClockKind
from carelane.pathways.zones import zone_data

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kolkata",
)
OFFICE = ((time(8), time(12)), (time(13), time(17)))
ALL_DAY = ((time(0), time(0)),)
HOLIDAYS = frozenset({date(2026, 1, 1), date(2026, 11, 26), date(2026, 12, 25)})


def office(zone: str = "America/New_York") -> Calendar:
    """Monday to Friday 8-12 and 13-17."""
    return Calendar(zone=zone, hours=(OFFICE,) * 5 + ((), ()), holidays=HOLIDAYS)


def always(zone: str) -> Calendar:
    """Open day and night."""
    return Calendar(zone=zone, hours=(ALL_DAY,) * 7)


def local(text: str, zone: str = "America/New_York") -> datetime:
    """A wall time as a UTC instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


NEW_YORK = (
    # kind, start, budget, due: the why
    ("business", "2026-11-25T16:00", timedelta(hours=2), "2026-11-27T09:00"),  # over Thanksgiving
    ("business", "2026-11-20T16:30", timedelta(hours=1), "2026-11-23T08:30"),  # over a weekend
    ("business", "2026-11-23T11:30", timedelta(hours=1), "2026-11-23T13:30"),  # over lunch
    ("business", "2026-11-23T06:00", timedelta(hours=4), "2026-11-23T12:00"),  # from before opening
    (
        "business",
        "2026-10-30T16:00",
        timedelta(hours=2),
        "2026-11-02T09:00",
    ),  # over the autumn edge
    (
        "business",
        "2026-03-06T16:00",
        timedelta(hours=2),
        "2026-03-09T09:00",
    ),  # over the spring edge
    (
        "wall",
        "2026-11-01T00:30",
        timedelta(hours=2),
        "2026-11-01T01:30",
    ),  # the hour that comes twice
    (
        "wall",
        "2026-03-08T01:30",
        timedelta(hours=1),
        "2026-03-08T03:30",
    ),  # the hour that is missing
    ("wall", "2028-02-28T12:00", timedelta(days=1), "2028-02-29T12:00"),  # leap day
    (
        "business-days",
        "2026-11-20T18:00",
        timedelta(days=2),
        "2026-11-24T23:59:59",
    ),  # Friday evening
    ("business-days", "2026-11-21T10:00", timedelta(days=2), "2026-11-24T23:59:59"),  # Saturday
    (
        "business-days",
        "2026-11-24T10:00",
        timedelta(days=2),
        "2026-11-27T23:59:59",
    ),  # over a holiday
    ("business-days", "2026-12-30T10:00", timedelta(days=2), "2027-01-01T23:59:59"),  # year end
    ("calendar-days", "2026-12-30T10:00", timedelta(days=14), "2027-01-13T23:59:59"),
    ("calendar-days", "2028-02-28T10:00", timedelta(days=2), "2028-03-01T23:59:59"),
    (
        "calendar-days",
        "2026-10-31T10:00",
        timedelta(days=1),
        "2026-11-01T23:59:59",
    ),  # a day of 25 h
)


@pytest.mark.parametrize(("kind", "start", "budget", "due"), NEW_YORK)
@pytest.mark.requirement("R72")
def test_calendar_due_times_a_person_would_name(
    kind: str, start: str, budget: timedelta, due: str
) -> None:
    """Each kind of clock is due when a person with the calendar in hand says so."""
    expected = local(due)
    if due == "2026-11-01T01:30":
        expected = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    assert due_at(ClockKind(kind), local(start), budget, office()) == expected


def test_calendar_counts_the_repeated_and_the_missing_hour_once() -> None:
    """A site open day and night has a day of 25 h and one of 23 h."""
    calendar = always("America/New_York")
    day_25 = elapsed(
        ClockKind.BUSINESS, local("2026-11-01T00:00"), local("2026-11-02T00:00"), calendar
    )
    day_23 = elapsed(
        ClockKind.BUSINESS, local("2026-03-08T00:00"), local("2026-03-09T00:00"), calendar
    )

    assert day_25 == timedelta(hours=25)
    assert day_23 == timedelta(hours=23)


def test_calendar_stretches_inside_a_gap_never_overlap() -> None:
    """Opening hours that touch the missing hour are counted without overlap."""
    hours = ((time(0), time(2, 30)), (time(3), time(5)))
    calendar = Calendar(zone="America/New_York", hours=(hours,) * 7)
    total = elapsed(
        ClockKind.BUSINESS, local("2026-03-08T00:00"), local("2026-03-09T00:00"), calendar
    )

    assert total == timedelta(hours=4)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "edge", ["2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31", "2026-12-30", "2028-02-27"]
)
def test_calendar_never_goes_back_over_an_edge(zone: str, edge: str) -> None:
    """Quarter hour by quarter hour over four days, a later start is never due earlier."""
    begin = local(f"{edge}T00:00", zone)
    for kind in ClockKind:
        budget = timedelta(days=1) if "days" in kind else timedelta(hours=9, minutes=20)
        last = None
        for quarter in range(0, 4 * 96, 3):
            due = due_at(kind, begin + timedelta(minutes=15 * quarter), budget, office(zone))
            assert last is None or due >= last
            last = due


EDGES = st.sampled_from(
    [
        datetime(2026, 3, 8, tzinfo=UTC),
        datetime(2026, 3, 29, tzinfo=UTC),
        datetime(2026, 4, 5, tzinfo=UTC),
        datetime(2026, 10, 4, tzinfo=UTC),
        datetime(2026, 10, 25, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 31, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
    ]
)
NEAR = st.builds(lambda at, s: at + timedelta(seconds=s), EDGES, st.integers(-200_000, 200_000))
WEEKS = st.sampled_from(
    [(OFFICE,) * 5 + ((), ()), (ALL_DAY,) * 7, (((time(1, 30), time(2, 30)),),) * 7]
)
CALENDARS = st.builds(
    lambda zone, hours, off: Calendar(zone=zone, hours=hours, holidays=off),
    st.sampled_from(ZONES),
    WEEKS,
    st.sampled_from([frozenset(), HOLIDAYS]),
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(ClockKind), start=NEAR, amount=st.integers(1, 20), calendar=CALENDARS)
@pytest.mark.invariant("I16")
def test_calendar_elapsed_time_until_due_is_the_budget(
    kind: ClockKind, start: datetime, amount: int, calendar: Calendar
) -> None:
    """`elapsed(start, due(start, b)) == b`, for every kind of clock."""
    budget = timedelta(days=amount) if "days" in kind else timedelta(minutes=37 * amount)
    due = due_at(kind, start, budget, calendar)

    assert due.utcoffset() == timedelta(0)
    assert due > start
    assert elapsed(kind, start, due, calendar) == budget


@settings(max_examples=100, deadline=None)
@given(start=NEAR, later=st.integers(0, 90_000), more=st.integers(0, 600), calendar=CALENDARS)
@pytest.mark.invariant("I16")
def test_calendar_due_is_monotone(
    start: datetime, later: int, more: int, calendar: Calendar
) -> None:
    """A later start or a larger budget is never due earlier."""
    base = timedelta(minutes=200)
    due = due_at(ClockKind.BUSINESS, start, base, calendar)

    assert due_at(ClockKind.BUSINESS, start + timedelta(seconds=later), base, calendar) >= due
    assert due_at(ClockKind.BUSINESS, start, base + timedelta(minutes=more), calendar) >= due


@settings(max_examples=100, deadline=None)
@given(start=NEAR, spent=st.integers(1, 199), calendar=CALENDARS)
def test_calendar_a_paused_clock_keeps_what_it_spent(
    start: datetime, spent: int, calendar: Calendar
) -> None:
    """Stopped at once and resumed at once, a clock is due when it would have been."""
    budget = timedelta(minutes=200)
    due = due_at(ClockKind.BUSINESS, start, budget, calendar)
    pause = due_at(ClockKind.BUSINESS, start, timedelta(minutes=spent), calendar)
    accrued = elapsed(ClockKind.BUSINESS, start, pause, calendar)

    assert due_at(ClockKind.BUSINESS, pause, budget - accrued, calendar) == due


def test_calendar_naive_arithmetic_is_caught() -> None:
    """The mutant of T13, adding to local wall time, is an hour off over the autumn edge."""

    def naive(start: datetime, budget: timedelta) -> datetime:
        wall = start.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None)
        return (wall + budget).replace(tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)

    start, budget = local("2026-10-31T22:00"), timedelta(hours=8)
    assert naive(start, budget) - start == timedelta(hours=9)
    assert due_at(ClockKind.WALL, start, budget, office()) - start == budget


@pytest.mark.parametrize(
    ("target", "by", "kind", "due"),
    [
        (local("2026-11-24T10:00"), timedelta(hours=2), "wall", local("2026-11-24T08:00")),
        (local("2026-11-23T09:00"), timedelta(hours=2), "business", local("2026-11-20T16:00")),
        (date(2026, 11, 30), timedelta(days=2), "business-days", local("2026-11-25T23:59:59")),
        (date(2026, 11, 30), timedelta(days=14), "calendar-days", local("2026-11-16T23:59:59")),
        (local("2026-11-10T09:00"), timedelta(hours=2), "wall", local("2026-11-10T12:15")),
    ],
)
def test_calendar_counts_back_from_a_date(
    target: date | datetime, by: timedelta, kind: str, due: datetime
) -> None:
    """A due time counted back; when it is past, a short time from now."""
    answer = count_back(
        target,
        by=by,
        if_past=timedelta(minutes=15),
        now=local("2026-11-10T12:00"),
        kind=ClockKind(kind),
        calendar=office(),
    )

    assert answer == due


@pytest.mark.parametrize(
    ("calendar", "place"),
    [
        (Calendar(zone="Mars/Olympus", hours=(OFFICE,) * 7), "zone"),
        (Calendar(zone="../etc/passwd", hours=(OFFICE,) * 7), "zone"),
        (Calendar(zone="UTC", hours=(OFFICE,) * 6), "hours"),
        (Calendar(zone="UTC", hours=((),) * 7), "hours"),
        (Calendar(zone="UTC", hours=(((time(12), time(8)),),) * 7), "hours[0]"),
        (
            Calendar(zone="UTC", hours=(((time(8), time(12)), (time(11), time(17))),) * 7),
            "hours[0]",
        ),
    ],
)
def test_calendar_check_names_the_place(calendar: Calendar, place: str) -> None:
    """A calendar that can't be right is refused with a place and a remedy."""
    problem = check(calendar)[0]

    assert problem.place == place
    assert problem.remedy


def test_calendar_of_a_site_that_never_opens_falls_back_to_wall_time() -> None:
    """Arithmetic is total: sooner is safer than never."""
    closed = Calendar(zone="UTC", hours=((),) * 7)
    start = datetime(2026, 1, 1, tzinfo=UTC)

    assert due_at(ClockKind.BUSINESS, start, timedelta(hours=1), closed) == start + timedelta(
        hours=1
    )
    assert check(office()) == ()
    assert zone_data().startswith("tzdata 20")
    assert not is_business_day(date(2026, 11, 26), office())
