"""A scout asks once for all connections, and wakes those that have something, by their whole name."""

import asyncio

from carelane.engine.loop import keep_scouting
from carelane.testing import messages as make
from tests.flows.conftest import Feed

LONGEST_S = 20.0


async def test_a_connection_whose_name_begins_alike_is_not_woken(feed: Feed) -> None:
    bell, stop = feed.house.runtime.bell, asyncio.Event()
    await feed.store(make.referral(1))
    bell.ring_here("interpret/mllp-harbour")  # both doors are known to the bell
    await bell.wait("interpret/mllp-harbour", seconds=LONGEST_S)
    other = asyncio.create_task(bell.wait("interpret/mllp-harbour", seconds=LONGEST_S))
    scouting = asyncio.create_task(
        keep_scouting(feed.house.runtime, stop, "interpret", "intake.with_pending")
    )
    assert await bell.wait("interpret/mllp", seconds=LONGEST_S)
    assert not other.done()
    stop.set()
    bell.ring_here("interpret")
    await scouting
    other.cancel()
