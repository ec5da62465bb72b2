"""`spine`: messages/s from MLLP socket to committed decision, each a REF^I12 of its own that opens a case."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.house import Bench
from carelane.testing.messages import referral
from carelane.testing.mllp import Sender

CASES = "select count(*) from pathway_case"
_DONE = """select case when exists (select from message where outcome = 'pending') or exists (select from inbox)
  then 0 else (select count(*) from pathway_case) end"""  # counting all the while would cost what is measured


@dataclass(frozen=True, slots=True)
class Spine:
    """One run: rate, CPU milliseconds per message by process, rows stored per message."""

    per_second: float
    cpu_ms: Mapping[str, float]
    rows: float


async def spine(bench: Bench, *, messages: int, first: int, sockets: int = 4) -> Spine:
    """Send, and wait until the last decision has committed."""
    raws = [referral(n) for n in range(first, first + messages)]
    cases, rows = bench.count(CASES), stored_rows(bench)
    cpu, start = bench.cpu_seconds(), time.monotonic()
    acked = await send(bench, raws, sockets=sockets)
    await bench.until(_DONE, cases + messages)
    seconds = time.monotonic() - start
    print(f"  spine: {messages} answered in {acked:.2f} s, decided in {seconds:.2f} s", flush=True)
    return Spine(
        per_second=messages / seconds,
        cpu_ms={
            name: (now - cpu[name]) * 1000 / messages for name, now in bench.cpu_seconds().items()
        },
        rows=(stored_rows(bench) - rows) / messages,
    )


async def send(bench: Bench, raws: Sequence[bytes], *, sockets: int = 4) -> float:
    """Send all, 100 unanswered per socket; the seconds until the last was accepted."""
    start = time.monotonic()
    senders = [Sender(host="127.0.0.1", port=bench.port, window=100) for _ in range(sockets)]
    answers = await asyncio.gather(*(each.send(raws[n::sockets]) for n, each in enumerate(senders)))
    if any(answer.code != "AA" for some in answers for answer in some):
        raise RuntimeError("a message was not accepted")
    return time.monotonic() - start


def stored_rows(bench: Bench) -> int:
    """All rows of all tables."""
    tables = bench.rows(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
    )
    counts = " + ".join(f'(select count(*) from "{name}")' for (name,) in tables)  # noqa: S608  # our own tables' names
    return bench.count(f"select {counts}")
