"""`up`, `serve`, `work`, `listen`: the processes of Carelane, together or apart."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from carelane.cli.asking import say, settings_flags, settings_of
from carelane.compose import processes
from carelane.compose.database import owned, running
from carelane.compose.exposure import require_doors
from carelane.compose.house import open_house
from carelane.compose.patience import patiently
from carelane.compose.supervise import Child, supervise
from carelane.compose.wanted import require_ports
from carelane.engine.clock import now
from carelane.engine.log import open_log
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

Process = Callable[[Settings, DatabaseUrls, asyncio.Event], Awaitable[None]]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The four commands."""
    up = commands.add_parser(
        "up", help="everything in one process group, with an embedded PostgreSQL"
    )
    settings_flags(up)
    up.set_defaults(run=_up)
    for name, help_, runner in (
        ("serve", "the portal, the API and inbound HTTP", _serve),
        ("work", "one worker: decides, sends, keeps the audit tree", _work),
        ("listen", "the listener: receives messages and answers after the commit", _listen),
    ):
        one = commands.add_parser(name, help=help_)
        settings_flags(one)
        if name == "work":
            one.add_argument(
                "--number", type=int, default=0, help="which worker of this host this is"
            )
        one.set_defaults(run=runner)


def _up(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    with owned(
        settings, say
    ) as database:  # first: a Carelane that has this home says so better than its ports
        if database.server is not None:
            say(database.server.place)
        require_ports(settings)
        require_doors(settings)
        asyncio.run(_load(settings, database.urls))
        asyncio.run(supervise(settings, children(settings), say, server=database.server))
    return 0


def children(settings: Settings) -> list[Child]:
    """The processes of `up`, by their command lines."""
    base = [sys.executable, "-m", "carelane.cli"]
    workers = [
        Child(f"work-{n}", [*base, "work", "--number", str(n)]) for n in range(settings.workers)
    ]
    return [Child("listen", [*base, "listen"]), *workers, Child("serve", [*base, "serve"])]


async def _load(settings: Settings, urls: DatabaseUrls) -> None:
    async with open_house(settings, urls, process="up", load=True):
        say(
            f"site and pathways are in force; portal on http://{settings.host}:{settings.portal_port}"
        )


def _serve(options: argparse.Namespace) -> int:
    from carelane.compose.serve import serve  # noqa: PLC0415  # only this process pays for the web stack

    return _process(
        options, lambda s, u, stop: serve(s, u, stop, ready=lambda: say("serve: ready"))
    )


_GIVES_WAY = 5
"""How far a worker stands back (`nice`, POSIX): where processors are short, whoever sent gets its answer first."""


def _give_way() -> None:
    """Between processes of one session by `nice`; between sessions, where Linux weighs those (sched(7), autogroup)."""
    os.nice(_GIVES_WAY)
    if os.getsid(0) == os.getpid():  # else it is somebody's shell, with all that runs in it
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(_GIVES_WAY))


def _work(options: argparse.Namespace) -> int:
    _give_way()

    async def ready() -> None:
        say(f"work-{options.number}: ready")

    return _process(
        options, lambda s, u, stop: processes.work(s, u, stop, number=options.number, ready=ready)
    )


def _listen(options: argparse.Namespace) -> int:
    def ready(ports: dict[str, int]) -> None:
        for name, port in ports.items():
            say(f"listen: {name} on port {port}")

    return _process(options, lambda s, u, stop: processes.listen(s, u, stop, ready=ready))


def _process(options: argparse.Namespace, process: Process) -> int:
    settings = settings_of(options)
    open_log(options.command, now)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stop.set)
        await patiently(lambda: process(settings, running(settings), stop), stop, say)

    import uvloop  # noqa: PLC0415  # only long-running processes need it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    return 0
