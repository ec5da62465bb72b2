"""Publish a pathway's text as a release, and put it in force in a scope with two approvers, as audited facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from carelane.engine.releases import Activation, Releases
from carelane.facts.errors import SetupFault
from carelane.facts.ids import derive
from carelane.pathways.definition import Definition
from carelane.pathways.loading import bundle, load, subs_among
from carelane.store.database import Tx
from carelane.store.leaf_rows import leaf


class ReleaseFault(SetupFault):
    """A pathway can't be put in force: the message says which and why."""

    code = "release"


def read(texts: Mapping[str, str]) -> dict[str, tuple[Definition, str]]:
    """Shipped pathways by name, with their text and that of what they call. `texts` are by path.

    Raises:
        ReleaseFault: a text has errors; each is named with file, line and remedy.
    """
    found: dict[str, tuple[Definition, str]] = {}
    subs = subs_among(texts)
    for place, text in sorted(texts.items()):
        if text in subs.values():
            continue
        definition, problems = load(text, place=place, subs=subs)
        errors = [each for each in problems if each.severity == "error"]
        if definition is None or errors:
            raise ReleaseFault("\n".join(each.line() for each in errors))
        if definition.name in found:
            raise ReleaseFault(f"{place}: the pathway {definition.name} is there twice")
        found[definition.name] = (definition, bundle(text, definition, subs))
    return found


async def publish(  # noqa: PLR0913  # a release, and who published it when
    tx: Tx, organisation: UUID, definition: Definition, text: str, *, now: datetime, by: str
) -> None:
    """Store a release, once."""
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
        if definition is not None:
            published[row["digest"]] = definition
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
