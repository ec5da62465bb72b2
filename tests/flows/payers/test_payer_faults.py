"""A payer that fails in each way: looked up, never asked twice; notifications; answers that can not be read."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from carelane.compose.house import House
from carelane.testing.insured import order
from carelane.testing.payer.responses import bundle_of, notification
from carelane.testing.payer.server import INQUIRE, SUBMIT
from tests.flows.conftest import Feed, Hand
from tests.flows.payers.asking import Asking, asking

pytestmark = [pytest.mark.postgres, pytest.mark.requirement("R70")]


@pytest.fixture
async def desk(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Asking]:
    """A house, a payer, an EHR."""
    async with asking(house, feed, hand) as opened:
        yield opened


@pytest.mark.invariant("I3")
@pytest.mark.parametrize(
    "mode", ["commit-then-reset", "500-after-commit", "half-json", "outcome-error-after-commit"]
)
async def test_done_but_unheard_is_looked_up_and_never_sent_twice(desk: Asking, mode: str) -> None:
    """The answer that was lost is heard by `$inquire`; one claim at the payer, one fact here."""
    desk.answers("approved")
    desk.payer.faults.add({"mode": mode, "kind": SUBMIT})
    await desk.prepared(order(1))
    await desk.later(minutes=5)
    assert desk.state() == "closed: approved"
    assert len(desk.claims()) == 1
    assert desk.facts() == ["authorisation.answered"]
    assert [one["kind"] for one in desk.payer.requests].count(SUBMIT) == 1


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("mode", ["reset-before", "500", "outcome-error"])
async def test_not_done_and_unheard_is_sent_once_it_is_surely_absent(
    desk: Asking, mode: str
) -> None:
    """Absent twice, the second time after the horizon; only then it is sent again."""
    desk.answers("approved")
    desk.payer.faults.add({"mode": mode, "kind": SUBMIT})
    await desk.prepared(order(1))
    for _ in range(4):
        await desk.later(minutes=2)
    assert desk.state() == "closed: approved"
    assert len(desk.claims()) == 1
    kinds = [one["kind"] for one in desk.payer.requests]
    assert kinds == [SUBMIT, INQUIRE, INQUIRE, SUBMIT]


async def test_a_busy_payer_is_left_alone(desk: Asking) -> None:
    """503 with a time to come back: nothing leaves before."""
    desk.answers("approved")
    desk.payer.faults.add({"mode": "503", "kind": SUBMIT, "retry_after": "600"})
    await desk.prepared(order(1))
    assert desk.submissions() == [("ready", "http-503")]
    assert len(desk.payer.requests) == 1
    await desk.later(minutes=11)
    assert desk.state() == "closed: approved"


async def test_what_the_payer_refuses_goes_to_a_person(desk: Asking) -> None:
    desk.payer.faults.add({"mode": "422", "kind": SUBMIT})
    await desk.prepared(order(1))
    assert desk.state() == "by-hand"
    assert desk.submissions() == [("dead", "http-422-business-rule")]
    assert desk.claims() == []


async def test_a_member_that_the_payer_does_not_know_goes_to_a_person(desk: Asking) -> None:
    desk.payer.desk.strangers.add("M0000001")
    await desk.prepared(order(1, person=1))
    assert desk.state() == "by-hand"
    assert desk.submissions() == [("dead", "payer-error")]


async def test_a_payer_that_is_ill_while_it_is_asked_after(desk: Asking) -> None:
    """A failed question changes nothing; it is asked again."""
    desk.answers("pended")
    await desk.prepared(order(1))
    desk.decides("approved")
    desk.payer.faults.add({"mode": "500", "kind": INQUIRE})
    await desk.later(hours=2)
    assert desk.state() == "payer-standard"
    await desk.later(hours=2)
    assert desk.state() == "closed: approved"


def told(desk: Asking) -> bytes:
    """What the payer's notification of its decisions holds."""
    now = desk.payer.clock.now()
    bundle = bundle_of(desk.claims(), str(desk.payer.base), now)
    return msgspec.json.encode(notification(bundle, now))


async def test_a_notification_comes_before_the_question(desk: Asking) -> None:
    """The Subscription's bundle closes it; the question after it brings nothing new."""
    desk.answers("pended")
    await desk.prepared(order(1))
    desk.decides("denied")
    await desk.feed.send(told(desk), connection="payer")
    assert desk.state() == "denied"
    await desk.later(hours=2)
    assert desk.state() == "denied"
    assert desk.awaited() == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda one: one["request"].pop("identifier") and one.pop("identifier"),
            "payer.claim-unknown",
        ),
        (lambda one: one["item"][0].pop("adjudication"), "payer.answer-unclear"),
    ],
)
async def test_an_answer_that_can_not_be_read_goes_to_a_person(
    desk: Asking, change: Any, reason: str
) -> None:
    """Held back with its reason; the case stays where its clock watches it."""
    desk.answers("pended")
    await desk.prepared(order(1))
    desk.decides("approved")
    message = msgspec.json.decode(told(desk))
    change(message["entry"][1]["resource"]["entry"][0]["resource"])
    await desk.feed.send(msgspec.json.encode(message), connection="payer")
    assert desk.state() == "payer-standard"
    rows = desk.feed.sql("select reason from message where outcome = 'quarantined'")
    assert rows == [(reason,)]


async def test_an_answer_about_a_claim_that_is_not_ours_goes_to_a_person(desk: Asking) -> None:
    desk.answers("pended")
    await desk.prepared(order(1))
    [held] = desk.claims()
    raw = told(desk).replace(held.number.encode(), b"7b7e1f3e-0000-8000-8000-000000000000")
    await desk.feed.send(raw, connection="payer")
    rows = desk.feed.sql("select reason from message where outcome = 'quarantined'")
    assert rows == [("identity.unknown-claim",)]


async def test_two_workers_ask_once(desk: Asking) -> None:
    """A question is put off before it is asked: a second worker finds nothing due."""
    desk.answers("pended")
    await desk.prepared(order(1))
    await desk.later(hours=2)
    await desk.settle()
    await desk.settle()
    [held] = desk.claims()
    assert held.inquiries == 1
