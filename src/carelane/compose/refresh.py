"""What is bound late stays current: a new directory, activation or key reaches every process within seconds."""

import asyncio

from carelane.compose.house import House, key_file, read_directory
from carelane.engine.in_force import in_force
from carelane.store.keyring import SETTLE, open_keys

EVERY_S = 2.0


async def keep_current(house: House, stop: asyncio.Event) -> None:
    """Look every two seconds for a newer directory or another set of activations, and take them over whole."""
    seen: tuple[object, ...] = ()
    runtime = house.runtime
    while not stop.is_set():
        async with runtime.worker.transaction() as tx:
            row = await tx.one("house.marks", settled=runtime.now() - SETTLE)
            marks = tuple(row.values()) if row else ()
            if seen and marks != seen:
                runtime.directory = await read_directory(tx)
                runtime.releases = await in_force(tx)
                runtime.observer.count("directory_reloaded", {})
        if seen and marks != seen:
            keys = await open_keys(runtime.worker, key_file(house.settings), now=runtime.now())
            runtime.vault.take_over(keys)
        seen = marks
        await runtime.bell.wait("stop", seconds=EVERY_S)
