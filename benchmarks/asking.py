"""`asking`: what one question to the database costs the process that asks, alone and as a transaction."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

from benchmarks.house import Bench
from carelane.store.database import Database
from carelane.store.pool import open_pool

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """Microseconds: CPU time of this process, and from the question to the answer; medians of rounds."""

    alone_cpu: float
    alone: float
    transaction_cpu: float
    transaction: float


async def asking(bench: Bench, *, questions: int) -> Asking:
    """Ask what a worker asks most often, on a database where nothing waits."""
    now = datetime.now(UTC)
    pool = await open_pool(bench.urls.worker, name="bench", autocommit=True)
    async with pool:
        database = Database(pool, UUID(int=1))

        async def alone() -> None:
            await database.ask(("effects.with_waiting", {"now": now}), steady=True)

        async def transaction() -> None:
            async with database.transaction(steady=True) as tx:
                await tx.together(
                    ("engine.turns", {"limit": 96}), ("engine.due_turns", {"limit": 96, "now": now})
                )

        rounds = [
            (*await _timed(alone, questions), *await _timed(transaction, questions))
            for _ in range(ROUNDS)
        ]
    return Asking(*(median(each) for each in zip(*rounds, strict=True)))


async def _timed(ask: Callable[[], Awaitable[None]], times: int) -> tuple[float, float]:
    """Microseconds of CPU and of the clock for each."""
    for _ in range(times // 10):  # statements are prepared
        await ask()
    cpu, clock = time.process_time(), time.perf_counter()
    for _ in range(times):
        await ask()
    return (
        (time.process_time() - cpu) / times * 1e6,
        (time.perf_counter() - clock) / times * 1e6,
    )
