"""Publish a pathway's text as a release, and put it in force in a scope with two approvers, as audited facts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from carelane.engine.releases import Activation, Releases
from carelane.facts.errors import SetupFault
from carelane.facts.ids import derive
from carelane.pathways.definition import Definition
from carelane.pathways.lettering import load_templates
from carelane.pathways.loading import load
from carelane.pathways.templates import (
    Template,
    canonical,
    check_named,
    digest_of,
    named_by,
)
from carelane.store.database import Tx
from carelane.store.leaf_rows import leaf

NO_TEMPLATES: Mapping[str, Template] = {}


class ReleaseFault(SetupFault):
    """A pathway can't be put in force: the message says which and why."""

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
) -> dict[str, tuple[Definition, str]]:
    """Shipped pathways by name, with their text. `texts` are by file name. A digest holds the templates named.

    Raises:
        ReleaseFault: a text has errors; each is named with file, line and remedy.
    """
    found: dict[str, tuple[Definition, str]] = {}
    for place, text in sorted(texts.items()):
        definition, problems = load(text, place=place)
        errors = [each for each in problems if each.severity == "error"]
        if definition is None or errors:
            raise ReleaseFault("\n".join(each.line() for each in errors))
        if wrong := check_named(definition, templates, place):
            raise ReleaseFault("\n".join(each.line() for each in wrong))
        bound = digest_of(definition.digest, named_by(definition, templates))
        definition = replace(definition, digest=bound)
        if definition.name in found:
            raise ReleaseFault(f"{place}: the pathway {definition.name} is there twice")
        found[definition.name] = (definition, text)
    return found


async def publish(  # noqa: PLR0913  # a release, and who published it when
    tx: Tx,
    organisation: UUID,
    definition: Definition,
    text: str,
    *,
    now: datetime,
    by: str,
    templates: Mapping[str, Template] = NO_TEMPLATES,
) -> None:
    """Store a release with the templates it names, once."""
    stored = await tx.run(
        "house.publish",
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
        content = {
            "pathway": definition.name,
            "version": definition.version,
            "release": definition.digest,
        }
        await _tell(tx, organisation, now, _Deed("release.published", by, content))


async def activate(  # noqa: PLR0913  # an activation is all of these
    tx: Tx,
    organisation: UUID,
    definition: Definition,
    *,
    approvers: Sequence[str],
    reason: str,
    now: datetime,
    site: str = "",
    service_line: str = "",
) -> None:
    """Put a release in force in a scope; the one before ends there. Two different people approve.

    Raises:
        ReleaseFault: fewer than two different approvers.
    """
    if len(set(approvers)) < 2:  # noqa: PLR2004  # two people
        raise ReleaseFault(
            f"{definition.name}: an activation needs two different approvers, for example `[a.one, b.two]`"
        )
    one, two = sorted(set(approvers))[:2]
    scope = {
        "pathway": definition.name,
        "site": site,
        "service_line": service_line,
        "release": definition.digest,
    }
    await tx.run("house.deactivate", at=now, **scope)
    id_ = derive(now, "activation", *scope.values())
    await tx.run("house.activate", id=id_, organisation=organisation, approver_one=one, approver_two=two,
                 reason=reason, from_at=now, **scope)  # fmt: skip
    content = {
        **scope,
        "approvers": [one, two],
        "reason_digest": sha256(reason.encode()).hexdigest(),
    }
    await _tell(tx, organisation, now, _Deed("release.activated", one, content))


async def in_force(tx: Tx) -> Releases:
    """Everything published, and what is in force where."""
    published: dict[str, Definition] = {}
    for row in await tx.rows("house.releases"):
        definition, _ = load(row["content"], place=row["pathway"])
        if definition is not None:  # the stored digest holds the templates too
            published[row["digest"]] = replace(definition, digest=row["digest"])
    rows = await tx.rows("house.activations")
    activations = tuple(
        Activation(
            release=row["release"],
            pathway=row["pathway"],
            site=row["site"],
            service_line=row["service_line"],
            from_at=row["from_at"],
            to_at=row["to_at"],
        )
        for row in rows
    )
    return Releases(published, activations)


@dataclass(frozen=True, slots=True)
class _Deed:
    action: str
    by: str
    content: Mapping[str, object]


async def _tell(tx: Tx, organisation: UUID, at: datetime, deed: _Deed) -> None:
    """One leaf of the audit."""
    id_, _, body = leaf(
        id_=derive(at, deed.action, *deed.content.values()),
        organisation=organisation,
        at=at,
        action=deed.action,
        actor={"kind": "person", "name": deed.by},
        content=deed.content,
    )
    await tx.run("house.leaf", id=id_, organisation=organisation, at=at, body=body)
