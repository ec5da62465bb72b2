"""`drain`: a backlog of messages decided by two workers; order and urgency are looked up afterwards, not believed."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from benchmarks.house import Bench
from benchmarks.spine import send
from carelane.testing.messages import modify_referral, referral

URGENT_EACH = 250  # every so many referrals one is urgent
CHANGED_EACH = 5  # every so many referrals one is followed by a change of the same referral
_DRAINED = """select (not exists (select from message where outcome = 'pending')
  and not exists (select from inbox))::int"""  # not a count: that would cost what is measured
_DISORDER = """select count(*) from (
  select a.revision <= lag(a.revision) over (partition by a.case_id order by m.seq) as wrong
  from application a join fact f on f.id = a.fact join message m on m.id = f.origin) o where wrong"""
_WAITS = """select f.recorded_at, d.decided_at, f.urgency from fact f join decision d on d.fact = f.id
  join message m on m.id = f.origin where m.seq > %(after)s"""


@dataclass(frozen=True, slots=True)
class Drained:
    """Messages/s; facts decided before an earlier one of their case; how many ordinary facts passed an urgent one."""

    per_second: float
    disordered: int
    urgent: int
    passed_by: int


def backlog(messages: int, first: int) -> list[bytes]:
    """Referrals, some urgent, some changed later: as they stand in the queue."""
    raws: list[bytes] = []
    n = first
    while len(raws) < messages:
        raws.append(referral(n, priority=2 if n % URGENT_EACH == 0 else 0))
        if n % CHANGED_EACH == 0 and n - first >= 1_000:
            raws.append(modify_referral(n + 5_000_000, of=n - 1_000))
        n += 1
    return raws[:messages]


async def drain(bench: Bench, *, messages: int, first: int, workers: Sequence[str]) -> Drained:
    """Let the messages pile up, start the workers, and wait until nothing waits; timed from the first decision.

    How long a worker takes to start is a figure of its own (`worker_start_s`).
    """
    after = bench.count("select coalesce(max(seq), 0) from message")
    acked = await send(
        bench, backlog(messages, first), sockets=1
    )  # one connection, so that their order is known
    print(f"  drain: {messages} accepted in {acked:.1f} s", flush=True)
    await asyncio.gather(*map(bench.start, workers))
    await bench.until(_DRAINED, 1, every=0.5)
    waits = [(row[0], row[1], row[2]) for row in bench.rows(_WAITS, after=after)]
    decided = [each for _, each, _ in waits]
    seconds = max((max(decided) - min(decided)).total_seconds(), 0.001)  # a few are one decision
    urgent, passed_by = _urgency(waits)
    return Drained(messages / seconds, bench.count(_DISORDER), urgent, passed_by)


def _urgency(waits: Sequence[tuple[datetime, datetime, int]]) -> tuple[int, int]:
    """How many urgent facts, and the most ordinary ones that were decided while one of them waited."""
    ordinary = sorted(decided for _, decided, urgency in waits if not urgency)
    urgent = [(recorded, decided) for recorded, decided, urgency in waits if urgency]
    passed = [
        bisect_left(ordinary, decided) - bisect_right(ordinary, recorded)
        for recorded, decided in urgent
    ]
    return len(urgent), max(passed, default=0)
