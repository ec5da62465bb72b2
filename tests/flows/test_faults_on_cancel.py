"""A cancellation or death that meets an effect on its way: nothing new starts, what was done is undone or known."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from carelane.compose.house import House
from carelane.effects.claim import claim
from carelane.effects.dispatch import attempt
from carelane.effects.flight import Flight
from carelane.effects.routing import assign
from carelane.effects.settle import settle
from carelane.testing.messages import appointment_booked, cancel_referral, referral, update
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres


@pytest.fixture(params=["a", "b"])
async def outside(
    house: House, feed: Feed, hand: Hand, request: pytest.FixtureRequest
) -> AsyncIterator[Outside]:
    """A house beside an EHR of each profile, with one accepted referral."""
    opened = await open_outside(house, feed, hand, profile=request.param)
    await feed.send(referral(1, specialty=1))
    await opened.do("triage-referral", "accepted", by="dev.okafor")
    yield opened
    await close_outside(opened)


@pytest.mark.invariant("I6")
@pytest.mark.parametrize("fault", ["", "commit-then-reset", "500-after-commit", "reset-before"])
async def test_a_cancellation_races_an_effect_in_flight(outside: Outside, fault: str) -> None:
    """Whatever the outcome, the record holds it at most once and we know which; nothing starts afterwards."""
    if fault:
        outside.ehr.faults.add({"mode": fault, "kind": "Task"})
    outside.hand.forward(timedelta(seconds=30))
    [flight] = await _claimed(outside)
    settlement = await attempt(outside.outbox, flight)
    await outside.feed.send(cancel_referral(2, of=1))
    await settle(outside.outbox, flight, settlement)
    await outside.feed.drain()
    for _ in range(4):
        await outside.settle(seconds=120)
    outside.owned()
    assert outside.state() == "closed: cancelled"
    [(_, state, _), *undone] = outside.effects()
    there = list(outside.ehr.desk.records.of_kind("Task"))
    assert len(there) == (state == "done"), (outside.effects(), len(there))
    assert all(end in {"done", "withdrawn"} for _, end, _ in undone), outside.effects()


@pytest.mark.invariant("I6")
async def test_after_a_death_nothing_leaves(outside: Outside) -> None:
    """The effect that waited for its undo window is withdrawn, the case closed."""
    await outside.feed.send(update(2, person=1, dead=True))
    await outside.settle()
    assert {state for _, state, _ in outside.effects()} == {"withdrawn"}
    assert outside.held() == {}
    outside.owned()


async def test_cancelled_when_booked_somebody_frees_the_appointment(outside: Outside) -> None:
    """The referral is gone but its appointment stands: a task of the scheduling desk."""
    await outside.settle()
    await outside.feed.send(appointment_booked(2, of=1, person=1))
    await outside.feed.send(cancel_referral(3, of=1))
    outside.owned()
    assert outside.state() == "cancelled-booked"
    await outside.do("free-appointment", "freed")
    await outside.settle()
    assert outside.state() == "closed: cancelled"


async def _claimed(outside: Outside) -> list[Flight]:
    await assign(outside.outbox)
    return await claim(outside.outbox, "ehr", limit=1)
