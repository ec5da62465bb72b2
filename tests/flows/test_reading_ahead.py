"""A backlog: what stands behind a batch is read ahead, and who brings it in leaves deciding to others."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from carelane.compose.connections import readers
from carelane.engine.drain import MORE, drain
from carelane.engine.lead import ALIVE
from carelane.engine.loop import keep_draining, keep_helping
from carelane.facts.ports import Reader, Reading
from carelane.facts.problem import Problem
from carelane.intake import interpret as room
from carelane.intake.ahead import Ahead
from carelane.intake.interpret import interpret
from carelane.store import interpreted, load, pending
from carelane.store.pending import head
from carelane.testing import messages as make
from tests.flows.conftest import Feed

BATCH = 3


class Counting:
    """A reader that counts how often it reads what, and has a defect at one text."""

    def __init__(self, inner: Reader, fails_at: bytes = b"no such text") -> None:
        self.inner, self.fails_at = inner, fails_at
        self.read: Counter[bytes] = Counter()

    def __call__(self, raw: bytes, **known: Any) -> tuple[Reading, Sequence[Problem]]:
        """What the bytes say."""
        self.read[raw] += 1
        if self.fails_at in raw:
            raise KeyError("a defect")
        return self.inner(raw, **known)


class Reads:
    """Interprets the connection in small batches; between two of them what is behind is read ahead."""

    def __init__(self, feed: Feed, *, fails_at: bytes = b"no such text") -> None:
        self.runtime = feed.house.runtime
        self.reader = Counting(readers(self.runtime.directory)["mllp"], fails_at)
        self.ahead = Ahead(self.runtime, self.reader, "mllp")

    async def batch(self) -> int:
        """One batch, then what it asks to be read ahead."""
        done = await interpret(self.runtime, {"mllp": self.reader}, "mllp", limit=BATCH, ahead=self.ahead)  # fmt: skip
        await self.ahead.look()
        return done

    async def all(self) -> None:
        """Until nothing waits."""
        while await self.batch():
            pass


def _referrals(number: int) -> list[bytes]:
    return [make.referral(n) for n in range(number)]


async def test_each_message_is_read_once_and_all_become_cases(feed: Feed) -> None:
    raws = _referrals(3 * BATCH + 1)
    await feed.store(*raws)
    reads = Reads(feed)
    await reads.all()
    assert reads.reader.read == Counter(raws)
    assert not reads.ahead.ready()
    await feed.drain()
    opened = feed.sql("select count(*) from pathway_case where pathway = 'referral-intake'")
    assert opened == [(len(raws),)]


async def test_what_is_read_ahead_sees_the_links_that_a_merge_before_it_moved(feed: Feed) -> None:
    """Reading is ahead of the merge; whose the message is, is found after it."""
    await feed.send(make.admit(1, person=1), make.admit(2, person=2))
    await feed.store(
        make.referral(3, person=3),
        make.referral(4, person=4),
        make.merge(5, survivor=1, retired=2),
        make.referral(6, person=2),
    )
    await Reads(feed).all()
    await feed.drain()
    assert feed.subject(2) == feed.subject(1)
    assert feed.open_cases(1)["referral-intake"] == 1


@pytest.mark.invariant("I5")
async def test_a_message_that_we_fail_at_ahead_is_set_aside_by_its_batch(feed: Feed) -> None:
    raws = _referrals(2 * BATCH)
    await feed.store(*raws)
    reads = Reads(feed, fails_at=raws[BATCH + 1].partition(b"PID")[2])
    await reads.all()
    assert feed.sql("select outcome, count(*) from message group by outcome order by outcome") == [
        ("facts", 2 * BATCH - 1),
        ("quarantined", 1),
    ]


async def test_a_batch_that_rolls_back_reads_what_it_needs_again(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feed.store(*_referrals(2 * BATCH))
    reads = Reads(feed)
    await reads.batch()
    written = interpreted.write_interpreted

    def fails(*_: Any) -> None:
        monkeypatch.setattr(room, "write_interpreted", written)
        raise RuntimeError("once")

    monkeypatch.setattr(room, "write_interpreted", fails)
    await reads.all()
    assert feed.sql("select outcome, count(*) from message group by outcome") == [
        ("facts", 2 * BATCH)
    ]


async def test_a_batch_ends_where_its_bytes_do_and_the_rest_follows(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = _referrals(4)
    await feed.store(*raws)
    for most, first in ((1, 1), (len(raws[0]), 1), (len(raws[0]) + len(raws[1]), 2)):
        monkeypatch.setattr(pending, "BYTES_MAX", most)
        async with feed.house.runtime.worker.transaction() as tx:
            queue = await head(tx, feed.house.runtime.vault, "mllp", limit=100)
        assert queue is not None
        assert (len(queue.messages), queue.full) == (first, True)
    await Reads(feed).all()
    assert feed.sql("select outcome, count(*) from message group by outcome") == [("facts", 4)]


async def test_a_batch_of_decisions_ends_where_its_bytes_do_and_the_rest_follows_in_order(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = [make.modify_referral(n, of=1) for n in (10, 11, 12)]
    await feed.store(make.referral(1), make.referral(2), *changes)
    await feed.interpret()
    monkeypatch.setattr(load, "BYTES_MAX", 1)
    done = [await drain(feed.house.runtime) for _ in range(5)]
    assert [(each.facts, each.left) for each in done] == [(1, True)] * 4 + [(1, False)]
    in_order = """select array_agg(m.seq order by a.revision) = array_agg(m.seq order by m.seq), count(*)
      from application a join fact f on f.id = a.fact join message m on m.id = f.origin group by a.case_id
      order by count(*)"""
    assert feed.sql(in_order) == [(True, 1), (True, 4)]


async def _leads(feed: Feed) -> bool:
    """Whether two full batches one after the other leave deciding to others."""
    reads = Reads(feed)
    await reads.batch()
    await reads.batch()
    try:
        async with asyncio.timeout(0):
            await feed.house.runtime.lead.over()
    except TimeoutError:
        return True
    return False


def _another_worker(feed: Feed, *, silent: timedelta) -> None:
    feed.superuser.execute(
        "insert into heartbeat (process, organisation, kind, at) values ('other', %s, 'work', %s)",
        (feed.house.runtime.organisation, feed.hand() - silent),
    )


async def test_the_only_worker_decides_what_it_brings(feed: Feed) -> None:
    await feed.store(*_referrals(3 * BATCH))
    assert not await _leads(feed)


async def test_beside_another_worker_a_backlog_is_brought_in_first(feed: Feed) -> None:
    await feed.store(*_referrals(3 * BATCH))
    _another_worker(feed, silent=timedelta(0))
    assert await _leads(feed)


async def test_not_beside_one_that_has_fallen_silent(feed: Feed) -> None:
    await feed.store(*_referrals(3 * BATCH))
    _another_worker(feed, silent=ALIVE + timedelta(minutes=1))
    assert not await _leads(feed)


async def test_not_when_facts_crowd(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    await feed.store(*_referrals(3 * BATCH))
    _another_worker(feed, silent=timedelta(0))
    monkeypatch.setattr(room, "CROWD", BATCH - 1)
    assert not await _leads(feed)


async def test_it_is_over_with_the_last_batch(feed: Feed) -> None:
    await feed.store(*_referrals(3 * BATCH))
    _another_worker(feed, silent=timedelta(0))
    assert await _leads(feed)
    await Reads(feed).all()
    async with asyncio.timeout(0):
        await feed.house.runtime.lead.over()


async def test_two_drainers_of_one_process_share_a_backlog(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one begins while the first one's batch is being decided."""
    runtime, stop = feed.house.runtime, asyncio.Event()
    await feed.store(*_referrals(250))
    await feed.interpret()
    rung: list[str] = []
    ring = runtime.bell.ring_here

    def heard(door: str) -> None:
        rung.append(door)
        ring(door)

    monkeypatch.setattr(runtime.bell, "ring_here", heard)
    loops = [asyncio.create_task(keep(runtime, stop)) for keep in (keep_draining, keep_helping)]
    async with asyncio.timeout(60):
        while feed.sql("select exists (select from inbox)")[0][0]:
            await runtime.worker.ask(("engine.turns", {"limit": 1}))
    stop.set()
    for door in ("drain", MORE):
        ring(door)
    await asyncio.gather(*loops)
    assert MORE in rung
    assert feed.sql("select disposition, count(*) from decision group by disposition") == [
        ("applied", 250)
    ]
