"""What both kinds of demo stand on: the private Carelane, the hospital's process, passwords, waiting, stopping."""

import asyncio
import contextlib
import json
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from carelane.accounts.passwords import set_password
from carelane.cli.asking import say
from carelane.compose.demo import Ports
from carelane.compose.house import House
from carelane.facts.errors import SetupFault
from carelane.settings import Settings
from carelane.store.database import PASSING
from carelane.store.pool import Unreachable
from carelane.store.private_file import write_once
from carelane.store.roles import DatabaseUrls

T = TypeVar("T")
READY_S = 60.0
_AGAIN_S = 2.0


@dataclass(slots=True, kw_only=True)
class Stage:
    """A private Carelane for the demo: its settings, its ports, and the passwords of its staff."""

    settings: Settings
    ports: Ports
    urls: DatabaseUrls
    passwords: Mapping[str, str] = field(repr=False)


async def passwords_for(house: House, names: Iterable[str]) -> dict[str, str]:
    """A new password for each of these people."""
    passwords = {name: secrets.token_urlsafe(18) for name in names}
    for name, password in passwords.items():
        await set_password(house.runtime, name, password)
    return passwords


async def until(stop: asyncio.Event, playing: Coroutine[Any, Any, int]) -> int:
    """The demo's status, or 130 when it was stopped before its end."""
    played, stopped = asyncio.create_task(playing), asyncio.create_task(stop.wait())
    await asyncio.wait({played, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not played.done():
        await asyncio.wait({played}, timeout=2)  # one that stays ends by the same event
    if not played.done():
        played.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await played
        return 130
    return played.result()


async def asked(question: Callable[[], Awaitable[T]], *, tries: int = 5) -> T:
    """The answer to a question to the database, asked again where it was away.

    Raises:
        Unreachable: it was away each time.
    """
    for _ in range(tries - 1):
        try:
            return await question()
        except (*PASSING, Unreachable):
            say("the database was away; asking again")
            await asyncio.sleep(_AGAIN_S)
    try:
        return await question()
    except (*PASSING, Unreachable) as cause:
        raise Unreachable(
            f"the database was away each of {tries} times. Remedy: see the lines above, then start the demo again"
        ) from cause


@contextlib.asynccontextmanager
async def hospital(
    settings: Settings, plan: Mapping[str, object]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The hospital's own process; its plan is a private file, because it holds passwords."""
    file = settings.home / "plan.json"
    write_once(file, json.dumps(plan).encode())
    command = [sys.executable, "-m", "carelane.testing.hospital", str(file)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        file.unlink(missing_ok=True)  # it holds passwords, and the next demo writes its own


async def listen(process: asyncio.subprocess.Process, *, longest_s: float) -> dict[str, Any]:
    """Show the hospital's progress until its day is over; what it told."""
    told: dict[str, Any] = {}
    assert process.stdout is not None  # noqa: S101  # it was asked for
    async with asyncio.timeout(longest_s):
        while line := await process.stdout.readline():
            said = json.loads(line)
            told |= said
            say("hospital: " + ", ".join(f"{name} {value}" for name, value in said.items()))
            if said.get("done"):
                return told
    raise SetupFault(
        f"the synthetic hospital ended before its day was over, with status {await process.wait()}."
        " Remedy: its last lines, above, say why; a port that is taken is the usual cause"
    )


async def ready(settings: Settings, ports: Ports) -> None:
    """Wait until listener and portal take connections, and a worker works: staff that finds no work goes home."""
    working = [settings.health_port + 1] if settings.health_port and settings.workers else []
    async with asyncio.timeout(READY_S):
        for port in (ports.mllp, settings.portal_port, *working):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(settings.host, port)
                    writer.close()
                    break
                await asyncio.sleep(0.2)


def quietly(line: str) -> None:
    """What the private Carelane says about itself."""
    say(f"carelane: {line}")
