"""`spine`: messages/s from MLLP socket to committed decision, each a REF^I12 of its own that opens a case."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.house import Bench
from carelane.testing.messages import referral
from carelane.testing.mllp import Sender


@dataclass(frozen=True, slots=True)
class Spine:
    """One run: rate, and CPU milliseconds of all processes per message."""

    per_second: float
    cpu_ms: float


async def spine(bench: Bench, *, messages: int, first: int, sockets: int = 4) -> Spine:
    """Send, and wait until the last decision has committed."""
    raws = [referral(n) for n in range(first, first + messages)]
    before = int(str(bench.sql("select count(*) from pathway_case")[0]))
    cpu, start = bench.cpu_seconds(), time.monotonic()
    senders = [Sender(host="127.0.0.1", port=bench.port, window=100) for _ in range(sockets)]
    answers = await asyncio.gather(*(each.send(raws[n::sockets]) for n, each in enumerate(senders)))
    assert all(answer.code == "AA" for some in answers for answer in some)
    acked = time.monotonic() - start
    while int(str(bench.sql("select count(*) from pathway_case")[0])) < before + messages:
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - start
    print(f"spine: {messages} acked in {acked:.2f} s, decided in {seconds:.2f} s")
    return Spine(messages / seconds, (bench.cpu_seconds() - cpu) * 1000 / messages)
