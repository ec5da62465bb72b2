"""A scout asks once for all connections, and wakes those that have something, by their whole name."""

import asyncio

from carelane.compose.connections import readers
from carelane.engine.bell import Bell
from carelane.engine.loop import keep_scouting
from carelane.intake.interpret import OTHERS, interpret
from carelane.store.pending import head
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


async def test_what_another_process_reads_is_left_to_it_until_it_lets_go(feed: Feed) -> None:
    runtime, door = feed.house.runtime, "interpret/mllp"
    bell, reading = runtime.bell, readers(runtime.directory)
    await feed.store(make.referral(1))
    async with runtime.worker.transaction() as tx:
        assert await head(tx, runtime.vault, "mllp", limit=1)  # somebody is at it
        assert await interpret(runtime, reading, "mllp") == OTHERS
    assert not await _heard(bell, door)
    bell.ring_here(door)  # the scout found that something is left
    assert await bell.wait(door, seconds=0)
    assert await interpret(runtime, reading, "mllp") == 1
    assert await _heard(bell, door)


async def _heard(bell: Bell, door: str) -> bool:
    """Whether a ring of another process wakes somebody here."""
    await bell.wait(door, seconds=0)  # what has rung before
    bell.ring_from(door)
    return await bell.wait(door, seconds=0)
