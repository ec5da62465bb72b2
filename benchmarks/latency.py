"""`ack_p99_ms` and `message_to_task_p95_ms` at a steady rate: an open loop, so that a slow answer delays no message.

Who watches for tasks is a process of its own that looks seldom and only at what is new: watching from here held up
the very answers that are timed.
"""

import asyncio
import multiprocessing
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from benchmarks.house import Bench
from carelane.connect.hl7v2.codec import Frame, Framer, frame
from carelane.testing.messages import referral

_NEW_TASKS = """select t.id, m.received_at from pathway_case c join task t on t.case_id = c.id
  join message m on m.id = c.correlation where c.opened_at > greatest(%s, now() - interval '3 seconds')"""
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds; 99 and 95 of 100 messages are faster."""

    ack_p99_ms: float
    message_to_task_p95_ms: float


@dataclass(slots=True)
class _Paced:
    """One socket: when each message was sent, and how long its answer took."""

    sent: deque[float] = field(default_factory=deque)
    answers: list[float] = field(default_factory=list)


async def latency(
    bench: Bench, *, first: int, per_second: int = 200, seconds: float = 10.0
) -> Latency:
    """Send at this rate and watch when tasks can be seen by another session."""
    messages = int(per_second * seconds)
    raws = [referral(n) for n in range(first, first + messages)]
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        # First for none, so that it is there and has imported what it needs.
        await asyncio.wrap_future(pool.submit(_watch, bench.superuser, 0, datetime.now(UTC)))
        watching = pool.submit(_watch, bench.superuser, messages, datetime.now(UTC))
        answers = await _send(bench, raws, per_second)
        seen = await asyncio.wrap_future(watching)
    return Latency(ack_p99_ms=_at(answers, 0.99), message_to_task_p95_ms=_at(seen, 0.95))


def _at(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def _send(bench: Bench, raws: list[bytes], per_second: int) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port)
    paced = _Paced()
    reading = asyncio.create_task(_read(reader, paced, len(raws)))
    start = time.monotonic()
    for n, raw in enumerate(raws):
        due = start + n / per_second
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        paced.sent.append(due)  # when it should have gone: our own delay counts too
        writer.write(frame(raw))
    async with asyncio.timeout(30):
        await reading
    writer.close()
    return paced.answers


async def _read(reader: asyncio.StreamReader, paced: _Paced, number: int) -> None:
    framer = Framer()
    while len(paced.answers) < number and (data := await reader.read(65_536)):
        now = time.monotonic()
        for event in framer.receive(data):
            if isinstance(event, Frame):
                paced.answers.append(now - paced.sent.popleft())


def _watch(superuser: str, number: int, since: datetime) -> list[float]:
    """Seconds from a message's arrival until its task is there for others; looking seldom adds to them."""
    seen: dict[UUID, float] = {}
    end = time.monotonic() + 60
    with psycopg.connect(superuser, autocommit=True) as connection:
        while len(seen) < number and time.monotonic() < end:
            for task, received_at in connection.execute(
                _NEW_TASKS.encode(), (since,), prepare=True
            ):
                seen.setdefault(task, time.time() - received_at.timestamp())
            time.sleep(LOOK_S)
    if len(seen) < number:
        raise RuntimeError(f"only {len(seen)} of {number} tasks appeared within a minute")
    return list(seen.values())
