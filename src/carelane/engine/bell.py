"""The doorbell: wakes loops when there is work, without a statement in anyone's transaction (SEMANTICS 1, 12.8).

Within a process it is an event per door; between processes `carry` forwards rings by one coalesced NOTIFY on a
side connection. A lost ring only delays: every waiting has a time limit.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate

from carelane.store.notify import Wire

DEBOUNCE_S = 0.02
TOLD_BYTES_MAX = 7_000
"""Of one NOTIFY, which carries less than 8,000."""


class Bell:
    """Rings named doors (`drain`, `interpret`, `effects`)."""

    def __init__(self, *, debounce_s: float = DEBOUNCE_S) -> None:
        self._debounce_s = debounce_s
        self._doors: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._rung: set[str] = set()
        self._left: set[str] = set()
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

    def ring_from(self, door: str) -> None:
        """A ring of another process, unless this door is left to others."""
        if door not in self._left:
            self.ring_here(door)

    def leave(self, door: str) -> None:
        """From now on what other processes ring here is another's: it is at it, and we would look in vain."""
        self._left.add(door)

    def heed(self, door: str) -> None:
        """From now on it is ours again."""
        self._left.discard(door)

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
        """The doors rung since the last answer, comma-separated: what other processes must hear; the rest next time."""
        await self._outward.wait()
        await asyncio.sleep(self._debounce_s)
        self._outward.clear()
        doors = _fitting(sorted(self._rung))
        self._rung.difference_update(doors)
        if self._rung:
            self._outward.set()
        return ",".join(doors)


def _fitting(doors: Sequence[str]) -> Sequence[str]:
    """As many as one NOTIFY carries, at least one."""
    sizes = accumulate(len(door.encode()) + 1 for door in doors)
    return doors[: max(1, sum(size <= TOLD_BYTES_MAX for size in sizes))]


async def carry(bell: Bell, wire: Wire, stop: asyncio.Event) -> None:
    """Forward rings between processes until told to stop."""

    async def outward() -> None:
        while not stop.is_set():
            await wire.tell(await bell.rung())

    async def inward() -> None:
        while not stop.is_set():
            async for doors in wire.hear(seconds=0.5):
                for door in doors.split(","):
                    bell.ring_from(door)

    async with asyncio.TaskGroup() as group:
        telling = group.create_task(outward())
        await inward()
        telling.cancel()
