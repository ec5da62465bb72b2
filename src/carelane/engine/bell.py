"""The doorbell of one process: wakes its loops when there is work, without a statement in anyone's transaction.

Between processes `engine.listen_bell` forwards it by one coalesced NOTIFY on a side connection (SEMANTICS 1, 12.8).
"""

import asyncio
from collections import defaultdict


class Bell:
    """Rings named doors (`drain`, `interpret`, `effects`); waiting takes a time limit, so a lost ring only delays."""

    def __init__(self) -> None:
        self._doors: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def ring(self, door: str) -> None:
        """Wake whoever waits at the door; ringing twice is ringing once."""
        self._doors[door].set()

    async def wait(self, door: str, *, seconds: float) -> None:
        """Wait for a ring, at most so many seconds."""
        event = self._doors[door]
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return
        finally:
            event.clear()
