"""A referral from its first byte to the last effect, on both EHRs, with the shipped pathway unchanged."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from carelane.casebook.trace import trace
from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.testing.message_parts import Origin
from carelane.testing.messages import (
    appointment_booked,
    appointment_event,
    cancel_referral,
    referral,
    register,
    report,
)
from carelane.worklist import acting
from carelane.worklist.answers import Acted, Refused
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
NURSE = "dev.okafor"
DUE = ("select s.due_at from step s join pathway_case c on c.id = s.case_id"
       " where s.closed_at is null and c.pathway = 'referral-intake'")  # fmt: skip


@pytest.fixture(params=["a", "b"])
async def outside(
    house: House, feed: Feed, hand: Hand, request: pytest.FixtureRequest
) -> AsyncIterator[Outside]:
    """A house beside an EHR of each profile."""
    opened = await open_outside(house, feed, hand, profile=request.param)
    yield opened
    await close_outside(opened)


async def _accepted(outside: Outside) -> None:
    """Referral 1 (orthopaedics) has come and was accepted."""
    await outside.feed.send(referral(1, specialty=1))
    outside.owned()
    assert outside.state() == "triage"
    await outside.do("triage-referral", "accepted", by=NURSE)
    outside.owned()
    assert outside.state() == "scheduling"


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R64")
@pytest.mark.requirement("R84")
async def test_a_referral_is_triaged_booked_attended_and_answered(outside: Outside) -> None:
    """Each effect is in the EHR exactly once, and one correlation id leads from first byte to last effect."""
    await _accepted(outside)
    await outside.settle()
    assert outside.effects() == [("tell-accepted", "done", "")]
    await outside.feed.send(appointment_booked(2, of=1, person=1))
    outside.owned()
    assert outside.state() == "scheduled"
    await outside.feed.send(register(3, person=1, appointment=2))
    outside.owned()
    assert outside.state() == "report-pending"
    await outside.feed.send(report(4, of=1, person=1))
    outside.owned()
    assert outside.state() == "closing"
    await outside.settle()
    assert outside.state() == "closed: report-received"
    assert [state for _, state, _ in outside.effects()] == ["done", "done"]
    assert list(outside.held().values()) == [1, 1]
    [(case, correlation)] = outside.feed.sql(
        "select id, correlation from pathway_case where pathway = 'referral-intake'"
    )
    async with outside.house.runtime.worker.transaction() as tx:
        found = await trace(tx, case)
    assert found is not None
    hops = [hop.hop for hop in found.hops]
    assert hops[0] == "message received"
    assert hops[-1] == "case closed"
    assert {"task opened", "task claimed", "effect sent", "effect done"} <= set(hops)
    assert all("FHIR" in hop.what for hop in found.hops if hop.hop == "effect done")
    assert outside.feed.sql("select distinct correlation from effect") == [(correlation,)]


async def test_a_referral_withdrawn_by_its_sender_ends(outside: Outside) -> None:
    """Booked or not: after the cancellation nothing new starts at the EHR."""
    await _accepted(outside)
    await outside.feed.send(cancel_referral(2, of=1))
    await outside.settle()
    assert outside.state() == "closed: cancelled"
    assert {state for _, state, _ in outside.effects()} == {"withdrawn"}
    assert outside.held() == {}


async def test_undo_within_its_window_and_the_record_never_hears(outside: Outside) -> None:
    """The held effect is withdrawn; after the window undo is refused."""
    await outside.feed.send(referral(1, specialty=1))
    task = await outside.do("triage-referral", "accepted", by=NURSE)
    who, runtime = viewer_of(outside.house, NURSE), outside.house.runtime
    outside.hand.forward(timedelta(seconds=5))
    acted = await acting.undo(runtime, who, task)
    assert isinstance(acted, Acted)
    assert acted.answer.reason == ""
    await outside.feed.drain()
    assert outside.state() == "triage"
    await outside.settle()
    assert [state for _, state, _ in outside.effects()] == ["withdrawn"]
    assert outside.held() == {}
    task = await outside.do("triage-referral", "accepted", by=NURSE)
    outside.hand.forward(timedelta(seconds=11))
    assert isinstance(await acting.undo(runtime, who, task), Refused)
    await outside.settle()
    assert list(outside.held().values()) == [1]


async def test_two_open_referrals_of_one_patient_stay_apart(outside: Outside) -> None:
    """The report on one closes only that one."""
    await outside.feed.send(referral(1, person=1, specialty=1), referral(2, person=1, specialty=0))
    await outside.feed.send(register(3, person=1))
    assert outside.feed.open_cases(1) == {"referral-intake": 2}
    await outside.feed.send(cancel_referral(4, of=2, person=1))
    await outside.settle()
    assert outside.feed.open_cases(1) == {"referral-intake": 1}


async def test_a_report_before_its_referral_is_held_then_released(outside: Outside) -> None:
    """It waits for the referral, and then asks a person whether it answers it."""
    await outside.feed.send(report(1, of=2, person=2))
    assert outside.feed.sql("select count(*) from pathway_case") == [(0,)]
    await outside.feed.send(referral(2, specialty=1))
    outside.owned()
    assert outside.state() == "early-report"


@pytest.mark.requirement("R35")
async def test_more_is_asked_and_then_it_goes_on(outside: Outside) -> None:
    """Ask for more, the answer comes, triage again, declined: the one who referred is told once."""
    await outside.feed.send(referral(1, specialty=1))
    await outside.do("triage-referral", "ask-more", by=NURSE, form={"question": "Which knee?"})
    outside.owned()
    assert outside.state() == "waiting-for-information"
    await outside.do("get-information", "received", form={"answer": "The left one."})
    assert outside.state() == "triage"
    await outside.do("triage-referral", "declined", by=NURSE, form={"decline_reason": "duplicate"})
    await outside.settle()
    assert outside.state() == "closed: declined"
    assert set(outside.held().values()) == {1}


async def test_a_missed_appointment_is_booked_again(outside: Outside) -> None:
    """No-show, then a new appointment: the same case goes on."""
    await _accepted(outside)
    await outside.feed.send(appointment_booked(2, of=1, person=1))
    missed = appointment_event(3, "S26", booked=2, of=1, person=1)
    await outside.feed.send(missed)
    assert outside.state() == "no-show"
    outside.owned()
    await outside.feed.send(appointment_booked(4, of=1, person=1))
    outside.owned()
    assert outside.state() == "scheduled"


async def test_booked_by_hand_after_a_missed_visit_it_does_not_take_the_old_time(
    outside: Outside,
) -> None:
    """Until the record says when, no clock runs on the missed appointment; then it runs on the new one."""
    await _accepted(outside)
    await outside.feed.send(appointment_booked(2, of=1, person=1))
    [(old,)] = outside.feed.sql(DUE)
    outside.hand.forward(old - outside.hand())
    await outside.feed.send(appointment_event(3, "S26", booked=2, of=1, person=1))
    assert outside.state() == "no-show"
    await outside.do("book-appointment", "booked")
    assert outside.state() == "booked-by-hand"
    outside.owned()
    await outside.forward(timedelta(days=2))
    assert outside.state() == "booked-by-hand", "the old time would say that the visit is over"
    [(due,)] = outside.feed.sql(DUE)
    assert due > outside.hand()
    later = Origin(start=outside.hand())
    await outside.feed.send(appointment_booked(4, of=1, person=1, origin=later))
    assert outside.state() == "scheduled"


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "429", "retry_after": "17"},
        {"mode": "503", "retry_after": "date:90"},
        {"mode": "500-after-commit"},
        {"mode": "commit-then-reset"},
        {"mode": "half-json"},
        {"mode": "token-expired"},
        {"mode": "reset-before"},
    ],
    ids=lambda fault: str(fault["mode"]),
)
async def test_whatever_the_record_does_it_holds_the_effect_once(
    outside: Outside, fault: dict[str, str]
) -> None:
    """Faults of TRUST T8 on the first write: one resource in the end, and few requests."""
    await _accepted(outside)
    outside.ehr.faults.add({**fault, "kind": "Task"})
    for _ in range(4):
        await outside.settle(seconds=120)
    assert outside.effects()[0][1] == "done", outside.effects()
    assert list(outside.held().values()) == [1]
    writes = [
        each
        for each in outside.ehr.requests
        if each["method"] in {"POST", "PUT"} and each["kind"] == "Task"
    ]
    assert len(writes) <= 3, "the fault, a try with the same id, and no more than one beyond"
