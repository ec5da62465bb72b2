"""Reading ahead: what stands behind a full batch is read while the database answers for that batch.

Reading is pure and needs no order, only its message; whose a message is and what it does is found in its own batch. So
what is read ahead binds nobody: a batch that holds the message uses it, and what is missing it reads itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.ports import Reader, Reading
from carelane.facts.problem import Problem
from carelane.store.pending import Pending, behind

Read = tuple[Reading, Sequence[Problem]]
DOOR = "ahead"
_WAIT_S = 60.0  # whoever wants something read rings
_BREATH = 8
"""Messages, then others of this process have their turn."""


class Ahead:
    """What was read of one connection's messages before their batch."""

    def __init__(self, runtime: Runtime, reader: Reader, connection: str) -> None:
        self.reader, self.connection = reader, connection
        self._runtime = runtime
        self._place, self._limit = -1, 0
        self._read: dict[UUID, tuple[int, Read]] = {}

    @property
    def followed(self) -> bool:
        """Whether the last batch was full."""
        return self._limit > 0

    def ready(self) -> Mapping[UUID, Read]:
        """What is read already."""
        return {message: read for message, (_, read) in self._read.items()}

    def reached(self, place: int, *, more: int) -> None:
        """A batch reaches up to this place: what is before it is forgotten, and so many behind it are read."""
        self._place, self._limit = place, more
        self._read = {message: each for message, each in self._read.items() if each[0] > place}
        if more:
            self._runtime.bell.ring_here(f"{DOOR}/{self.connection}")

    async def keep(self, stop: asyncio.Event) -> None:
        """Read what is wanted, until told to stop."""
        while not stop.is_set():
            if await self._runtime.bell.wait(f"{DOOR}/{self.connection}", seconds=_WAIT_S):
                await self.look()

    async def look(self) -> None:
        """Read what is wanted, once."""
        if not self.followed:
            return
        runtime = self._runtime
        found = await behind(
            runtime.worker, runtime.vault, self.connection, place=self._place, limit=self._limit
        )
        for number, each in enumerate(found, start=1):
            if each.seq > self._place and each.id not in self._read:
                self._keep(each)
            if number % _BREATH == 0:
                await asyncio.sleep(0)

    def _keep(self, message: Pending) -> None:
        if message.conflict or not isinstance(message.raw, bytes):
            return
        # At a defect of ours nothing is kept: the message's batch meets it as well, and sets the message aside.
        with suppress(Exception):
            read = self.reader(message.raw, received_at=message.received_at)
            self._read[message.id] = message.seq, read
