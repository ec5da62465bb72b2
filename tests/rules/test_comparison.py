"""The comparison is a fair model: the same by seed, alike where the policies are alike, and each difference shows."""

from dataclasses import fields, replace
from functools import cache

import pytest

from carelane.testing.comparison.__main__ import compared
from carelane.testing.comparison.arrivals import month
from carelane.testing.comparison.assumptions import DAY, TOUCHES, Assumptions, told
from carelane.testing.comparison.compare import Spread, both
from carelane.testing.comparison.desk import staff
from carelane.testing.comparison.month import play
from carelane.testing.comparison.policy import WITH, WITHOUT, Policy
from carelane.testing.comparison.run import counted, of_run
from carelane.testing.comparison.tally import figures

SMALL = Assumptions(cases=300, visits_per_day=20, calls_per_day=40)
GOOD_WHEN_LESS = {"touches_per_case", "no_show_rate", "calls_abandoned", "urgent_wait_minutes"}


@cache
def sides(one: Policy, two: Policy, given: Assumptions = SMALL) -> tuple[Spread, Spread]:
    return both(given, seeds=3, sides=(one, two))


def mean(found: Spread, name: str) -> float:
    return found[name]["mean"]


def test_the_same_seed_gives_the_same_figures() -> None:
    made = month(5, SMALL)
    first, second = (figures(play(WITHOUT, SMALL, month(5, SMALL), 5)) for _ in range(2))
    assert first == second
    assert made == month(5, SMALL)
    assert made != month(6, SMALL)


@pytest.mark.parametrize("policy", [WITH, WITHOUT], ids=["with", "without"])
def test_alike_policies_have_alike_figures(policy: Policy) -> None:
    one, two = sides(policy, policy)
    assert one == two


@pytest.mark.parametrize("policy", [WITH, WITHOUT], ids=["with", "without"])
def test_both_sides_close_every_case(policy: Policy) -> None:
    made = month(1, SMALL)
    tally = play(policy, SMALL, made, 1)
    assert tally.closed == tally.cases == len(made.cases)
    assert tally.calls == len(made.calls)
    assert tally.abandoned + tally.in_time <= tally.calls


@pytest.mark.requirement("R62", "R143", "R167")
@pytest.mark.parametrize(
    ("improved", "figure"),
    [
        pytest.param({"routed": True}, "touches_per_case", id="by rule, not forwarded"),
        pytest.param({"folds": True}, "touches_per_case", id="the same wish is one case"),
        pytest.param({"asks_by_text": True}, "touches_per_case", id="asked by text"),
        pytest.param({"reminds_by_text": True}, "no_show_rate", id="reminded by text"),
        pytest.param({"offers_by_text": True}, "touches_per_case", id="offered by text"),
        pytest.param({"urgent_first": True}, "urgent_wait_minutes", id="urgent first"),
    ],
)  # fmt: skip
def test_each_planted_improvement_shows_alone(improved: dict[str, bool], figure: str) -> None:
    assert figure in GOOD_WHEN_LESS
    one, two = sides(replace(WITHOUT, **improved), WITHOUT, replace(SMALL, cases=900))
    assert mean(one, figure) < mean(two, figure)


@pytest.mark.parametrize(
    ("name", "side", "figure", "sign"),
    [
        ("forwarded_right", WITHOUT, "touches_per_case", -1),
        ("plain", WITHOUT, "touches_per_case", -1),
        ("incomplete", WITHOUT, "touches_per_case", 1),
        ("misrouted", WITH, "touches_per_case", 1),
        ("high_risk", WITH, "touches_per_case", 1),
        ("text_arrives", WITH, "no_show_rate", -1),
        ("missed", WITH, "no_show_rate", 1),
        ("missed", WITHOUT, "no_show_rate", 1),
        ("patience_s", WITHOUT, "calls_abandoned", -1),
        ("accepts", WITH, "slots_used", 1),
    ],
)
def test_figures_follow_each_assumption_in_one_direction(
    name: str, side: Policy, figure: str, sign: int
) -> None:
    """Half, as it is, half as large again: the figure moves one way."""
    runs = [sides(side, side, SMALL.scaled(name, scale))[0] for scale in (0.5, 1.0, 1.5)]
    values = [sign * mean(run, figure) for run in runs]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.requirement("R36")
@pytest.mark.parametrize(
    ("figure", "sign"), [("no_show_rate", -1), ("calls_abandoned", -1), ("slots_used", 1)]
)
def test_visits_missed_calls_lost_and_slots_used_are_told_for_both_sides(
    figure: str, sign: int
) -> None:
    """Fewer visits missed, fewer calls abandoned, more of the slots used: each with its spread over the seeds."""
    one, two = sides(WITH, WITHOUT)
    assert sign * mean(one, figure) > sign * mean(two, figure)
    assert set(one[figure]) == {"mean", "sd", "min", "max"}


def test_an_assumption_that_one_side_does_not_use_leaves_it_alone() -> None:
    one, two = sides(WITH, WITH), sides(WITH, WITH, SMALL.scaled("forward_minutes", 1.5))
    assert mean(one[0], "touches_per_case") == mean(two[0], "touches_per_case")
    assert sides(WITHOUT, WITHOUT) == sides(WITHOUT, WITHOUT, SMALL.scaled("misrouted", 1.5))


def test_staff_is_the_same_on_both_sides_and_enough_for_the_work_by_hand() -> None:
    made = month(1, SMALL)
    minutes = sum(act.minutes for case in made.cases for act in TOUCHES[case.workflow])
    people = sum(staff(SMALL, made).values())
    assert people * DAY * 21 * SMALL.busy > minutes


def test_every_assumption_is_said_in_words_and_a_share_stays_one() -> None:
    assert set(told(SMALL)) == {each.name for each in fields(SMALL)}
    assert all(str(each["is"]) for each in told(SMALL).values())
    assert SMALL.scaled("forwarded_right", 1.5).forwarded_right == 0.99
    assert SMALL.scaled("cases", 1.5).cases == 450


ARRIVALS = [
    {"workflow": "h", "at": "2026-03-06T23:00:00+00:00", "urgent": True},  # Friday at night
    {"workflow": "g", "at": "2026-03-07T10:00:00+00:00"},  # Saturday
    {"workflow": "l", "at": "2026-03-09T09:30:00+00:00", "again": "R1"},  # Monday
    {"workflow": "n", "at": "2026-03-09T09:30:00+00:00"},
]
TOLD = {
    "arrivals": ARRIVALS,
    "draws": {"accepts": 0.2, "comes": 0.9},
    "visits": {"booked": 10, "came": 8, "missed": 2},
}
JUDGED = {
    "misroutes": {"counted": 1},
    "workflows": {"h": {"touches": {"cases": 2, "total": 7, "mean": 3.5}}},
}


def test_a_runs_own_arrivals_and_shares_take_the_place_of_assumed_ones() -> None:
    given, arrivals = of_run(TOLD, JUDGED)
    assert (given.cases, given.accepts, given.visits_per_day) == (3, 0.2, 5)
    assert (round(given.missed, 2), round(given.misrouted, 2)) == (0.1, 0.33)
    made = month(1, given, arrivals)
    assert [(one.workflow, one.at) for one in made.cases] == [("h", DAY), ("g", DAY), ("l", DAY + 90)]  # fmt: skip
    assert [(one.urgent, one.again) for one in made.cases] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_what_the_run_counted_stands_beside_the_model() -> None:
    found = counted(TOLD, JUDGED)
    assert found == {"touches_per_case": 3.5, "by_workflow": {"h": 3.5}, "no_show_rate": 0.2}
    document = compared(TOLD, JUDGED, seeds=1, quick=True)
    assert document["arrivals"] == "of this run"
    assert {"with", "without", "assumptions", "touches", "note"} <= set(document)
