"""The doorbell: wakes loops when there is work, without a statement in anyone's transaction (SEMANTICS 1, 12.8).

Within a process it is an event per door; between processes `carry` forwards rings by one coalesced NOTIFY on a
side connection. A lost ring only delays: every waiting has a time limit.
"""

import asyncio
from collections import defaultdict

from carelane.store.notify import Wire

DEBOUNCE_S = 0.02


class Bell:
    """Rings named doors (`drain`, `interpret`, `effects`)."""

    def __init__(self, *, debounce_s: float = DEBOUNCE_S) -> None:
        self._debounce_s = debounce_s
        self._doors: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._rung: set[str] = set()
        self._outward = asyncio.Event()

    def ring(self, door: str, *, few: bool = False) -> None:
        """Wake whoever waits at the door, here and in other processes; ringing twice is ringing once.

        `few`: so little that this process, which waits at that door itself, needs no help: others would look in vain.
        """
        self.ring_here(door)
        if few:
            return
        self._rung.add(door)
        self._outward.set()

    def ring_here(self, door: str) -> None:
        """Wake whoever waits at the door in this process."""
        self._doors[door].set()

    def ring_each(self, beginning: str) -> None:
        """Wake whoever waits in this process at a door with this beginning."""
        for door, event in tuple(self._doors.items()):
            if door.startswith(beginning):
                event.set()

    async def wait(self, door: str, *, seconds: float) -> bool:
        """Wait for a ring, at most so many seconds; whether it rang."""
        event = self._doors[door]
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            event.clear()
        return True

    async def rung(self) -> str:
        """The doors rung since the last answer, comma-separated: what other processes must hear."""
        await self._outward.wait()
        await asyncio.sleep(self._debounce_s)
        self._outward.clear()
        doors, self._rung = self._rung, set()
        return ",".join(sorted(doors))


async def carry(bell: Bell, wire: Wire, stop: asyncio.Event) -> None:
    """Forward rings between processes until told to stop."""

    async def outward() -> None:
        while not stop.is_set():
            await wire.tell(await bell.rung())

    async def inward() -> None:
        while not stop.is_set():
            async for doors in wire.hear(seconds=0.5):
                for door in doors.split(","):
                    bell.ring_here(door)

    async with asyncio.TaskGroup() as group:
        telling = group.create_task(outward())
        await inward()
        telling.cancel()
