"""One process of Carelane: databases, keys, directory, releases and clock, put together into a `Runtime`."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from carelane.compose.connections import EMBEDDED_CONNECTIONS, make_client_keys
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.engine.clock import now as machine_now
from carelane.engine.releases import Releases
from carelane.engine.runtime import Runtime
from carelane.engine.telemetry import Telemetry
from carelane.facts.errors import SetupFault
from carelane.facts.ids import derive, name_id
from carelane.intake.quarantine import connection_subject
from carelane.pathways.definition import Definition
from carelane.releases import publish as releases
from carelane.settings import Settings
from carelane.store.database import Database, Tx
from carelane.store.facts import make_subjects
from carelane.store.keyring import open_keys
from carelane.store.keys import FileKeys
from carelane.store.leaf_rows import leaf
from carelane.store.pool import open_pool
from carelane.store.roles import DatabaseUrls
from carelane.store.vault import Vault


class SiteFault(SetupFault):
    """The site's files have errors; each is named with file, line and remedy. Nothing was changed."""

    code = "site"


@dataclass(slots=True, kw_only=True)
class House:
    """A runtime and what it was made of."""

    settings: Settings
    runtime: Runtime
    telemetry: Telemetry
    audit: Database


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
    files = _texts(settings.site, "*.yaml")
    snapshot, _ = load_site(files)
    organisation = name_id("organisation", snapshot.organisation)
    async with AsyncExitStack() as stack:
        databases = {
            role: await _database(stack, url, f"{process}-{role}", organisation, connections)
            for role, url in (("worker", urls.worker), ("app", urls.app), ("audit", urls.audit))
        }
        worker = databases["worker"]
        now = machine_now()
        if load:
            await _load(worker, settings, files, organisation, now)
            make_client_keys(snapshot, settings.home)
        keys = await open_keys(worker, _key_file(settings), now=now)
        async with worker.transaction() as tx:
            snapshot = await _directory(tx)
            in_force = await releases.in_force(tx)
        telemetry = Telemetry()
        runtime = Runtime(
            organisation=organisation, process=process, worker=worker, app=databases["app"], vault=Vault(keys),
            now=machine_now, observer=telemetry, directory=snapshot, releases=in_force,
        )  # fmt: skip
        yield House(
            settings=settings, runtime=runtime, telemetry=telemetry, audit=databases["audit"]
        )


async def _database(
    stack: AsyncExitStack, url: str, name: str, organisation: UUID, connections: int
) -> Database:
    pool = await open_pool(url, name=name, largest=connections)
    stack.push_async_callback(pool.close)
    return Database(pool, organisation)


def _key_file(settings: Settings) -> FileKeys:
    path = settings.inside_home(settings.key_file)
    return FileKeys.open_or_create(path)


def _texts(folder: Path, pattern: str) -> dict[str, str]:
    files = sorted(folder.rglob(pattern))
    if not files:
        raise SetupFault(
            f"no {pattern} in {folder}. Remedy: copy the shipped folder, or set its path by a flag"
        )
    return {
        str(each.relative_to(folder)): each.read_text(encoding="utf-8")
        for each in files
        if "tests" not in each.parts
    }


async def _load(
    worker: Database,
    settings: Settings,
    files: Mapping[str, str],
    organisation: UUID,
    now: datetime,
) -> None:
    """Put the site's files in force as audited facts; the same files again change nothing."""
    snapshot, problems = load_site(files)
    errors = [each.line() for each in problems if each.severity == "error"]
    if errors:
        raise SiteFault("\n".join(errors))
    texts = _texts(settings.pathways, "*.yaml")
    shipped = releases.read(texts)
    async with worker.transaction() as tx:
        await tx.run(
            "house.make_organisation", id=organisation, name=snapshot.title or snapshot.organisation
        )
        await _store_site(tx, organisation, files, snapshot, now)
        for definition, text in shipped.values():
            await releases.publish(tx, organisation, definition, text, now=now, by="shipped")
        before = await releases.in_force(tx)
        for row in snapshot.activations:
            definition, _ = shipped[row.pathway]
            if any(a.release == definition.digest and (a.site, a.service_line) == (row.site, row.service_line)
                   for a in before.activations):  # fmt: skip
                continue
            await releases.activate(tx, organisation, definition, approvers=row.approvers, reason=row.reason, now=now,
                                    site=row.site, service_line=row.service_line)  # fmt: skip
        await _system(tx, organisation, shipped, before, snapshot, now)


async def _system(  # noqa: PLR0913, PLR0917  # one step of loading, with what it was given
    tx: Tx,
    organisation: UUID,
    shipped: Mapping[str, tuple[Definition, str]],
    before: Releases,
    snapshot: Snapshot,
    now: datetime,
) -> None:
    """System pathways are in force wherever Carelane runs: they own what nothing else does."""
    approvers = snapshot.activations[0].approvers if snapshot.activations else ("carelane", "site")
    for definition, _ in shipped.values():
        if definition.system and not any(
            a.release == definition.digest for a in before.activations
        ):
            await releases.activate(tx, organisation, definition, approvers=approvers,
                                    reason="a system pathway of this release", now=now)  # fmt: skip


async def _store_site(
    tx: Tx, organisation: UUID, files: Mapping[str, str], snapshot: Snapshot, now: datetime
) -> None:
    text = json.dumps(dict(files), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = await tx.one("house.newest_directory")
    for name, row in {**snapshot.connections, **EMBEDDED_CONNECTIONS}.items():
        await tx.run(
            "intake.make_connection",
            name=name,
            organisation=organisation,
            kind=row.kind,
            site=row.site,
        )
        await make_subjects(
            tx, organisation, [(connection_subject(organisation, name), "connection", row.site)]
        )
    if newest is not None and newest["digest"] == digest:
        return
    version = 1 if newest is None else newest["version"] + 1
    await tx.run("house.add_directory", organisation=organisation, version=version, digest=digest, files=text,
                 loaded_at=now, loaded_by="site files")  # fmt: skip
    id_ = derive(now, "site", digest, version)
    content = {"version": version, "digest": digest, "files": len(files)}
    _, _, body = leaf(id_=id_, organisation=organisation, at=now, action="site.loaded",
                      actor={"kind": "carelane", "name": "site files"}, content=content)  # fmt: skip
    await tx.run("house.leaf", id=id_, organisation=organisation, at=now, body=body)


async def _directory(tx: Tx) -> Snapshot:
    row = await tx.one("house.newest_directory")
    if row is None:
        raise SetupFault("the site is not loaded yet. Remedy: start `carelane up` once")
    snapshot, _ = load_site(json.loads(row["files"]), version=row["version"])
    return snapshot
