"""`serve`: the portal and API of this Carelane, with `/health` and `/metrics` and what is mounted beside."""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

import uvicorn

from carelane.accounts.rights import Rights
from carelane.compose.charts import Charts, notes_of
from carelane.compose.demo_clock import clock_door
from carelane.compose.evidence import proven
from carelane.compose.exposure import require_tls
from carelane.compose.health import state
from carelane.compose.house import House, open_house
from carelane.compose.incoming import App, mounted
from carelane.compose.openings import SiteOpenings, openings_of
from carelane.compose.policies import policies_of
from carelane.compose.ports import bound
from carelane.compose.processes import NOTHING, process_name, run_loops
from carelane.engine.telemetry import health_app
from carelane.facts.chart import ChartReader
from carelane.facts.openings import OpeningReader
from carelane.portal.app import build
from carelane.portal.desk import Desk
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

_HEALTH = ("healthy", "process", "cause")
_GRACE_S = 3  # open streams are cut after this when told to stop


def portal_of(house: House) -> App:
    """The portal on an open house, with this process's `/health` and `/metrics` in front."""
    return _front(house, desk_of(house))


def desk_of(
    house: House, charts: ChartReader | None = None, times: OpeningReader | None = None
) -> Desk:
    """What the portal's pages are given; the record is read at the site's connections unless others are given."""

    async def health() -> Mapping[str, object]:
        found = await state(house, "house.newest_directory")
        return {name: each for name, each in found.items() if name in _HEALTH}

    return Desk(
        runtime=house.runtime,
        rights=Rights(house.runtime, policies_of(house.settings)),
        health=health,
        prove=proven,
        secure=bool(house.settings.tls_certificate),
        trials=_trials(house.settings),
        chart=charts or Charts(house),
        notes=notes_of(house.settings.notes),
        openings=times or SiteOpenings(house),
        opening_lists=openings_of(house.settings.openings),
    )


def _trials(settings: Settings) -> Mapping[str, str]:
    """The text tables that stand beside the shipped pathways, by name."""
    tables = sorted((settings.pathways / "tests").glob("*.txt"))
    return {table.stem: table.read_text(encoding="utf-8") for table in tables}


def _front(house: House, desk: Desk) -> App:
    own = health_app(house.telemetry, desk.health)
    doors: dict[str, App] = {"/health": own, "/metrics": own}
    if house.settings.demo_clock:
        doors["/demo/clock"] = clock_door(house)
    return mounted(build(desk), doors)


async def serve(
    settings: Settings,
    urls: DatabaseUrls,
    stop: asyncio.Event,
    *,
    ready: Callable[[], None],
    mounts: Mapping[str, App] = NOTHING,
) -> None:
    """Serve the portal on `host` and `portal_port` until told to stop.

    Raises:
        NotEncrypted: the host is reachable from elsewhere, and there is no certificate.
        PortTaken: another program has the port.
    """
    require_tls(settings)
    with bound(settings.host, settings.portal_port, setting="CARELANE_PORTAL_PORT") as door:
        await _serve(settings, urls, door, stop, ready=ready, mounts=mounts)


async def _serve(  # noqa: PLR0913  # what `serve` was given, and its socket
    settings: Settings,
    urls: DatabaseUrls,
    door: socket.socket,
    stop: asyncio.Event,
    *,
    ready: Callable[[], None],
    mounts: Mapping[str, App],
) -> None:
    async with open_house(settings, urls, process=process_name("serve"), connections=8) as house:
        charts, times = Charts(house), SiteOpenings(house)
        desk = desk_of(house, charts, times)
        app = mounted(_front(house, desk), mounts)
        server = uvicorn.Server(_config(settings, app))

        async def web() -> None:
            with suppress(asyncio.CancelledError):
                await server._serve([door])  # noqa: SLF001  # without taking over the process's signals

        serving = asyncio.create_task(web())
        while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn has a flag, no event
            await asyncio.sleep(0.02)
        if serving.done():
            serving.result()
        ready()
        # before anybody asks: a picture is never laid out while a page waits for it
        drawing = asyncio.create_task(desk.drawings.prepare(house.runtime.releases.published))
        await run_loops(house, urls, {}, stop, port=0)
        drawing.cancel()
        server.should_exit = True
        await serving
        await charts.close()
        await times.close()


def _config(settings: Settings, app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,  # what it says goes through engine/log.py
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        ssl_certfile=settings.tls_certificate or None,
        ssl_keyfile=settings.tls_key or None,
    )
