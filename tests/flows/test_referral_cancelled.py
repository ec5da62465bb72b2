"""A referral cancelled in each state where it can wait: it ends, or its appointment is somebody's to free (I6)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from carelane.compose.house import House
from carelane.pathways.definition import Definition
from carelane.testing.messages import (
    appointment_booked,
    appointment_event,
    cancel_referral,
    referral,
    register,
    report,
)
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
NURSE = "dev.okafor"
Way = Callable[[Outside], Awaitable[None]]
LATE = timedelta(days=40)
VISIT_OVER = timedelta(days=290)  # synthetic appointments are in late November


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house beside an EHR."""
    opened = await open_outside(house, feed, hand, profile="a")
    yield opened
    await close_outside(opened)


async def _incomplete(on: Outside) -> None:
    await on.feed.send(referral(1, specialty=1, complete=False))


async def _incomplete_overdue(on: Outside) -> None:
    await _incomplete(on)
    await on.do("complete-referral", "could-not-do", reason="other")


async def _triage(on: Outside) -> None:
    await on.feed.send(referral(1, specialty=1))


async def _urgent(on: Outside) -> None:
    await on.feed.send(referral(1, specialty=1, priority=2))


async def _triage_overdue(on: Outside) -> None:
    await _triage(on)
    await on.do("triage-referral", "could-not-do", by=NURSE, reason="other")


async def _waiting(on: Outside) -> None:
    await _triage(on)
    await on.do("triage-referral", "ask-more", by=NURSE, form={"question": "Which knee?"})


async def _scheduling(on: Outside) -> None:
    await _triage(on)
    await on.do("triage-referral", "accepted", by=NURSE)


async def _not_booked(on: Outside) -> None:
    await _scheduling(on)
    await on.do("book-appointment", "could-not-do", reason="no-slot")


async def _rebooking(on: Outside) -> None:
    await _not_booked(on)
    await on.do("decide-unreached", "try-again")


async def _scheduled(on: Outside) -> None:
    await _scheduling(on)
    await on.feed.send(appointment_booked(2, of=1, person=1))


async def _attendance(on: Outside) -> None:
    await _scheduled(on)
    await on.forward(VISIT_OVER)


async def _no_show(on: Outside) -> None:
    await _scheduled(on)
    await on.feed.send(appointment_event(3, "S26", booked=2, of=1, person=1))


async def _booked_by_hand(on: Outside) -> None:
    await _no_show(on)
    await on.do("book-appointment", "booked")


async def _report_pending(on: Outside) -> None:
    await _scheduled(on)
    await on.feed.send(register(3, person=1, appointment=2))


async def _report_overdue(on: Outside) -> None:
    await _report_pending(on)
    await on.forward(LATE)


async def _early_report(on: Outside) -> None:
    await _triage(on)
    await on.feed.send(report(2, of=1, person=1))


async def _closing(on: Outside) -> None:
    await _report_pending(on)
    await on.feed.send(report(4, of=1, person=1))


async def _declining(on: Outside) -> None:
    await _triage(on)
    await on.do("triage-referral", "declined", by=NURSE, form={"decline_reason": "duplicate"})


async def _e_consult(on: Outside) -> None:
    await _triage(on)
    await on.do("triage-referral", "e-consult", by=NURSE)


async def _advising(on: Outside) -> None:
    await _e_consult(on)
    await on.do("answer-e-consult", "answered", by=NURSE, form={"advice": "Rest"})


async def _withdrawing(on: Outside) -> None:
    await _scheduling(on)
    await on.do("book-appointment", "patient-declined")


async def _tell_by_hand(on: Outside) -> None:
    await _declining(on)
    await on.forward(timedelta(days=4))


WAYS: dict[str, Way] = {
    "incomplete": _incomplete,
    "incomplete-overdue": _incomplete_overdue,
    "triage": _triage,
    "urgent-triage": _urgent,
    "triage-overdue": _triage_overdue,
    "waiting-for-information": _waiting,
    "e-consult": _e_consult,
    "advising": _advising,
    "scheduling": _scheduling,
    "not-booked": _not_booked,
    "rebooking": _rebooking,
    "scheduled": _scheduled,
    "attendance": _attendance,
    "no-show": _no_show,
    "booked-by-hand": _booked_by_hand,
    "report-pending": _report_pending,
    "report-overdue": _report_overdue,
    "early-report": _early_report,
    "closing": _closing,
    "declining": _declining,
    "withdrawing": _withdrawing,
    "tell-by-hand": _tell_by_hand,
}
BOOKED = {
    "scheduled",
    "attendance",
    "booked-by-hand",
}  # an appointment stands that somebody must free


def _definition(house: House) -> Definition:
    found = [
        each for each in house.runtime.releases.published.values() if each.name == "referral-intake"
    ]
    return found[-1]


async def test_every_waiting_state_is_in_the_table(house: House) -> None:
    """A new state must say what a cancellation does there; `cancelled-booked` is where one leads."""
    waiting = {name for name, state in _definition(house).states.items() if not state.final}
    assert waiting == {*WAYS, "cancelled-booked"}


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("state", WAYS)
async def test_a_cancellation_ends_it_wherever_it_waits(outside: Outside, state: str) -> None:
    """Nothing new is sent to the EHR afterwards; a booked appointment becomes a task; nothing stays open in silence."""
    await WAYS[state](outside)
    assert outside.state() == state
    sent = len(_writes(outside))
    outside.hand.forward(timedelta(seconds=1))
    await outside.feed.send(cancel_referral(90, of=1))
    outside.owned()
    if state in BOOKED:
        assert outside.state() == "cancelled-booked"
        await outside.do("free-appointment", "freed")
    assert outside.state() == "closed: cancelled"
    await outside.settle(seconds=3_600)
    assert len(_writes(outside)) == sent
    assert {end for _, end, _ in outside.effects()} <= {"withdrawn", "done"}
    assert outside.feed.sql("select count(*) from task t join pathway_case c on c.id = t.case_id "
                            "where c.pathway = 'referral-intake' and t.closed_at is null") == [(0,)]  # fmt: skip


async def test_a_second_cancellation_changes_nothing(outside: Outside) -> None:
    """Sent twice, or once more while the appointment is being freed."""
    await _scheduled(outside)
    await outside.feed.send(cancel_referral(90, of=1), cancel_referral(91, of=1))
    assert outside.state() == "cancelled-booked"
    await outside.feed.send(appointment_event(92, "S15", booked=2, of=1, person=1))
    assert outside.state() == "closed: cancelled"


def _writes(outside: Outside) -> list[dict[str, Any]]:
    return [each for each in outside.ehr.requests if each["method"] in {"POST", "PUT", "PATCH"}]
