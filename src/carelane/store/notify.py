"""Side connections for the doorbell: LISTEN and NOTIFY, never in a decision's transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

CHANNEL = "carelane"


@dataclass(frozen=True, slots=True)
class Wire:
    """Two autocommit connections: one hears, one tells."""

    hearing: AsyncConnection[TupleRow]
    telling: AsyncConnection[TupleRow]

    async def tell(self, doors: str) -> None:
        """Ring other processes."""
        await self.telling.execute("select pg_notify(%s, %s)", (CHANNEL, doors))

    async def hear(self, *, seconds: float) -> AsyncIterator[str]:
        """Rings of other processes, for at most so many seconds."""
        async for notice in self.hearing.notifies(timeout=seconds):
            if notice.pid != self.telling.info.backend_pid:
                yield notice.payload


@asynccontextmanager
async def open_wire(url: str) -> AsyncIterator[Wire]:
    """Open both connections."""
    async with (
        await AsyncConnection.connect(url, autocommit=True) as hearing,
        await AsyncConnection.connect(url, autocommit=True) as telling,
    ):
        await hearing.execute("listen carelane")
        yield Wire(hearing, telling)
