"""Start-up order does not matter: a process whose database is not there yet says so and tries again, for ever (T4)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from carelane.compose.database import NoDatabase
from carelane.engine.chance import full_jitter
from carelane.store.pool import Unreachable

BASE = timedelta(seconds=0.5)
LIMIT = timedelta(seconds=15)
_ABSENT = (NoDatabase, Unreachable)


async def patiently(
    start: Callable[[], Awaitable[None]],
    stop: asyncio.Event,
    say: Callable[[str], None],
    *,
    base: timedelta = BASE,
    limit: timedelta = LIMIT,
) -> None:
    """Run `start` until it ends or `stop` is set; while the database is absent wait with full jitter and try again.

    Everything else that `start` raises is raised: a wrong setting does not mend itself.
    """
    attempt = 0
    while not stop.is_set():
        try:
            await start()
        except _ABSENT as absent:
            wait = full_jitter(attempt, base=base, limit=limit)
            say(f"{absent.code}: {absent} (attempt {attempt + 1}; trying again)")
        else:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await stop.wait()
        attempt += 1
