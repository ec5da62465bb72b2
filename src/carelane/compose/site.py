"""The site's files and the shipped pathways put in force, as audited facts; the same files again change nothing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from carelane.compose.connections import all_connections
from carelane.compose.evidence import proven
from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.effects.wording import site_values
from carelane.engine.in_force import in_force, scope_of
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.facts.errors import SetupFault
from carelane.facts.ids import derive
from carelane.intake.quarantine import connection_subject
from carelane.pathways.definition import Definition
from carelane.pathways.folder import Loaded
from carelane.pathways.templates import Template
from carelane.releases import publish as releases
from carelane.releases.refusals import Wish, refusal
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
    templates = shipped_templates(settings, loading.snapshot)
    shipped = releases.read(texts(settings.pathways), templates)
    async with worker.transaction() as tx:
        done = await _done(tx)
    for definition in _first(loading, shipped, done):
        proven(definition, None)  # now, because no transaction may wait for it
    async with worker.transaction() as tx:
        await tx.run("house.take_time")
        name = loading.snapshot.title or loading.snapshot.organisation
        await tx.run("house.make_organisation", id=loading.organisation, name=name)
        changed = await _store_site(tx, loading)
        for each in _wanted(shipped, loading.snapshot):
            await releases.publish(
                tx,
                loading.organisation,
                each.definition,
                each.text,
                now=loading.now,
                by="shipped",
                templates=templates,
            )
        await _activate(tx, loading, shipped, done)
        await _system(tx, loading, shipped, done)
    return changed


def _wanted(shipped: Sequence[Loaded], snapshot: Snapshot) -> tuple[Loaded, ...]:
    """The pathways the site puts in force, with their overlays, and the system's: a process reads all that there is."""
    named = {row.pathway for row in snapshot.activations}
    return tuple(
        each for each in shipped if each.definition.system or each.definition.name in named
    )


def shipped_templates(settings: Settings, snapshot: Snapshot) -> Mapping[str, Template]:
    """The templates of messages to patients, held against the site's names and values.

    Raises:
        ReleaseFault: a template has a mistake.
    """
    rules = snapshot.messages
    own = {
        "answer": rules.answers,
        "status": rules.status,
    }  # a link of each message, as long as it may be
    plain = site_values(rules, snapshot.title).items()
    return releases.read_templates(
        texts(settings.templates),
        specialities=specialities(snapshot),
        values={name: value for name, value in plain if not own.get(name)},
    )


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


Done = frozenset[tuple[str, Scope]]


async def _done(tx: Tx) -> Done:
    """Each release and scope that was ever put in force: the same files again must not undo a rollback."""
    return frozenset((row["release"], scope_of(row)) for row in await tx.rows("releases.ever"))


def _first(loading: Loading, shipped: Sequence[Loaded], done: Done) -> list[Definition]:
    """The releases that this loading will put in force."""
    wanted = {(row.pathway, row.overlay) for row in loading.snapshot.activations}
    known = {digest for digest, _ in done}
    return [
        each.definition
        for each in shipped
        if (each.definition.system or (each.definition.name, each.overlay) in wanted)
        and each.definition.digest not in known
    ]


async def _activate(tx: Tx, loading: Loading, shipped: Sequence[Loaded], done: Done) -> None:
    """The site's own activations, with its approvers."""
    known = {(each.definition.name, each.overlay): each.definition for each in shipped}
    for row in loading.snapshot.activations:
        definition = known.get((row.pathway, row.overlay))
        if definition is None:
            listed = ", ".join(" with overlay ".join(filter(None, each)) for each in known)
            asked = " with overlay ".join(filter(None, (row.pathway, row.overlay)))
            raise SiteFault(
                f"activations name `{asked}`, which is no shipped pathway. Remedy: {listed}"
            )
        scope = Scope(site=row.site, service_line=row.service_line)
        if (definition.digest, scope) not in done:
            wish = Wish(release=definition, scope=scope, person=row.approvers[0], reason=row.reason)
            await _put(tx, loading, wish, row.approvers)


async def _system(tx: Tx, loading: Loading, shipped: Sequence[Loaded], done: Done) -> None:
    """System pathways are in force wherever Carelane runs: they own what nothing else does."""
    activations = loading.snapshot.activations
    approvers = activations[0].approvers if activations else ("carelane", "site")
    for each in shipped:
        definition = each.definition
        if definition.system and (definition.digest, EVERYWHERE) not in done:
            wish = Wish(release=definition, scope=EVERYWHERE, person=approvers[0],
                        reason="a system pathway of this release")  # fmt: skip
            await _put(tx, loading, wish, approvers)


async def _put(tx: Tx, loading: Loading, wish: Wish, approvers: Sequence[str]) -> None:
    """The first release of a site is proved, in its place and without ties, like any other."""
    proof = proven(wish.release, None)
    why = refusal(wish, proof, await in_force(tx), loading.snapshot)
    if why is not None:
        raise SiteFault(
            f"{wish.release.name} {wish.release.version} can't be put in force: {why.line()}"
        )
    await releases.activate(tx, loading.organisation, wish.release, approvers=approvers, reason=wish.reason,
                            now=loading.now, scope=wish.scope, proof=proof.digest)  # fmt: skip


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
        make_subjects(
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
