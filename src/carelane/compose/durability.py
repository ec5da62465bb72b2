"""What must hold before anything is acknowledged: a synchronous standby where the site wants one, and room on disk.

`durability: single-host` is the site's signed choice; with `standby` the listener refuses to acknowledge while no
synchronous standby is attached, because a failed host would lose what was acknowledged (SEMANTICS 13; TRUST T5, T10b).
"""

import asyncio
import shutil
from dataclasses import dataclass

from carelane.compose.house import House
from carelane.facts.errors import SetupFault
from carelane.facts.ports import Receipt, Receive

DISK_USED_MAX = 0.95
EVERY_S = 1.0


class IntakeStopped(SetupFault):
    """Messages are refused, not lost: the sender tries again. The message says what to mend."""

    code = "intake-stopped"


@dataclass(slots=True)
class Guard:
    """Stands before a receiver. `reason` is empty while messages may be acknowledged."""

    house: House
    inner: Receive
    reason: str = "durability was not looked at yet"

    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """Store one message, or refuse it before anything is stored."""
        if self.reason:
            raise IntakeStopped(self.reason)
        return await self.inner(connection, raw)

    async def keep(self, stop: asyncio.Event) -> None:
        """Look once a second until told to stop."""
        while not stop.is_set():
            await self.look()
            await self.house.runtime.bell.wait("stop", seconds=EVERY_S)

    async def look(self) -> None:
        """Find out whether messages may be acknowledged now."""
        self.reason = self._disk() or await self._standby()

    def _disk(self) -> str:
        usage = shutil.disk_usage(self.house.settings.home)
        if usage.used / (usage.used + usage.free) < DISK_USED_MAX:
            return ""
        return f"the disk of {self.house.settings.home} is nearly full. Remedy: make room; intake goes on by itself"

    async def _standby(self) -> str:
        if self.house.settings.durability != "standby":
            return ""
        async with self.house.runtime.worker.transaction() as tx:
            row = await tx.one("house.synchronous")
        if row and row["wanted"] and row["attached"]:
            return ""
        return "no synchronous standby is attached. Remedy: attach one, or sign `durability: single-host`"
