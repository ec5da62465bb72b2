"""Open times in order: today's first, then soonest; what does not fit is left out, and counted by its reason."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.facts.openings import (
    PAST,
    SHOWN_MAX,
    TOO_EARLY,
    Arranged,
    Opening,
    arranged,
)
from carelane.pathways.openings import load_openings, stands_beside
from tests.rules.test_pathway_shipped import shipped

NOW = datetime(
    2026, 11, 23, 22, 0, tzinfo=UTC
)  # 17:00 in New York, 11:00 of the next day in Auckland
NEW_YORK, AUCKLAND = ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")
ROOT = Path(__file__).parents[2]
FILES = {path.name: path.read_text("utf-8") for path in (ROOT / "openings").glob("*.yaml")}


def at(hours: float, *, minutes: int = 30, name: str = "") -> Opening:
    """A time so many hours from now."""
    return Opening(
        reference=name or f"Slot/{hours}", start=NOW + timedelta(hours=hours), minutes=minutes
    )


def order(
    *times: Opening, zone: ZoneInfo = NEW_YORK, earliest: float = 0, least: int = 0
) -> Arranged:
    """These times arranged; those shorter than `least` are too short."""
    return arranged(
        times, lambda one: "too short" if one.minutes < least else "",
        now=NOW, earliest=NOW + timedelta(hours=earliest), zone=zone,
    )  # fmt: skip


def hours(times: tuple[Opening, ...]) -> list[float]:
    return [(each.start - NOW) / timedelta(hours=1) for each in times]


@pytest.mark.parametrize(
    ("times", "earliest", "today", "later", "left_out"),
    [
        ((30, 2, 50, 1), 0, [1, 2], [30, 50], {}),
        ((-1, 0, 3), 0, [3], [], {PAST: 2}),
        ((3, 30, 72, 90), 48, [], [72, 90], {TOO_EARLY: 2}),
        ((6.9, 7.1), 0, [6.9], [7.1], {}),  # midnight in New York is seven hours away
        ((), 0, [], [], {}),
    ],
)
def test_times_of_today_come_first_then_the_soonest(
    times: tuple[float, ...],
    earliest: float,
    today: list[float],
    later: list[float],
    left_out: dict[str, int],
) -> None:
    found = order(*map(at, times), earliest=earliest)

    assert [round(each, 1) for each in hours(found.today)] == today
    assert [round(each, 1) for each in hours(found.later)] == later
    assert found.left_out == left_out


def test_today_is_the_sites_day() -> None:
    """The same instant is today in New York, and tomorrow's in Auckland is not."""
    assert hours(order(at(6), at(14), zone=NEW_YORK).today) == [6]
    assert hours(order(at(6), at(14), zone=AUCKLAND).today) == [6]
    assert hours(order(at(6), at(12), zone=AUCKLAND).today) == [6, 12]


def test_what_does_not_fit_is_counted_and_the_list_has_an_end() -> None:
    """A time is shown once, whatever page of the record it came by."""
    found = order(at(1, minutes=15), at(2), at(2), at(-3), least=20)
    assert (hours(found.today), found.left_out) == ([2], {PAST: 1, "too short": 1})
    many = order(*(at(24 + n) for n in range(SHOWN_MAX + 5)))
    assert (len(many.later), many.beyond) == (SHOWN_MAX, 5)


TIMES = st.lists(
    st.builds(
        lambda minutes, length, name: Opening(
            reference=f"Slot/{name}", start=NOW + timedelta(minutes=minutes), minutes=length
        ),
        st.integers(-3000, 9000), st.integers(5, 90), st.integers(0, 40),
    ),
    max_size=90,
)  # fmt: skip


@given(times=TIMES, earliest=st.integers(-100, 9000), zone=st.sampled_from([NEW_YORK, AUCKLAND]))
def test_never_one_in_the_past_never_one_too_early_and_none_is_lost(
    times: list[Opening], earliest: int, zone: ZoneInfo
) -> None:
    """Whatever the record says: today first, in order, nothing past or too early, every time accounted for."""
    limit = NOW + timedelta(minutes=earliest)
    found = arranged(
        times, lambda one: "short" if one.minutes < 20 else "", now=NOW, earliest=limit, zone=zone
    )
    shown = [*found.today, *found.later]

    assert all(each.start > NOW and each.start >= limit and each.minutes >= 20 for each in shown)
    assert shown == sorted(shown, key=lambda each: (each.start, each.provider, each.reference))
    today = NOW.astimezone(zone).date()
    assert {each.start.astimezone(zone).date() == today for each in found.today} <= {True}
    assert all(each.start.astimezone(zone).date() != today for each in found.later)
    count = len(shown) + found.beyond + sum(found.left_out.values())
    assert count == len({each.reference for each in times})


def test_shipped_lists_name_what_their_pathways_have() -> None:
    """Tasks, form fields, tables and inputs by names that exist; the pathway is asked what fits."""
    lists, problems = load_openings(FILES)
    assert problems == ()
    for each in lists:
        for name, tasks in each.beside.items():
            pathway = shipped(name)
            outputs = {one for table in pathway.tables.values() for one in table.outputs}
            assert {each.line, each.earliest, each.because, *each.fits} <= outputs
            assert each.line_codes in pathway.inputs
            for task in tasks:
                assert each.fills.keys() <= {one.name for one in pathway.tasks[task].form}
    assert stands_beside(lists, "scheduling-request", "offer-time") == lists[0]
    assert stands_beside(lists, "scheduling-request", "complete-request") is None


def test_a_mistake_in_a_list_names_file_and_remedy() -> None:
    """A part that a time does not have."""
    [text] = FILES.values()
    _, problems = load_openings({"x.yaml": text.replace("slot_kind: kind", "slot_kind: colour")})
    assert [each.code for each in problems] == ["pathway.not-listed"]
    assert "x.yaml" in problems[0].place
