"""Backpressure: the listener outruns the drainers, so above a limit it slows its answers (SEMANTICS 12, 7)."""

import asyncio

from carelane.engine.runtime import Runtime

MESSAGES_MAX = 50_000
PAUSE_MAX_S = 1.0
EVERY_S = 1.0
SELDOM_S = 5.0  # below half of the limit: to count a backlog costs as much as it is long


class Backlog:
    """How much waits, looked at once a second near the limit; `pause` is how long an answer waits for that."""

    def __init__(self, runtime: Runtime, *, limit: int = MESSAGES_MAX) -> None:
        self._runtime = runtime
        self._limit = limit
        self.waiting = 0

    def pause_s(self) -> float:
        """Seconds to wait before storing more: nothing below the limit, then rising to a second at twice of it."""
        return min(PAUSE_MAX_S, max(0.0, (self.waiting - self._limit) / self._limit))

    async def keep(self, stop: asyncio.Event) -> None:
        """Look now and then until told to stop."""
        while not stop.is_set():
            await self.look()
            near = self.waiting * 2 > self._limit
            await self._runtime.bell.wait("stop", seconds=EVERY_S if near else SELDOM_S)

    async def look(self) -> None:
        """Count what waits to be interpreted or decided."""
        async with self._runtime.worker.transaction() as tx:
            row = await tx.one("intake.backlog")
        self.waiting = (row["messages"] + row["facts"]) if row else 0
