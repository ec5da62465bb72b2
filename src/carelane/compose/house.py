"""One process of Carelane: databases, keys, directory, releases and clock, put together into a `Runtime`."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from carelane.compose.connections import make_client_keys
from carelane.compose.site import Loading, put_in_force, texts
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.engine.bell import Bell
from carelane.engine.calendars import announce
from carelane.engine.clock import Clock
from carelane.engine.clock import now as machine_now
from carelane.engine.demo_clock import held_clock
from carelane.engine.in_force import releases_of, stored
from carelane.engine.runtime import PAUSE_S, Runtime
from carelane.engine.telemetry import Telemetry
from carelane.facts.errors import SetupFault
from carelane.facts.ids import name_id
from carelane.settings import Settings
from carelane.store.database import Database, Tx
from carelane.store.keyring import open_keys
from carelane.store.keys import FileKeys
from carelane.store.pool import open_pool
from carelane.store.roles import DatabaseUrls
from carelane.store.vault import Vault

HASTE_S = 0.002
"""Pauses of a demo, whose clock waits for each chain of decisions: shorter ones make more batches, no faster days."""
SERVES = ("listen", "serve", "up", "work")
"""Processes that do work for somebody, by the first part of their names."""


@dataclass(slots=True, kw_only=True)
class House:
    """A runtime and what it was made of."""

    settings: Settings
    runtime: Runtime
    telemetry: Telemetry
    audit: Database
    clock: Clock


@asynccontextmanager
async def open_house(
    settings: Settings,
    urls: DatabaseUrls,
    *,
    process: str,
    load: bool = False,
    connections: int = 4,
) -> AsyncIterator[House]:
    """Open a process's house; with `load`, first put the site's files and the shipped pathways in force."""
    files = texts(settings.site)
    snapshot, _ = load_site(files)
    organisation = name_id("organisation", snapshot.organisation)
    async with AsyncExitStack() as stack:
        databases = {
            role: await _database(stack, url, f"{process}-{role}", organisation, connections)
            for role, url in (("worker", urls.worker), ("app", urls.app), ("audit", urls.audit))
        }
        worker = databases["worker"]
        clock = await held_clock(
            worker,
            demo=settings.demo_clock,
            fresh=load,
            serves=process.partition("-")[0] in SERVES,
        )
        now = clock()
        changed: frozenset[str] = frozenset()
        if load:
            loading = Loading(organisation=organisation, now=now, files=files, snapshot=snapshot)
            changed = await put_in_force(worker, settings, loading)
            make_client_keys(snapshot, settings.home)
        keys = await open_keys(worker, key_file(settings), now=now)
        async with worker.transaction() as tx:
            snapshot = await read_directory(tx)
            releases = await stored(tx)
        current = releases_of(releases)
        telemetry = Telemetry()
        pace = HASTE_S if settings.demo_clock else PAUSE_S
        runtime = Runtime(
            organisation=organisation, process=process, worker=worker, app=databases["app"], vault=Vault(keys),
            now=clock, observer=telemetry, directory=snapshot, releases=current,
            attended=machine_now if settings.demo_clock else None,
            bell=Bell(debounce_s=pace), pause_s=pace,
        )  # fmt: skip
        await announce(runtime, changed)
        yield House(
            settings=settings,
            runtime=runtime,
            telemetry=telemetry,
            audit=databases["audit"],
            clock=clock,
        )


async def _database(
    stack: AsyncExitStack, url: str, name: str, organisation: UUID, connections: int
) -> Database:
    pool = await open_pool(url, name=name, largest=connections, autocommit=True)
    stack.push_async_callback(pool.close)
    return Database(pool, organisation)


def key_file(settings: Settings) -> FileKeys:
    """The keys outside the database, made at the first start."""
    path = settings.inside_home(settings.key_file)
    return FileKeys.open_or_create(path)


async def read_directory(tx: Tx) -> Snapshot:
    """The directory in force."""
    row = await tx.one("house.newest_directory")
    if row is None:
        raise SetupFault("the site is not loaded yet. Remedy: start `carelane up` once")
    snapshot, _ = load_site(json.loads(row["files"]), version=row["version"])
    return snapshot
