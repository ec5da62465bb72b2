"""Who brings a backlog in leaves deciding to other workers.

One process interprets a connection, in order, and that is the narrowest place of a backlog; deciding can be done by
all. And what is urgent is known only once it is read. So this process decides when it has nothing more to bring, when
facts crowd, or when it is the only worker.
"""

import asyncio
from datetime import timedelta

CROWD = 5_000
"""Facts that wait. More, and who brings them in helps."""
ALIVE = timedelta(seconds=15)
"""Three heartbeats: a worker that has said nothing for so long decides nothing."""
LEAD_S = 1.0


class Lead:
    """Whether this process leaves deciding to others, by connection; it ends by itself, should who took it stop."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._over.set()
        self._endings: dict[str, asyncio.TimerHandle] = {}

    def take(self, connection: str, *, seconds: float = LEAD_S) -> None:
        """Leave deciding to others for so long, because of this connection's backlog."""
        self._forget(connection)
        self._over.clear()
        loop = asyncio.get_running_loop()
        self._endings[connection] = loop.call_later(seconds, self.end, connection)

    def end(self, connection: str) -> None:
        """This connection needs it no more: without any other's backlog this process decides as well."""
        self._forget(connection)
        if not self._endings:
            self._over.set()

    async def over(self) -> None:
        """Wait until deciding is this process's as well."""
        # Again, because it may have been taken again before who waited came to know.
        while not self._over.is_set():
            await self._over.wait()

    def _forget(self, connection: str) -> None:
        if (ending := self._endings.pop(connection, None)) is not None:
            ending.cancel()
