"""The embedded PostgreSQL under the supervisor: found dead, the same cluster is started again, so often and no more.

A server that ends again and again will not mend by trying for ever: then Carelane ends, so that the init system acts.
"""

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from carelane.facts.errors import SetupFault

Say = Callable[[str], None]


class DatabaseLost(SetupFault):
    """The embedded PostgreSQL ended and can't be started again: see its log, then start Carelane again."""

    code = "database-lost"


class Server(Protocol):
    """A database server that this process owns."""

    def running(self) -> bool:
        """Whether it lives."""

    def revive(self, progress: Say) -> bool:
        """Start it again and wait until it answers; what `progress` raises ends that. Raises what hinders it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look and to try; seconds. After each try in vain the wait is doubled."""

    look_s: float = 1.0
    wait_s: float = 1.0
    calm_s: float = 60.0  # it lived so long: the tries before are forgotten
    tries: int = 5


class _Stopping(Exception):
    """We are told to stop while the server starts."""


async def keep_server(
    server: Server, stop: asyncio.Event, say: Say, *, pace: Pace | None = None
) -> DatabaseLost | None:
    """Start the server again whenever it ended, until told to stop.

    Once `pace.tries` starts in a row were in vain, or were followed by another end within `calm_s`, `stop` is set and
    the fault comes back, for whoever waits for everything to end.
    """
    pace = pace or Pace()
    tries, since = 0, _now()
    while not await _waited(stop, pace.look_s):
        if server.running():
            continue
        if _now() - since >= pace.calm_s:
            tries = 0
        if tries >= pace.tries:
            stop.set()
            return _lost(tries)
        if tries and await _waited(stop, pace.wait_s * 2 ** (tries - 1)):
            return None
        tries += 1
        await _revived(server, stop, say)
        since = _now()
    return None


async def _revived(server: Server, stop: asyncio.Event, say: Say) -> None:
    """One try; why it was in vain is said, and `running` tells."""

    def tell(line: str) -> None:
        if stop.is_set():
            raise _Stopping
        say(line)

    try:
        await asyncio.to_thread(server.revive, tell)
    except _Stopping:
        return
    except (SetupFault, OSError, subprocess.SubprocessError) as fault:
        say(f"PostgreSQL could not be started again: {fault}")


def _lost(tries: int) -> DatabaseLost:
    return DatabaseLost(
        f"PostgreSQL ended and {tries} starts were in vain. Remedy: see the lines above and its log, make room on the"
        " disk or in memory, then start Carelane again; what was acknowledged lies in its data"
    )


async def _waited(stop: asyncio.Event, seconds: float) -> bool:
    """Whether we were told to stop within that time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()


def _now() -> float:
    return asyncio.get_running_loop().time()
