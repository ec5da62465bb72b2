"""Figures: nearest rank, shifts and cohorts by the site's clock, pauses; and that every measure says what it counts."""

import argparse
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.cli.measures import asked_of
from carelane.facts.errors import SetupFault
from carelane.measures.counted import pauses
from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import Parting, cohort, figures, percentile, shift

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONE = "America/New_York"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.9, 7),
        ([3, 1, 2], 0.5, 2),
        ([4, 1, 3, 2], 0.5, 2),
        (list(range(1, 11)), 0.9, 9),
        (list(range(1, 12)), 0.9, 10),
    ],
)
def test_a_percentile_is_the_nearest_rank(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 99), min_size=1), st.sampled_from([0.5, 0.9]))
def test_a_percentile_was_counted_and_enough_do_not_exceed_it(values: list[int], share: float) -> None:  # fmt: skip
    found = percentile(values, share)
    assert found is not None
    assert found in values
    assert sum(each <= found for each in values) >= share * len(values)
    assert sum(each < found for each in values) < share * len(values)


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(11, "night"), (12, "day"), (19, "day"), (20, "evening"), (3, "evening"), (4, "night")],
)
def test_shifts_are_by_the_clock_of_the_site(hour: int, expected: str) -> None:
    assert shift(datetime(2026, 3, 2, hour, tzinfo=UTC), ZONE) == expected  # five hours behind


def test_a_cohort_is_the_month_by_the_clock_of_the_site() -> None:
    assert cohort(datetime(2026, 3, 1, 3, tzinfo=UTC), ZONE) == "2026-02"


def test_figures_say_how_many_of_how_many() -> None:
    row = {"pathway": "p", "site": "s", "service_line": "", "opened_at": NOON, "at": NOON}
    twice = [{**row, "what": "a", "value": value} for value in (1.0, 4.0)]
    rows = [*twice, {**row, "what": "b"}]
    first, second = figures("m", rows, Parting(parts=("pathway",), zones={}), what=("what",))
    assert (first.n, first.of, first.total, first.median, first.p90) == (2, 3, 5.0, 1.0, 4.0)
    assert (second.n, second.of, second.total, second.median) == (1, 3, None, None)


def test_pauses_lie_between_the_intervals_and_after_one_that_never_ended() -> None:
    at = [NOON + timedelta(hours=number) for number in range(6)]
    ran = [
        {"from_at": at[0].isoformat(), "to_at": at[1].isoformat()},
        {"from_at": at[2].isoformat(), "to_at": at[3].isoformat()},
    ]
    row = {"intervals": ran, "paused_at": at[3].isoformat(), "at": at[5]}
    assert list(pauses(row)) == [(at[1], at[2]), (at[3], at[5])]
    assert list(pauses({"intervals": [], "paused_at": None, "at": at[5]})) == []


def question(**said: str | None) -> argparse.Namespace:
    unsaid = dict.fromkeys(("from_at", "to_at", "pathway", "at_site", "service_line"))
    return argparse.Namespace(**{**unsaid, "by": "pathway", **said})


def test_a_question_without_a_period_is_about_the_last_thirty_days() -> None:
    asked = asked_of(question(by="site,service-line"), NOON)
    assert (asked.from_at, asked.to_at) == (NOON - timedelta(days=30), NOON)
    assert asked.parts == ("site", "service_line")


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"from_at": "yesterday"}, "--from is no instant"),
        ({"to_at": "2026-13-01"}, "--to is no instant"),
        ({"from_at": "2026-03-02T00:00:00Z"}, "ends before it begins"),
        ({"by": "patient"}, "--by knows no patient"),
    ],
)
def test_what_is_wrong_with_a_question_is_said(said: dict[str, str], says: str) -> None:
    with pytest.raises(SetupFault, match=says):
        asked_of(question(**said), NOON)


def test_every_measure_says_what_n_is() -> None:
    assert all("n: " in each.counts for each in MEANINGS.values())
