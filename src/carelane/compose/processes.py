"""The processes of Carelane: `listen` receives, `work` interprets, decides, sends and keeps the audit tree.

`serve` is the portal's (`compose.serve`). Each has `/health` and `/metrics`, says that it lives, and stops when told.
"""

import asyncio
import gc
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial

from carelane.compose.audit import notary_of
from carelane.compose.durability import Guard
from carelane.compose.health import answer, health_of
from carelane.compose.house import House, open_house
from carelane.compose.incoming import App
from carelane.compose.listening import Listening
from carelane.compose.reading import keep_reading
from carelane.compose.refresh import keep_current
from carelane.compose.sending import begin as sending_of
from carelane.compose.turnover import Work
from carelane.engine import downtime
from carelane.engine.bell import carry
from carelane.engine.demo_clock import DOOR, follow, join
from carelane.engine.loop import (
    keep_beating,
    keep_draining,
    keep_helping,
    keep_scouting,
    supervised,
)
from carelane.engine.periodic import audit_jobs, keep_periodic
from carelane.engine.retention import sweep
from carelane.intake.backlog import Backlog
from carelane.intake.receive import Receiver
from carelane.releases.shadow import Follower
from carelane.settings import Settings
from carelane.store.notify import open_wire
from carelane.store.roles import DatabaseUrls

NOTHING: Mapping[str, App] = {}


def process_name(kind: str, number: int = 0) -> str:
    """A process's name, the same after a restart on the same host."""
    return f"{kind}-{number}@{socket.gethostname()}:{os.getpid()}"


async def run_loops(  # noqa: PLR0913  # what a process is made of
    house: House,
    urls: DatabaseUrls,
    loops: Mapping[str, Work],
    stop: asyncio.Event,
    *,
    port: int,
    mounts: Mapping[str, App] = NOTHING,
) -> None:
    """Keep every loop alive, the doorbell wired and `/health` answering, until told to stop."""
    runtime = house.runtime
    health = health_of(house, port, mounts)
    runtime.log.say("started", part=runtime.process.split("-", maxsplit=1)[0], port=port)

    async def wired() -> None:
        async with open_wire(urls.worker) as wire:
            await carry(runtime.bell, wire, stop)

    settle_memory()
    kind = runtime.process.split("-")[0]
    everything = {
        **loops,
        "bell": wired,
        "beat": lambda: keep_beating(runtime, stop, kind),
        "refresh": lambda: keep_current(house, stop),
    }
    if house.settings.demo_clock:
        await join(runtime, house.clock, kind)
        everything["clock"] = lambda: follow(runtime, house.clock, stop)
    async with asyncio.TaskGroup() as group:
        for name, work in everything.items():
            group.create_task(supervised(name, runtime, stop, work))
        answering = group.create_task(answer(health, stop))
        await stop.wait()
        for door in ("drain", "interpret", "effects", "connections", "stop", DOOR):
            runtime.bell.ring_here(door)
            runtime.bell.ring_each(f"{door}/")
        await answering
    runtime.log.say("stopped")


def settle_memory() -> None:
    """What is loaded stays: the collector of cycles need not walk it again and again (a fifth of all CPU time).

    What a batch makes is freed by counting references; the rare cycle waits for the next collection.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


async def work(
    settings: Settings,
    urls: DatabaseUrls,
    stop: asyncio.Event,
    *,
    number: int = 0,
    ready: Work | None = None,
) -> None:
    """One worker: interpreter, drainer, senders, periodic work."""
    async with open_house(
        settings, urls, process=process_name("work", number), connections=8
    ) as house:
        runtime = house.runtime
        sending = sending_of(house)
        loops: dict[str, Work] = {"drain": partial(keep_draining, runtime, stop)}
        loops["help"] = partial(keep_helping, runtime, stop)
        loops["read"] = partial(keep_reading, runtime, stop)
        loops["scout"] = partial(keep_scouting, runtime, stop, "interpret", "intake.with_pending")
        loops["send"] = partial(sending.keep, stop)
        jobs = audit_jobs(house.audit, runtime, notary_of(house))
        jobs["retention"] = ("20 3 * * * 0", partial(sweep, runtime))  # nightly, 03:20 UTC
        jobs["shadow"] = ("* * * * * */30", Follower(runtime).look)
        jobs["doubles"] = ("40 4 * * * 0", sending.doubles)  # 04:40 UTC
        loops["periodic"] = lambda: keep_periodic(urls.worker, jobs, stop)
        await downtime.begin(runtime)
        if ready is not None:
            await ready()
        port = settings.health_port and settings.health_port + 1 + number
        await run_loops(house, urls, loops, stop, port=port)
        await sending.close()


async def listen(
    settings: Settings,
    urls: DatabaseUrls,
    stop: asyncio.Event,
    *,
    ready: Callable[[dict[str, int]], None],
) -> None:
    """The listener: every inbound MLLP connection of the site; answers after the commit."""
    async with open_house(settings, urls, process=process_name("listen")) as house:
        runtime = house.runtime
        backlog = Backlog(runtime)
        receiver = Receiver(runtime, {}, {}, backlog)
        guard = Guard(house, receiver.receive)
        await guard.look()
        listening = Listening(house, guard, receiver)
        loops: dict[str, Work] = {
            "write": lambda: receiver.write(stop),
            "backlog": lambda: backlog.keep(stop),
            "guard": lambda: guard.keep(stop),
            "listen": lambda: listening.keep(stop),
        }
        try:
            ready(await listening.begin())
            await run_loops(
                house, urls, loops, stop, port=settings.health_port, mounts=listening.mounts
            )
        finally:
            await listening.close()
