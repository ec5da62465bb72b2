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
    """Whether this process leaves deciding to others. It ends by itself, should whoever took it be stopped."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._over.set()
        self._ending: asyncio.TimerHandle | None = None

    def take(self, *, seconds: float = LEAD_S) -> None:
        """Leave deciding to others for so long."""
        self._end_timer()
        self._over.clear()
        self._ending = asyncio.get_running_loop().call_later(seconds, self._over.set)

    def end(self) -> None:
        """Decide here as well."""
        self._end_timer()
        self._over.set()

    async def over(self) -> None:
        """Wait until deciding is this process's as well."""
        while (
            not self._over.is_set()
        ):  # it may have been taken again before who waited came to know
            await self._over.wait()

    def _end_timer(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
