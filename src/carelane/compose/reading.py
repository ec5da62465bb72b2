"""What a worker interprets: one loop for each connection that messages come by, begun anew when connections change."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from carelane.compose.connections import readers
from carelane.compose.turnover import until_other
from carelane.engine.loop import keep
from carelane.engine.runtime import Runtime
from carelane.facts.ports import Reader
from carelane.intake.ahead import DOOR, Ahead
from carelane.intake.interpret import interpret

SCOUTED_S = 5.0  # a scout rings sooner; this is for one that died


async def keep_reading(runtime: Runtime, stop: asyncio.Event) -> None:
    """Interpret what is pending until told to stop, by the connections of now.

    What came by a connection that the site takes away is still read, as it was read before.
    """
    reading: dict[str, Reader] = {}
    while not stop.is_set():
        rows = runtime.directory.connections
        reading |= readers(runtime.directory)
        loops = partial(_loops, runtime, dict(reading))
        await until_other(runtime, stop, rows, loops, doors=("interpret/", f"{DOOR}/"))


def _loops(
    runtime: Runtime, reading: Mapping[str, Reader], over: asyncio.Event
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """For each connection one that interprets and one that reads ahead of it."""
    found: dict[str, Callable[[], Awaitable[None]]] = {}
    for name, reader in reading.items():
        ahead = Ahead(runtime, reader, name)
        once = partial(interpret, runtime, reading, name, ahead=ahead)
        found[f"ahead-{name}"] = partial(ahead.keep, over)
        found[f"interpret-{name}"] = partial(
            keep, runtime, over, f"interpret/{name}", once, poll_s=SCOUTED_S
        )
    return found
