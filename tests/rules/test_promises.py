"""Promises judged on rows written by hand: each figure with a case that keeps it and a mutant that breaks it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.directory.snapshot import CalendarRow, Coverage, Person, Place, Pool, Snapshot
from carelane.facts.fact import Urgency
from carelane.measures.figures import Figure
from carelane.measures.promises.dates import clocked, decided, last_moment
from carelane.measures.promises.eligible import sampled
from carelane.measures.promises.levels import called, escalating
from carelane.measures.promises.missed import FOLLOW_UPS, follow_ups, named
from carelane.measures.promises.reading import CALLS, CONTACT, DECISIONS
from carelane.measures.promises.red_flags import routed
from carelane.measures.promises.results import taken
from carelane.measures.promises.waitlist import filled
from carelane.measures.promises.workflows import entries
from carelane.measures.workflows import WORKFLOWS, letter
from carelane.pathways.calendar import Calendar, due_at
from carelane.pathways.definition import ClockKind, Definition
from carelane.testing.core.pathways import critical, referral
from tests.rules.test_pathway_shipped import FILES, shipped

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = ((time(8), time(17)),)
OFFICE = CalendarRow(name="office", version=1, zone="UTC", hours=(*(HOURS,) * 5, (), ()))
SITE = {"site": "main", "service_line": ""}


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def directory(*coverage: Coverage, **changes: Any) -> Snapshot:
    nurse = Person(name="nurse", display="N", roles=("nurse",), pools=("urgent", "desk"), sites=("main",))  # fmt: skip
    heart = replace(nurse, name="cardiologist", pools=("heart",), service_lines=("cardiology",))
    every, routine = tuple(Urgency), (Urgency.ROUTINE,)
    pools = {
        "urgent": Pool(name="urgent", title="U", urgencies=every, members=("nurse",)),
        "desk": Pool(name="desk", title="D", urgencies=routine, members=("nurse",)),
        "heart": Pool(
            name="heart",
            title="H",
            urgencies=every,
            members=("cardiologist",),
            service_line="cardiology",
        ),
        "empty": Pool(name="empty", title="E", urgencies=every),
    }
    place = Place(name="main", title="Main", zone="UTC", calendar="office", last_resort="empty")
    people = {"nurse": nurse, "cardiologist": heart}
    made = Snapshot(organisation="t", title="T", sites={"main": place}, people=people, pools=pools,
                    coverage=coverage, calendars={"office": OFFICE})  # fmt: skip
    return replace(made, **changes)


def wait(owner: str, *, urgent: bool = True, kind: str = "pool", hours: float = 5) -> dict[str, Any]:  # fmt: skip
    return {"pathway": "p", "state": "s", "owner_kind": kind, "owner_name": owner, **SITE, "urgent": urgent,
            "opened_at": at(0), "until": at(hours)}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "coverage", "without"),
    [
        pytest.param(wait("urgent"), (), 0, id="somebody is there"),
        pytest.param(wait("empty"), (), 5, id="mutant_pool_without_people"),
        pytest.param({**wait("heart"), "service_line": "neurology"}, (), 0, id="a pool that was meant"),
        pytest.param({**wait("heart"), "site": "far"}, (), 5, id="mutant_nobody_of_it_works_there"),
        pytest.param(wait("empty", urgent=False), (), 5, id="mutant_routine_and_nobody_could_do_it"),
        pytest.param(wait("gone", kind="person"), (), 5, id="mutant_person_who_left"),
        pytest.param(wait("nurse", kind="person"), (), 0, id="person who is here"),
        pytest.param(
            wait("urgent"), (Coverage(pool="urgent", person="nurse", from_at=at(0), to_at=at(3)),), 2,
            id="mutant_nobody_on_duty_in_the_last_two_hours",
        ),
        pytest.param(
            wait("urgent", urgent=False), (Coverage(pool="urgent", person="nurse", from_at=at(0), to_at=at(3)),), 0,
            id="routine work waits for the day",
        ),
    ],
)  # fmt: skip
def test_a_wait_is_looked_at_in_every_hour(
    row: dict[str, Any], coverage: tuple[Coverage, ...], without: int
) -> None:
    found = sampled([row], directory(*coverage), at(0), at(24))
    assert (found.samples, found.without) == (5, without)
    assert sum(found.owners.values()) == without


@given(began=st.integers(0, 600), minutes=st.integers(1, 600))
def test_samples_are_the_whole_hours_in_which_the_wait_stood(began: int, minutes: int) -> None:
    opened, until = MONDAY + timedelta(minutes=began), MONDAY + timedelta(minutes=began + minutes)
    row = {**wait("empty"), "opened_at": opened, "until": until}
    marks = [at(hour) for hour in range(24) if opened <= at(hour) < until]
    assert sampled([row], directory(), at(0), at(24)).without == len(marks)


def call(*told: tuple[int, float], minutes: float = 60, late: float = 0) -> dict[str, Any]:
    """A critical result's wait that stood for so many minutes, with levels told so many minutes after it opened."""
    opened = at(1)
    heard = [[level, (opened + timedelta(minutes=after)).isoformat()] for level, after in told]
    return {"step": "s1", "case_id": "c1", "release": critical().digest, "state": "call", "opened_at": opened,
            "started_at": opened - timedelta(minutes=late), "until": opened + timedelta(minutes=minutes),
            "told": heard}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "due", "late"),
    [
        pytest.param(call((1, 0), (2, 10), (3, 20)), 3, 0, id="each in time"),
        pytest.param(call((1, 0), (2, 10), minutes=15), 2, 0, id="taken before the third"),
        pytest.param(call((1, 0), (2, 10)), 3, 1, id="mutant_third_never_called"),
        pytest.param(call((1, 0), (2, 10.5), (3, 20)), 3, 1, id="mutant_second_half_a_minute_late"),
        pytest.param(call((3, 0), late=45), 3, 0, id="came late: the highest at once"),
        pytest.param(call((1, 0), late=45), 3, 2, id="mutant_came_late_and_only_the_first_heard"),
    ],
)
def test_levels_are_called_when_they_are_due(row: dict[str, Any], due: int, late: int) -> None:
    found = called([row], {critical().digest: critical()})
    assert (found.due, found.late) == (due, late)
    assert bool(found.steps) == bool(late)


def test_levels_are_read_from_every_wait_that_escalates() -> None:
    assert escalating([critical(), referral()]) == tuple(
        ("critical", state) for state in ("call", "correction", "on-call")
    )


def result(took: float | None, *, age: float = 0) -> dict[str, Any]:
    came = at(1)
    return {"case_id": "c1", "started_at": came - timedelta(minutes=age), "arrived_at": came,
            "taken_at": None if took is None else came + timedelta(minutes=took)}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(result(29), (1, 0, 0), id="in time"),
        pytest.param(result(31), (1, 1, 0), id="mutant_taken_late"),
        pytest.param(result(None), (0, 1, 0), id="mutant_never_taken"),
        pytest.param(result(10, age=45), (1, 0, 1), id="came late"),
    ],
)
def test_a_result_is_past_after_thirty_minutes(
    row: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    found = taken([row], at(3))
    assert (found.taken, found.past, found.came_late) == expected


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001  # made aware below
    days=st.integers(1, 10),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2028, 2, 1)), max_size=60),
    zone=st.sampled_from(["UTC", "America/New_York", "America/Chicago", "Pacific/Auckland"]),
)
def test_the_second_way_of_counting_business_days_agrees_with_the_calendar(
    start: datetime, days: int, holidays: frozenset[date], zone: str
) -> None:
    begin = start.replace(tzinfo=UTC)
    row = replace(OFFICE, zone=zone, holidays=holidays)
    calendar = Calendar(zone=zone, hours=row.hours, holidays=holidays)
    first = due_at(ClockKind.BUSINESS_DAYS, begin, timedelta(days=days), calendar)
    assert last_moment(begin, days, row) == first.replace(microsecond=0)


def contact(done: float | None, due: float = 71.9999, how: str = "") -> dict[str, Any]:
    """A discharge on Monday at eight; due at the end of Wednesday, in hours after Monday's midnight."""
    moment = MONDAY + timedelta(hours=71, minutes=59, seconds=59) if due == 71.9999 else at(due)
    end = at(done) if done is not None else None
    return {"step": "s1", "case_id": "c1", "site": "main", "opened_at": at(8), "started_at": at(8), "due_at": moment,
            "closed_at": end, "how": how, "done_at": end if not how else None}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(contact(60), (0, 1, 0, 0), id="reached on Wednesday"),
        pytest.param(contact(80), (0, 0, 1, 0), id="mutant_reached_on_Thursday"),
        pytest.param(contact(None), (0, 0, 1, 0), id="mutant_never_reached"),
        pytest.param(contact(72, how="expired"), (0, 0, 1, 0), id="mutant_time_ran_out"),
        pytest.param(contact(30, how="discharge.cancelled"), (0, 0, 0, 0), id="undone"),
        pytest.param(contact(60, due=95), (1, 1, 0, 0), id="mutant_clock_a_day_too_long"),
    ],
)
def test_the_contact_clock_is_judged_by_the_rule(
    row: dict[str, Any], expected: tuple[int, ...]
) -> None:
    found = clocked([row], directory(), at(200))
    assert (found.wrong, found.kept, found.missed, found.running) == expected


@pytest.mark.parametrize(
    ("decided_at", "closed_at", "expected"),
    [
        pytest.param(at(80), None, (1, 0, 0), id="on Thursday"),
        pytest.param(at(97), None, (1, 0, 1), id="mutant_on_Friday"),
        pytest.param(None, None, (0, 0, 1), id="mutant_never"),
        pytest.param(None, at(20), (0, 1, 0), id="cancelled before"),
    ],
)
def test_a_decision_is_late_after_three_business_days(
    decided_at: datetime | None, closed_at: datetime | None, expected: tuple[int, ...]
) -> None:
    row = {"case_id": "c", "site": "main", "since": at(9), "decided_at": decided_at,
           "closed_at": closed_at}  # fmt: skip
    found = decided([row], directory(), at(200))
    assert (found.decided, found.ended, found.late) == expected


def task(urgency: Urgency, *, pool: str = "urgent", after: float = 0, case: str = "c") -> dict[str, Any]:  # fmt: skip
    return {"number": 0, "recorded_at": at(1), "case_id": case, "pathway": "p", "task": "t", "name": "n",
            "urgency": int(urgency), "owner_kind": "pool", "owner_name": pool,
            "opened_at": at(1) + timedelta(minutes=after)}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param([task(Urgency.STAT)], "", id="at once"),
        pytest.param([task(Urgency.ROUTINE, case="d"), task(Urgency.STAT)], "", id="a second, ordinary case"),
        pytest.param([], "never arrived", id="mutant_lost"),
        pytest.param([{**task(Urgency.STAT), "task": None}], "no task", id="mutant_no_task"),
        pytest.param([task(Urgency.ROUTINE)], "no urgent task", id="mutant_routine"),
        pytest.param([task(Urgency.STAT, pool="desk")], "no urgent task", id="mutant_pool_for_routine_work"),
        pytest.param([task(Urgency.STAT, after=5)], "no urgent task", id="mutant_after_five_minutes"),
        pytest.param([task(Urgency.STAT), task(Urgency.ROUTINE, after=9)], "lowered", id="mutant_lowered_by_a_rule"),
    ],
)  # fmt: skip
def test_a_red_flag_is_led_to_urgent_work_at_once(rows: list[dict[str, Any]], why: str) -> None:
    found = routed(["M1"], rows, directory())
    assert found.down == bool(why)
    assert found.why.get("M1", "").startswith(why)


@pytest.mark.requirement("R73", "R167")
def test_follow_ups_are_named_by_their_ids() -> None:
    row = {"pathway": "callback", "case_id": "c9", "state": "call", "owner_name": "desk", "site": "main",
           "due_at": at(1), "closed_at": None, "how": ""}  # fmt: skip
    [one] = named([row], at(2))
    assert (one.workflow, one.case, one.settled) == ("b", "c9", "")


def figure(measure: str, n: int, total: float | None = None, **what: str) -> Figure:
    by = {"pathway": "critical-result"}
    return Figure(measure=measure, by=by, what=what, n=n, total=total, median=60.0)


def test_each_workflow_has_an_entry_with_its_own_figures() -> None:
    cases = [{"pathway": "critical-result", "started": 3, "closed": 2, "open": 1}]
    told = [figure("touches", 2, 6.0), figure("milestones", 2, status="acknowledged"),
            figure("exceptions", 4, what="parked", state="", reason="x")]  # fmt: skip
    found = entries(cases, told)
    assert set(found) == set(WORKFLOWS)
    assert (found["k"]["started"], found["k"]["closed"], found["k"]["open"]) == (3, 2, 1)
    assert found["k"]["touches"] == {"cases": 2, "total": 6, "mean": 3.0}
    assert found["k"]["milestones"] == {"acknowledged": {"n": 2, "median_s": 60.0, "p90_s": None}}
    assert found["k"]["exceptions"] == {"parked": 4}
    assert found["a"]["started"] == 0


@pytest.mark.parametrize(
    ("pathway", "expected"),
    [("waitlist-offer", "d"), ("order-tracking", "h"), ("quarantine", ""), ("critical-result", "k")],
)  # fmt: skip
def test_a_pathway_belongs_to_one_workflow(pathway: str, expected: str) -> None:
    assert letter(pathway) == expected
    assert sum(each.carries(pathway) for each in WORKFLOWS.values()) == bool(expected)


def opening(outcome: str, *, offered: bool = True, by_hand: bool = False) -> dict[str, Any]:
    return {
        "case_id": "c",
        "site": "main",
        "outcome": outcome,
        "offered": offered,
        "by_hand": by_hand,
    }


def patient(
    offers: int, *, accepted: int = 0, language: str = "en", first: float | None = None
) -> dict[str, Any]:
    return {"case_id": "p", "opened_at": at(0), "closed_at": None, "service_line": "cardiology", "language": language,
            "visit": "", "urgency": "routine", "offers": offers, "accepted": accepted,
            "first_at": at(first) if first is not None else None}  # fmt: skip


@pytest.mark.requirement("R167")
def test_openings_above_the_floor_are_shared_by_how_they_ended() -> None:
    openings = [
        opening("filled"), opening("unfilled", by_hand=True), opening("gone"), opening(""),
        opening("filled-by-hand", by_hand=True), opening("unfilled", offered=False, by_hand=True),
    ]  # fmt: skip
    served = [patient(3, accepted=1, first=2), patient(1, language="es", first=7)]
    waiting = [*served, patient(0, language="es")]
    found = filled(openings, waiting, at(10))
    assert (found.openings, found.above_floor, found.running, found.filled) == (6, 5, 1, 1)
    assert (found.share, found.offers_per_fill, found.acceptance) == (0.25, 4.0, 0.25)
    assert (found.taken_otherwise, found.by_hand, found.unfilled) == (1, 1, 1)
    assert found.unfilled_without_person == 0
    assert (found.without_offer, found.longest_without_offer_s) == (1, 36000.0)
    assert found.cohorts["language es"] == {"patients": 2, "offers": 1, "each": 0.5}
    assert found.cohorts["visit not said"]["patients"] == 3


def test_mutant_an_opening_that_came_to_nobody_is_counted() -> None:
    assert filled([opening("unfilled", offered=False)], [], at(1)).unfilled_without_person == 1
    assert filled([], [], at(1)).share is None


@cache
def all_shipped() -> dict[str, Definition]:
    """The shipped pathways by name, but for those of the system."""
    return {
        each.name: each
        for path in FILES
        if path.parent.name == "pathways" and not (each := shipped(path.stem)).system
    }


def test_every_shipped_pathway_belongs_to_a_workflow_or_is_of_the_system() -> None:
    """Whoever ships a further pathway says in `WORKFLOWS` where it counts."""
    assert [name for name in all_shipped() if not letter(name)] == []


def test_what_is_judged_by_name_is_what_is_shipped() -> None:
    """A renamed state, task or outcome must not leave a figure at nought."""
    for judged in (CALLS, DECISIONS, CONTACT):
        pathway = all_shipped()[str(judged["pathway"])]
        wanted = judged.get("states", [judged.get("state")])
        outcomes = judged.get("outcomes", [judged.get("outcome")])
        assert set(wanted) <= set(pathway.states)
        assert set(outcomes) <= set(pathway.tasks[str(judged["task"])].outcomes)


def test_every_status_of_a_follow_up_stands_for_a_wait() -> None:
    found = {pathway for pathway, _ in follow_ups(all_shipped().values())}
    assert found == set(FOLLOW_UPS)
    for name, statuses in FOLLOW_UPS.items():
        assert statuses <= {state.status for state in all_shipped()[name].states.values()}
    assert ("discharge-follow-up", "call") in follow_ups(all_shipped().values())
