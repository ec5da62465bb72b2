"""The site's files and the shipped pathways put in force, as audited facts; the same files again change nothing."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from carelane.compose.connections import all_connections
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.effects.wording import site_values
from carelane.engine.releases import Releases
from carelane.facts.errors import SetupFault
from carelane.facts.ids import derive
from carelane.intake.quarantine import connection_subject
from carelane.pathways.definition import Definition
from carelane.releases import publish as releases
from carelane.settings import Settings
from carelane.store.database import Database, Tx
from carelane.store.facts import make_subjects
from carelane.store.leaf_rows import leaf


class SiteFault(SetupFault):
    """The site's files have errors; each is named with file, line and remedy. Nothing was changed."""

    code = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """One loading: into which organisation, when, and what the site says."""

    organisation: UUID
    now: datetime
    files: Mapping[str, str]
    snapshot: Snapshot


async def put_in_force(worker: Database, settings: Settings, loading: Loading) -> frozenset[str]:
    """Load the site, its templates and its pathways; the names of calendars that changed.

    Raises:
        SiteFault: a site file has errors. ReleaseFault: a pathway or a template has.
    """
    _, problems = load_site(loading.files)
    errors = [each.line() for each in problems if each.severity == "error"]
    if errors:
        raise SiteFault("\n".join(errors))
    templates = releases.read_templates(
        texts(settings.templates),
        specialities=specialities(loading.snapshot),
        values=site_values(loading.snapshot.messages, loading.snapshot.title),
    )
    shipped = releases.read(texts(settings.pathways), templates)
    async with worker.transaction() as tx:
        name = loading.snapshot.title or loading.snapshot.organisation
        await tx.run("house.make_organisation", id=loading.organisation, name=name)
        changed = await _store_site(tx, loading)
        for definition, text in shipped.values():
            await releases.publish(
                tx,
                loading.organisation,
                definition,
                text,
                now=loading.now,
                by="shipped",
                templates=templates,
            )
        before = await releases.in_force(tx)
        await _activate(tx, loading, shipped, before)
        await _system(tx, loading, shipped, before)
    return changed


def specialities(snapshot: Snapshot) -> list[str]:
    """Names that would tell what a patient comes for: service lines and their specialties."""
    return [
        name
        for line in snapshot.service_lines.values()
        for name in (line.name, line.title, *line.specialties)
    ]


def texts(folder: Path) -> dict[str, str]:
    """The YAML files of a folder by their path in it; pathways' tests are left out."""
    files = sorted(folder.rglob("*.yaml"))
    if not files:
        raise SetupFault(
            f"no *.yaml in {folder}. Remedy: copy the shipped folder, or set its path by a flag"
        )
    return {
        str(each.relative_to(folder)): each.read_text(encoding="utf-8")
        for each in files
        if "tests" not in each.parts
    }


Shipped = Mapping[str, tuple[Definition, str]]


async def _activate(tx: Tx, loading: Loading, shipped: Shipped, before: Releases) -> None:
    """The site's own activations, with its approvers."""
    for row in loading.snapshot.activations:
        if row.pathway not in shipped:
            raise SiteFault(
                f"activations name `{row.pathway}`, which is no shipped pathway. Remedy: {', '.join(shipped)}"
            )
        definition, _ = shipped[row.pathway]
        scope = (row.site, row.service_line)
        if not any(
            a.release == definition.digest and (a.site, a.service_line) == scope
            for a in before.activations
        ):
            await releases.activate(tx, loading.organisation, definition, approvers=row.approvers, reason=row.reason,
                                    now=loading.now, site=row.site, service_line=row.service_line)  # fmt: skip


async def _system(tx: Tx, loading: Loading, shipped: Shipped, before: Releases) -> None:
    """System pathways are in force wherever Carelane runs: they own what nothing else does."""
    activations = loading.snapshot.activations
    approvers = activations[0].approvers if activations else ("carelane", "site")
    for definition, _ in shipped.values():
        if definition.system and not any(
            a.release == definition.digest for a in before.activations
        ):
            await releases.activate(tx, loading.organisation, definition, approvers=approvers,
                                    reason="a system pathway of this release", now=loading.now)  # fmt: skip


async def _store_site(tx: Tx, loading: Loading) -> frozenset[str]:
    """A new version of the directory, unless these very files are in force; which calendars changed."""
    organisation, snapshot = loading.organisation, loading.snapshot
    for name, row in all_connections(snapshot).items():
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
    text = json.dumps(dict(loading.files), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    newest = await tx.one("house.newest_directory")
    if newest is not None and newest["digest"] == digest:
        return frozenset()
    version = 1 if newest is None else newest["version"] + 1
    await tx.run("house.add_directory", organisation=organisation, version=version, digest=digest, files=text,
                 loaded_at=loading.now, loaded_by="site files")  # fmt: skip
    await _told(tx, loading, version, digest)
    before, _ = load_site(json.loads(newest["files"]) if newest else {})
    return frozenset(
        name
        for name, row in snapshot.calendars.items()
        if name in before.calendars and before.calendars[name] != row
    )


async def _told(tx: Tx, loading: Loading, version: int, digest: str) -> None:
    id_ = derive(loading.now, "site", digest, version)
    content = {"version": version, "digest": digest, "files": len(loading.files)}
    actor = {"kind": "carelane", "name": "site files"}
    _, _, body = leaf(id_=id_, organisation=loading.organisation, at=loading.now, action="site.loaded", actor=actor,
                      content=content)  # fmt: skip
    await tx.run("house.leaf", id=id_, organisation=loading.organisation, at=loading.now, body=body)
