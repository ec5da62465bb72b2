"""Publish a pathway's text as a release, find releases by name, and the first activations of a site's files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.scope import EVERYWHERE, Scope
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.pathways.definition import Definition
from carelane.pathways.folder import Loaded, read_texts
from carelane.pathways.lettering import load_templates
from carelane.pathways.loading import load
from carelane.pathways.templates import (
    Template,
    canonical,
    check_named,
    digest_of,
    named_by,
    revive,
)
from carelane.releases.force import Force, put
from carelane.store.changes import Deed, record
from carelane.store.database import Tx

_SHOWN = 12
NO_TEMPLATES: Mapping[str, Template] = {}


class ReleaseFault(SetupFault):
    """A pathway can't be put in force, or no release has this name: the message says which and why."""

    code = "release"


def read_templates(
    texts: Mapping[str, str],
    *,
    specialities: Iterable[str] = (),
    values: Mapping[str, str] | None = None,
) -> Mapping[str, Template]:
    """The templates of these files, by name, held against the site's names and values.

    Raises:
        ReleaseFault: a template has a mistake; each is named with file, line and remedy.
    """
    templates, problems = load_templates(texts, specialities=specialities, values=values)
    if problems:
        raise ReleaseFault("\n".join(each.line() for each in problems))
    return templates.by_name


def read(
    texts: Mapping[str, str], templates: Mapping[str, Template] = NO_TEMPLATES
) -> tuple[Loaded, ...]:
    """Shipped pathways and overlays, pathways first. `texts` are by file name. A digest holds the templates named.

    Raises:
        ReleaseFault: a text has errors; each is named with file, line and remedy. Or a pathway is there twice.
    """
    found, problems = read_texts(texts)
    errors = [each for each in problems if each.severity == "error"]
    for each in found:
        errors += check_named(each.definition, templates, each.place)
    if errors:
        raise ReleaseFault("\n".join(each.line() for each in errors))
    seen: set[tuple[str, str]] = set()
    for each in found:
        name = (each.definition.name, each.overlay)
        if name in seen:
            raise ReleaseFault(f"{each.place}: {' with '.join(filter(None, name))} is there twice")
        seen.add(name)
    return tuple(replace(each, definition=_bound(each.definition, templates)) for each in found)


def _bound(definition: Definition, templates: Mapping[str, Template]) -> Definition:
    """The definition under the digest of its release: its own text's with the templates that it names."""
    digest = digest_of(definition.digest, named_by(definition, templates))
    return replace(definition, digest=digest)


async def publish(  # noqa: PLR0913  # a release, and who published it when
    tx: Tx,
    organisation: UUID,
    definition: Definition,
    text: str,
    *,
    now: datetime,
    by: str,
    templates: Mapping[str, Template] = NO_TEMPLATES,
) -> bool:
    """Store a release with the templates it names, once; whether it was new. Publishing puts nothing in force."""
    stored = await tx.run(
        "releases.publish",
        digest=definition.digest,
        organisation=organisation,
        pathway=definition.name,
        version=definition.version,
        language=definition.language,
        content=text,
        published_at=now,
    )
    for template in named_by(definition, templates):
        await tx.run(
            "messaging.keep_template",
            release=definition.digest,
            organisation=organisation,
            name=template.name,
            content=canonical(template),
        )
    if stored:
        detail = {"pathway": definition.name, "version": definition.version}
        deed = Deed(organisation=organisation, at=now, action=Action.RELEASE_PUBLISHED, actor=Actor.PERSON, name=by,
                    detail=detail)  # fmt: skip
        record(tx, deed, Change(thing=Thing.RELEASE, id=definition.digest, after="published"))
    return bool(stored)


async def namesakes(tx: Tx, definition: Definition) -> list[str]:
    """The digests of other releases of this name and version: by these alone none of them can be meant."""
    rows = await tx.rows("releases.named", pathway=definition.name, version=definition.version)
    return [row["digest"] for row in rows if row["digest"] != definition.digest]


async def activate(  # noqa: PLR0913  # an activation is all of these
    tx: Tx,
    organisation: UUID,
    definition: Definition,
    *,
    approvers: Sequence[str],
    reason: str,
    now: datetime,
    scope: Scope = EVERYWHERE,
    proof: str = "",
) -> None:
    """Put a release in force as a site's files say. Two different people approve.

    Raises:
        ReleaseFault: fewer than two different approvers.
    """
    people = sorted(set(approvers))
    if len(people) < 2:  # noqa: PLR2004  # two people
        raise ReleaseFault(
            f"{definition.name}: an activation needs two different approvers, for example `[a.one, b.two]`"
        )
    force = Force(pathway=definition.name, release=definition.digest, scope=scope, approvers=(people[0], people[1]),
                  reason=reason, by=people[0], proof=proof)  # fmt: skip
    await put(tx, organisation, force, now=now)


async def named(tx: Tx, name: str) -> Definition:
    """The release called NAME@VERSION, or NAME@ and the beginning of its digest.

    Raises:
        ReleaseFault: there is none, or there are several; the message lists what there is.
    """
    pathway, _, version = name.partition("@")
    if not version:
        raise ReleaseFault(
            f"`{name}` names no version. Remedy: write {name}@1.0.0, or see `carelane pathway status`"
        )
    rows = await tx.rows("releases.named", pathway=pathway, version=version)
    if not rows:
        known = [row for row in await tx.rows("releases.published") if row["pathway"] == pathway]
        shown = (
            ", ".join(f"{pathway}@{row['version']}" for row in known) or "no release of it at all"
        )
        raise ReleaseFault(
            f"no release is called {name}; there is {shown}. Remedy: `carelane pathway publish FILE`"
        )
    if len(rows) > 1:
        shown = ", ".join(f"{pathway}@{row['digest'][:_SHOWN]}" for row in rows)
        raise ReleaseFault(f"{name} may mean several releases: {shown}. Remedy: name one of these")
    definition, _ = load(rows[0]["content"], place=pathway)
    kept = [
        revive(each["content"])
        for each in await tx.rows("messaging.templates_of", release=rows[0]["digest"])
    ]
    if definition is None or digest_of(definition.digest, kept) != rows[0]["digest"]:
        raise ReleaseFault(
            f"{name} can't be read by this Carelane any more. Remedy: publish it anew"
        )
    return replace(definition, digest=rows[0]["digest"])
