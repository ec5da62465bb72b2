"""`/health` and `/metrics` of one process."""

import asyncio
import socket
from collections.abc import Mapping
from functools import partial

import uvicorn

from carelane.compose.exposure import require_tls
from carelane.compose.house import House
from carelane.compose.incoming import App, mounted
from carelane.compose.ports import bound
from carelane.engine.telemetry import health_app

Health = tuple[uvicorn.Server, socket.socket]
HEALTH_S = 2.0


def health_of(house: House, port: int, mounts: Mapping[str, App]) -> Health | None:
    """`/health` and `/metrics` of this process, and what is mounted beside; port 0 serves none.

    Raises:
        NotEncrypted: the host is reachable from elsewhere, and there is no certificate.
        PortTaken: another program has the port.
    """
    if port == 0:
        return None
    settings = house.settings
    require_tls(settings)
    config = uvicorn.Config(
        mounted(health_app(house.telemetry, partial(state, house, "intake.backlog")), mounts),
        log_config=None,  # what it says goes through engine/log.py
        access_log=False,
        lifespan="off",
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )
    return uvicorn.Server(config), bound(settings.host, port, setting="CARELANE_HEALTH_PORT")


async def state(house: House, query: str) -> dict[str, object]:
    """Whether this process can do its work now, and why not; where it can, also what the named query's row says."""
    process = house.runtime.process
    try:
        async with asyncio.timeout(HEALTH_S), house.runtime.worker.transaction() as tx:
            row = await tx.one(query)
    except Exception as cause:  # noqa: BLE001  # whatever it is, this process can't do its work now
        return {"healthy": False, "process": process, "cause": type(cause).__name__}
    return {"healthy": True, "process": process, **(row or {})}


async def answer(health: Health | None, stop: asyncio.Event) -> None:
    """Serve until told to stop."""
    if health is None:
        return
    server, door = health
    # `serve` would take over the process's signals, which are `cli`'s.
    serving = asyncio.create_task(server._serve([door]))  # noqa: SLF001  # uvicorn has no public way without signals
    await stop.wait()
    server.should_exit = True
    await serving
