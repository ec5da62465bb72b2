"""Clocks: start, warn, levels, expiry, pause, calendars, downtime (SEMANTICS 6; I7, I16)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from carelane.cases import due_facts, may_fire, next_due
from carelane.cases.model import Disposition, Notice
from carelane.facts.fact import Actor, Fact
from carelane.facts.replacing import replace
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import ClockKind, ClockSpec, CountBack, Input, InputType
from carelane.testing.core.pathways import critical, referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, OFFICE_HOURS, Site, completed, definitions_of, fact

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def referral_play(site: Site | None = None, at: datetime = NOON) -> Play:
    """A referral in triage: 8 business hours, a warning after 4."""
    game = Play(definitions=definitions_of(referral()), site=site or Site(), now=at)
    game.tell(fact("referral.received", at=at, keys={"placer_order": "p1"}))
    return game


def result_fact(*, verified: datetime, at: datetime = NOON) -> Fact:
    """A critical result, verified then, heard of now."""
    return fact(
        "result.reported",
        at=at,
        keys={"filler_order": "l1"},
        payload={
            "result": {
                "status": "final",
                "issued": verified.isoformat(),
                "observation": [{"interpretation": "LL"}],
            }
        },
    )


def critical_play(verified: datetime = NOON) -> Play:
    """A critical result that waits for somebody to take it."""
    game = Play(definitions=definitions_of(critical()))
    game.tell(result_fact(verified=verified))
    return game


def told(notices: tuple[Notice, ...]) -> list[tuple[str, str]]:
    """Kind and recipient."""
    return [(notice.kind, notice.to) for notice in notices]


def all_told(game: Play, first: int = 0) -> list[tuple[str, str]]:
    """Every notice since a decision."""
    return [
        pair
        for decided in game.steps[first:]
        for change in decided.changes
        for pair in told(change.notices)
    ]


def test_a_business_clock_counts_open_hours() -> None:
    """Eight hours from Wednesday noon end on Thursday at 11:00 local time."""
    clock = referral_play().open_step().clock
    assert clock.due_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert clock.warn_at == datetime(2026, 3, 4, 21, tzinfo=UTC)
    assert clock.next_at == clock.warn_at
    assert (clock.calendar, clock.calendar_version) == ("office", 1)


def test_warning_then_expiry_then_fallback() -> None:
    """Each tells somebody; the fallback has owner and clock of its own."""
    game = referral_play()
    warned, expired = game.wait(DAY)
    assert (warned.fact.type, told(warned.changes[0].notices)) == (
        "clock.warned",
        [("warn", "referral-desk")],
    )
    assert (expired.fact.type, told(expired.changes[0].notices)) == (
        "clock.expired",
        [("expired", "referral-desk"), ("tell", "referral-lead")],
    )
    assert (game.state(), game.open_step().owner.name) == ("overdue", "referral-lead")
    assert [how for _, how in expired.changes[0].closed] == ["expired"]


def test_a_sites_setting_replaces_the_budget() -> None:
    """The pathway names the setting, the site says how long."""
    game = referral_play(Site(settings={"triage.due": 2 * HOUR}))
    assert game.open_step().clock.due_at == NOON + 2 * HOUR


@pytest.mark.invariant("I16")
def test_a_clocks_fact_is_the_same_however_often_it_is_found() -> None:
    """Its id comes from step, generation and level: an expiry found twice is one fact."""
    game = referral_play()
    first, second = (due_facts(game.view, NOON + timedelta(hours=h))[0] for h in (5, 30))
    assert (first.id, first.recorded_at) == (second.id, second.recorded_at)
    assert first.recorded_at == game.open_step().clock.next_at + SECOND
    assert (first.actor, first.refers["step"]) == (Actor.CLOCK, game.open_step().id)
    assert next_due(game.view) == game.open_step().clock.next_at


@pytest.mark.invariant("I16")
def test_a_clock_that_was_stopped_does_nothing() -> None:
    """Its step is closed, or its time has not come."""
    game = referral_play()
    (early,) = due_facts(game.view, NOON + 5 * HOUR)
    game.do("accept")
    decided = game.tell(replace(early, recorded_at=NOON))
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "clock-stopped")


def test_escalation_fires_each_level_at_its_time() -> None:
    """At once, at 10 and at 20 minutes from verification; each alert to its own recipient."""
    game = critical_play()
    assert all_told(game) == [("level", "responsible-clinician")]
    game.wait(25 * MINUTE)
    assert all_told(game, 1) == [
        ("warn", "responsible-clinician"),
        ("level", "covering-clinician"),
        ("level", "physician-on-call"),
    ]
    alerts = [i for d in game.steps for c in d.changes for i in c.intents]
    assert [dict(alert.references) for alert in alerts] == [
        {"to": "responsible-clinician", "by": "secure-message", "level": "1"},
        {"to": "covering-clinician", "by": "secure-message", "level": "2"},
        {"to": "physician-on-call", "by": "phone", "level": "3"},
    ]
    assert len({alert.id for alert in alerts}) == 3


def test_a_long_past_verification_fires_the_highest_level_at_once() -> None:
    """The levels below are told that they were passed."""
    game = critical_play(verified=NOON - 25 * MINUTE)
    assert all_told(game) == [
        ("passed", "responsible-clinician"),
        ("passed", "covering-clinician"),
        ("level", "physician-on-call"),
    ]
    assert game.open_step().clock.due_at == NOON + 5 * MINUTE


def test_a_verification_in_the_future_gives_nobody_more_time() -> None:
    """A sender's fast clock is not believed."""
    game = critical_play(verified=NOON + 3 * HOUR)
    assert game.open_step().clock.due_at == NOON + 30 * MINUTE


def test_the_last_level_repeats_until_somebody_acknowledges() -> None:
    """The one loop without a bound: a new generation, alert and told supervisor each time."""
    game = critical_play()
    game.wait(31 * MINUTE)
    assert game.state() == "on-call"
    step, first = game.open_step().id, len(game.steps)
    game.wait(30 * MINUTE)
    rounds = all_told(game, first)
    assert rounds.count(("tell", "house-supervisor")) == 3
    assert game.open_step().id == step
    assert game.open_step().clock.generation == 4
    game.do("acknowledged", form={"read_back": True})
    assert game.state() == "act"


@pytest.mark.invariant("I16")
def test_ten_hours_of_downtime_fire_each_thing_once() -> None:
    """Of several due levels the highest fires, the others are told; nothing twice, nothing never."""
    game = critical_play()
    game.sleep(10 * HOUR)
    assert all_told(game, 1) == [
        ("warn", "responsible-clinician"),
        ("passed", "covering-clinician"),
        ("level", "physician-on-call"),
        ("expired", "responsible-clinician"),
        ("level", "physician-on-call"),
    ]
    assert game.state() == "on-call"
    assert game.open_step().clock.due_at == game.now + 10 * MINUTE


@pytest.mark.invariant("I16")
def test_what_was_recorded_before_a_due_time_comes_first() -> None:
    """A clock sees no further than the next pending fact: a level overtaken by an answer is silent."""
    game = critical_play()
    task = game.open_step().task
    assert task is not None
    game.now += 10 * HOUR  # a downtime; an answer of 12 minutes past is pending
    for _ in range(4):
        due = due_facts(game.view, NOON + 12 * MINUTE)
        if due:
            game.tell(due[0])
    assert game.open_step().clock.level == 2
    game.tell(completed(task, "acknowledged", at=NOON + 12 * MINUTE, form={"read_back": True}))
    assert game.state() == "act"


@pytest.mark.parametrize(
    ("safety", "downtime", "drained", "now", "fires"),
    [
        (True, NOON, None, NOON, True),
        (False, NOON, None, NOON, False),
        (False, NOON, NOON - HOUR, NOON, False),
        (False, NOON, NOON + SECOND, NOON, True),
        (False, NOON, None, NOON + 15 * MINUTE, True),
        (False, None, None, NOON, True),
        (False, None, None, NOON - HOUR, False),
    ],
)
def test_after_downtime_the_backlog_may_still_answer(
    *,
    safety: bool,
    downtime: datetime | None,
    drained: datetime | None,
    now: datetime,
    fires: bool,
) -> None:
    """Safety clocks fire at once; others once the ledger is drained past them, or after 15 minutes."""
    clock = replace(referral_play().open_step().clock, next_at=NOON, safety=safety)
    assert may_fire(clock, now, downtime=downtime, drained_until=drained) is fires


def test_a_state_may_be_entered_with_its_clock_paused() -> None:
    """`due_at` is the pause's own end; then the whole budget counts."""
    game = referral_play()
    game.do("accept")
    game.do("booked")
    clock = game.open_step().clock
    assert (clock.due_at, clock.pause_reason) == (NOON + 7 * DAY, "until the visit")
    (resumed,) = game.wait(7 * DAY + 2 * SECOND)
    clock = game.open_step().clock
    assert resumed.fact.type == "clock.resumed"
    assert clock.paused_at is None
    assert clock.due_at.date() == (NOON + 37 * DAY).date() + DAY  # 23:59:59 local, next day in UTC
    assert game.state() == "waiting"


def test_a_person_pauses_and_resumes_with_a_reason() -> None:
    """What ran so far stays used; the due time moves by as much as was paused."""
    game = referral_play()
    game.do("accept")
    game.do("booked")
    game.wait(7 * DAY + 2 * SECOND)
    due = game.open_step().clock.due_at
    game.tell(step_fact(game, "task.paused", reason="patient asked"))
    paused = game.open_step().clock
    assert (paused.paused_at, paused.due_at) == (game.now, game.now + 7 * DAY)
    game.now += DAY
    game.tell(step_fact(game, "task.resumed"))
    clock = game.open_step().clock
    assert clock.due_at == due + DAY
    assert [each.to_at - each.from_at for each in clock.intervals][-1] == timedelta(0)


def step_fact(game: Play, kind: str, **form: str) -> Fact:
    """A person's fact about the open step."""
    return fact(
        kind,
        at=game.now,
        payload={"task": {"form": form}},
        refers={"step": game.open_step().id, "case": game.case().id},
        actor=Actor.PERSON,
        person="nurse.lee",
    )


@pytest.mark.parametrize("kind", ["task.paused"])
@pytest.mark.requirement("R49")
def test_a_safety_clock_is_never_paused(kind: str) -> None:
    """Nor is one whose state does not allow it."""
    assert critical_play().tell(step_fact(critical_play(), kind, reason="busy")).reason == (
        "not-allowed"
    )
    assert referral_play().tell(step_fact(referral_play(), kind, reason="busy")).reason == (
        "not-allowed"
    )


def test_a_new_calendar_moves_running_clocks() -> None:
    """The same obligation, counted anew; nothing that fired fires again."""
    game = referral_play()
    game.wait(5 * HOUR)
    warned = game.open_step().clock
    closed_thursday = replace(
        OFFICE_HOURS, holidays=frozenset({datetime(2026, 3, 5, tzinfo=UTC).date()})
    )
    game.site = Site(hours=closed_thursday, version=2)
    decided = game.tell(fact("calendar.changed", at=game.now))
    clock = game.open_step().clock
    assert decided.disposition is Disposition.APPLIED
    assert (clock.due_at, clock.calendar_version) == (warned.due_at + DAY, 2)
    assert (clock.warned, clock.generation) == (True, warned.generation + 1)
    assert game.tell(fact("calendar.changed", at=game.now, name="again")).reason == "clock-stopped"


ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
EDGES = (
    datetime(2026, 3, 6, 20, tzinfo=UTC),  # before the spring edges
    datetime(2026, 3, 27, 15, tzinfo=UTC),
    datetime(2026, 10, 23, 15, tzinfo=UTC),  # before the autumn edges
    datetime(2026, 10, 30, 19, tzinfo=UTC),
    datetime(2028, 2, 28, 15, tzinfo=UTC),  # a leap day
    datetime(2026, 12, 31, 15, tzinfo=UTC),
)


@pytest.mark.invariant("I16")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", EDGES)
def test_over_both_edges_of_daylight_saving_a_clock_fires_once(zone: str, start: datetime) -> None:
    """Warned once, expired once, in order, in every zone."""
    game = referral_play(Site(hours=Calendar(zone=zone, hours=OFFICE_HOURS.hours)), at=start)
    due = game.open_step().clock.due_at
    game.wait(due + SECOND)
    kinds = [each.fact.type for each in game.steps]
    assert kinds == ["referral.received", "clock.warned", "clock.expired"]
    assert game.open_step().clock.due_at > due


@pytest.mark.invariant("I16")
@pytest.mark.parametrize("jump", [-13 * HOUR, -5 * MINUTE, 5 * MINUTE])
def test_the_hosts_clock_may_jump(jump: timedelta) -> None:
    """For a subject time never goes back: nothing fires early, and nothing twice."""
    game = critical_play()
    game.wait(11 * MINUTE)
    fired = len(game.steps)
    game.now += jump
    decided = game.tell(result_fact(verified=NOON, at=NOON + 11 * MINUTE))
    assert decided.now >= NOON + 11 * MINUTE
    game.wait(timedelta(0))
    assert [each.fact.type for each in game.steps[fired:]] == ["result.reported"]


@pytest.mark.parametrize(
    ("ahead", "due"), [(6 * HOUR, NOON + 4 * HOUR), (HOUR, NOON + 15 * MINUTE)]
)
def test_a_due_time_may_count_back_from_a_date(ahead: timedelta, due: datetime) -> None:
    """Two hours before the slot; if that is past, a quarter of an hour from now."""
    base = referral()
    slot = Input(name="slot", path="slot.start", type=InputType.INSTANT)
    back = CountBack(before="slot", by=2 * HOUR, if_past=15 * MINUTE)
    triage = replace(base.states["triage"], clock=ClockSpec(kind=ClockKind.WALL, back=back))
    changed = replace(
        base,
        inputs={**base.inputs, "slot": slot},
        states={**base.states, "triage": triage},
    )
    game = Play(definitions=definitions_of(changed))
    game.tell(
        fact(
            "referral.received",
            keys={"placer_order": "p1"},
            payload={"slot": {"start": (NOON + ahead).isoformat()}},
        )
    )
    assert game.open_step().clock.due_at == due


def test_every_step_knows_its_case_by_id() -> None:
    """Clock facts refer to case and step."""
    game = critical_play()
    (due,) = due_facts(game.view, NOON + HOUR)
    assert isinstance(due.refers["case"], UUID)
    assert due.refers == {"case": game.case().id, "step": game.open_step().id}
