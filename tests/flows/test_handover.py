"""Work handed over: a row, the giver's until accepted, refused while a field that the next step needs is missing."""

from uuid import UUID

import pytest

from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.testing.message_parts import patient_number
from carelane.testing.messages import referral
from carelane.worklist import acting, handover, holding
from carelane.worklist.answers import Acted, Held, Lost, Refused
from tests.flows.conftest import Feed

pytestmark = pytest.mark.postgres
GIVER, TAKER, OTHER = "amara.quill", "bo.tarrant", "dev.okafor"


async def _to_be_booked(feed: Feed, raw: bytes) -> tuple[UUID, int]:
    """A referral that was accepted; its booking is claimed by the giver."""
    runtime = feed.house.runtime
    await feed.send(raw)
    [(task, version)] = feed.sql("select id, version from task where closed_at is null")
    done = await acting.complete(
        runtime, viewer_of(feed.house, "dev.okafor"), task, version=version, outcome="accepted"
    )
    assert isinstance(done, Acted)
    [(task, version)] = feed.sql("select id, version from task where closed_at is null")
    held = await holding.claim(runtime, viewer_of(feed.house, GIVER), task, version=version)
    assert isinstance(held, Held)
    return task, held.version


async def _offer(house: House, task: UUID, version: int) -> object:
    return await handover.offer(house.runtime, viewer_of(house, GIVER), task, version=version, to=TAKER,
                                what="whole-task", reason="end-of-shift")  # fmt: skip


@pytest.mark.requirement("R103")
@pytest.mark.invariant("I8")
async def test_it_stays_the_givers_until_it_is_accepted(house: House, feed: Feed) -> None:
    """Offered, nobody else can take it; accepted, the receiver finishes it and the giver no more can."""
    task, version = await _to_be_booked(feed, referral(1, specialty=1))
    offered = await _offer(house, task, version)
    assert isinstance(offered, UUID)
    row = "select giver, receiver, what, reason, accepted_at is null from handover"
    assert feed.sql(row) == [(GIVER, TAKER, "whole-task", "end-of-shift", True)]
    assert feed.sql("select assignee from task where id = %s", task) == [(GIVER,)]
    giver, taker, other = (viewer_of(house, each) for each in (GIVER, TAKER, OTHER))
    assert len(await handover.offers(house.runtime, taker)) == 1
    assert isinstance(await handover.accept(house.runtime, other, offered), Refused)
    assert isinstance(await holding.claim(house.runtime, other, task, version=version), Lost)
    taken = await handover.accept(house.runtime, taker, offered)
    assert isinstance(taken, Held)
    assert feed.sql("select assignee from task where id = %s", task) == [(TAKER,)]
    late = await acting.complete(house.runtime, giver, task, version=version, outcome="booked")
    assert isinstance(late, Lost)
    assert late.by == "Bo Tarrant"
    done = await acting.complete(
        house.runtime, taker, task, version=taken.version, outcome="booked"
    )
    assert isinstance(done, Acted)
    leaves = feed.sql("select convert_from(body, 'utf8')::jsonb->>'action' from audit_leaf where "
                      "convert_from(body, 'utf8')::jsonb->>'action' like 'handover.%%' order by seq")  # fmt: skip
    assert [name for (name,) in leaves] == ["handover.offered", "handover.accepted"]


async def test_an_offer_can_be_taken_back_until_then(house: House, feed: Feed) -> None:
    """Withdrawn, it is the giver's as before; accepting comes too late."""
    task, version = await _to_be_booked(feed, referral(1, specialty=1))
    offered = await _offer(house, task, version)
    assert isinstance(offered, UUID)
    assert isinstance(
        await handover.withdraw(house.runtime, viewer_of(house, GIVER), offered), Held
    )
    assert isinstance(
        await handover.accept(house.runtime, viewer_of(house, TAKER), offered), Refused
    )
    assert feed.sql("select assignee from task where id = %s", task) == [(GIVER,)]


@pytest.mark.requirement("R53")
async def test_it_is_refused_while_what_the_next_one_needs_is_missing(
    house: House, feed: Feed
) -> None:
    """Without a phone number nobody can book: the referral is not handed on, and the answer names the field."""
    raw = referral(1, specialty=1)
    without = b"\r".join(
        segment.rpartition(b"|")[0] if segment.startswith(b"PID") else segment
        for segment in raw.split(b"\r")
    )
    assert b"555-" not in without
    assert patient_number(1).encode() in without
    task, version = await _to_be_booked(feed, without)
    refused = await _offer(house, task, version)
    assert isinstance(refused, Refused)
    assert refused.code == "fields-missing"
    assert refused.fields == ("patient_phone",)
    assert feed.sql("select count(*) from handover") == [(0,)]
