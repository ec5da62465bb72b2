"""Late-bound facts stay current: a new directory or activation reaches every process within seconds (SEMANTICS 8)."""

import asyncio

from carelane.compose.house import House, read_directory
from carelane.engine.in_force import in_force

EVERY_S = 2.0


async def keep_current(house: House, stop: asyncio.Event) -> None:
    """Look every two seconds for a newer directory or another set of activations, and take them over whole."""
    seen: tuple[object, ...] = ()
    runtime = house.runtime
    while not stop.is_set():
        async with runtime.worker.transaction() as tx:
            row = await tx.one("house.marks")
            marks = tuple(row.values()) if row else ()
            if seen and marks != seen:
                runtime.directory = await read_directory(tx)
                runtime.releases = await in_force(tx)
                runtime.observer.count("directory_reloaded", {})
        seen = marks
        await runtime.bell.wait("stop", seconds=EVERY_S)
