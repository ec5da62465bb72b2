"""Loops of the site's connections: they end when the connections change, and whoever keeps them begins anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from carelane.directory.snapshot import ConnectionRow
from carelane.engine.loop import supervised
from carelane.engine.runtime import Runtime

LOOK_S = 2.0
Rows = Mapping[str, ConnectionRow]
Work = Callable[[], Awaitable[None]]
Loops = Callable[[asyncio.Event], Mapping[str, Work]]


async def until_other(
    runtime: Runtime, stop: asyncio.Event, rows: Rows, loops: Loops, *, doors: Sequence[str]
) -> None:
    """Keep every loop alive until told to stop, or until the directory has other connections than `rows`.

    `loops` is given the event that ends them; `doors` are where they wait, by the beginning of the name.
    """
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name, work in loops(over).items():
            group.create_task(supervised(name, runtime, over, work))
        while not stop.is_set() and runtime.directory.connections == rows:
            await runtime.bell.wait("connections", seconds=LOOK_S)
        over.set()
        for door in doors:
            runtime.bell.ring_each(door)
