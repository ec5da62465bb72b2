"""An EHR's budget of requests holds while a backlog drains, and nothing is sent before its Retry-After."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from carelane.compose.connections import counters
from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.effects.dispatch import send_ready
from carelane.effects.sweep import nightly
from carelane.facts.phi import Phi
from carelane.testing.messages import referral
from carelane.worklist import acting
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
BACKLOG = 64
BURST = 50
PER_SECOND = 50


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house beside an EHR."""
    opened = await open_outside(house, feed, hand, profile="a")
    yield opened
    await close_outside(opened)


def _writes(outside: Outside) -> int:
    return sum(
        each["method"] in {"POST", "PUT"} and each["kind"] != "token"
        for each in outside.ehr.requests
    )


async def _backlog(outside: Outside, number: int) -> None:
    """So many accepted referrals whose effects may leave now."""
    await outside.feed.send(*(referral(n, specialty=1) for n in range(1, number + 1)))
    who = viewer_of(outside.house, "dev.okafor")
    for task, version in outside.feed.sql("select id, version from task where closed_at is null"):
        await acting.complete(
            outside.house.runtime, who, task, version=version, outcome="accepted", form=Phi({}, "")
        )
    outside.hand.forward(timedelta(seconds=30))


async def _drain(outside: Outside) -> None:
    for _ in range(BACKLOG):
        if not await send_ready(outside.outbox, "ehr"):
            return


@pytest.mark.requirement("R168")
@pytest.mark.parametrize("known", [True, False], ids=["budget", "mutant: no row, no budget"])
async def test_a_backlog_drains_within_the_budget(outside: Outside, *, known: bool) -> None:
    """At one instant no more than the burst leaves; then so many per second as the site allows."""
    if not known:
        outside.feed.superuser.execute("delete from connection where name = 'ehr'")
        outside.feed.superuser.commit()
    ehr = replace(outside.outbox.destinations["ehr"], per_second=PER_SECOND, burst=BURST)
    limited = {**outside.outbox.destinations, "ehr": ehr}
    outside.outbox = replace(outside.outbox, destinations=limited)
    await _backlog(outside, BACKLOG)
    await _drain(outside)
    assert _writes(outside) == (BURST if known else BACKLOG)
    if not known:
        return
    outside.hand.forward(timedelta(milliseconds=100))
    await _drain(outside)
    assert _writes(outside) == BURST + PER_SECOND // 10
    await outside.settle(seconds=1)
    assert _writes(outside) == BACKLOG
    assert set(outside.held().values()) == {1}


@pytest.mark.parametrize(("mode", "wait"), [("429", "17"), ("503", "date:90")])
async def test_nothing_is_sent_before_the_record_said(
    outside: Outside, mode: str, wait: str
) -> None:
    """Retry-After in seconds and as a date holds the whole connection."""
    seconds = int(wait.removeprefix("date:"))
    await _backlog(outside, 3)
    outside.ehr.faults.add({"mode": mode, "retry_after": wait, "kind": "Task", "count": 3})
    await send_ready(outside.outbox, "ehr")
    struck = _writes(outside)
    outside.hand.forward(timedelta(seconds=seconds - 2))
    await _drain(outside)
    assert _writes(outside) == struck
    for _ in range(4):
        await outside.settle(seconds=60)
    assert list(outside.held().values()) == [1, 1, 1]


@pytest.mark.requirement("R87")
async def test_what_the_record_holds_twice_is_a_persons_work(outside: Outside) -> None:
    """The sweep asks within the budget; an effect held once is let be."""
    await _backlog(outside, 2)
    await outside.settle(seconds=1)
    assert await nightly(outside.outbox, counters(outside.outbox)) == 0
    [twice, _] = list(outside.held())
    [copy] = [
        version.resource
        for version in outside.ehr.desk.records.everything()
        if any(one.get("value") == twice for one in version.resource.get("identifier", []))
    ]
    outside.ehr.desk.records.put("Task", "another", {**copy, "id": "another"})
    outside.hand.forward(timedelta(minutes=1))
    assert await nightly(outside.outbox, counters(outside.outbox)) == 1
    await outside.feed.drain()
    rows = outside.feed.sql(
        "select t.name, t.owner_name from task t join pathway_case c on c.id = t.case_id"
        " where c.pathway = 'effect-attention'"
    )
    assert rows == [("settle-effect", "integration-desk")]
    outside.owned()
