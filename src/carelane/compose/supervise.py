"""The supervisor of `up`: starts child processes, starts them anew when they end, stops them with itself.

The embedded PostgreSQL is kept beside them (`reviving.py`). A child whose port another program has would end for ever:
then everything ends, with the line that names the port.

Children get their settings by environment, never secrets on a command line.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from carelane.compose.ports import PortTaken
from carelane.compose.reviving import Server, keep_server
from carelane.compose.wanted import require_ports
from carelane.facts.errors import CarelaneError
from carelane.settings import Settings

Say = Callable[[str], None]
_RESTART_S = 1.0
_STOP_S = 15.0
_COULD_NOT = 2
"""The exit status of a door that could not do it (`carelane.cli`)."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process: its name, and its command line."""

    name: str
    command: Sequence[str]


def environment(settings: Settings) -> dict[str, str]:
    """This process's environment with every setting spelled out."""
    given = {
        f"CARELANE_{each.name.upper()}": str(getattr(settings, each.name))
        for each in fields(settings)
    }
    return {**os.environ, **given}  # noqa: TID251  # children inherit what is not ours


async def supervise(
    settings: Settings,
    children: Sequence[Child],
    say: Say,
    *,
    stop: asyncio.Event | None = None,
    server: Server | None = None,
) -> None:
    """Keep every child, and `server` (a database of ours), running until a signal (or `stop`); then end the children.

    Raises:
        DatabaseLost: the server ended and could not be started again; the children have ended.
        PortTaken: a child ended because another program has its port; the others have ended too.
    """
    stopping = stop or asyncio.Event()
    stop_on_signals(stopping)
    async with asyncio.TaskGroup() as group:
        keeping = [group.create_task(_keep(settings, child, stopping, say)) for child in children]
        kept = group.create_task(keep_server(server, stopping, say)) if server else None
    if kept is not None and (lost := kept.result()) is not None:
        raise lost
    for fault in (each.result() for each in keeping):
        if fault is not None:
            raise fault


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` when a person or the system ends us, also by closing the terminal (not under `nohup`)."""
    loop = asyncio.get_running_loop()
    hang_up = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    for each in (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hang_up else [])):
        loop.add_signal_handler(each, stop.set)


async def _keep(
    settings: Settings, child: Child, stop: asyncio.Event, say: Say
) -> PortTaken | None:
    """Start the child whenever it ended; where another program has its port, `stop` is set and the fault comes back."""
    while not stop.is_set():
        process = await asyncio.create_subprocess_exec(
            *child.command,
            env=environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not ended.done():
            await _end(process, ended)
            return None
        if stop.is_set():
            return None
        if ended.result() == _COULD_NOT and (fault := _taken(settings, child)) is not None:
            stop.set()
            return fault
        say(f"{child.name} ended with status {ended.result()}; starting it anew")
        await asyncio.sleep(_RESTART_S)
    return None


def _taken(settings: Settings, child: Child) -> PortTaken | None:
    """Why the child can't start, if it is that another program has one of its ports."""
    try:
        require_ports(settings, process=child.name)
    except CarelaneError as fault:
        return fault if isinstance(fault, PortTaken) else None
    return None


async def _end(process: asyncio.subprocess.Process, ended: "asyncio.Task[int]") -> None:
    process.send_signal(signal.SIGTERM)
    done, _ = await asyncio.wait({ended}, timeout=_STOP_S)
    if not done:
        process.kill()
        await ended
