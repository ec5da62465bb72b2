"""What is in force where: the one write behind activation, rollback and recall, with its audit leaf."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.in_force import scope_of
from carelane.engine.scope import Scope
from carelane.facts.fact import Actor
from carelane.facts.ids import derive
from carelane.store.changes import Deed, record
from carelane.store.database import Tx

_CAUSES = {
    "activated": Action.RELEASE_ACTIVATED,
    "rolled-back": Action.RELEASE_ROLLED_BACK,
    "recalled": Action.RELEASE_RECALLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """A release to be in force in a scope: who answers for it, why, and what it rests on. `by` acts now."""

    pathway: str
    release: str
    scope: Scope
    approvers: tuple[str, str]
    reason: str
    by: str
    cause: str = "activated"
    proof: str = ""
    report: str = ""


async def put(tx: Tx, organisation: UUID, force: Force, *, now: datetime) -> UUID:
    """Put it in force; what was in force in exactly this scope ends. The activation's id."""
    await tx.run("releases.lock")
    before = await _in(tx, force.pathway, force.scope)
    where = every(force.scope)
    await tx.run(
        "releases.end", pathway=force.pathway, at=now, by=force.by, why=force.cause, **where
    )
    one, two = sorted(force.approvers)
    id_ = derive(now, "activation", force.cause, before, force.release, *where.values())
    await tx.run(
        "releases.activate", id=id_, organisation=organisation, release=force.release, pathway=force.pathway,
        approver_one=one, approver_two=two, reason=force.reason, proof=force.proof, report=force.report,
        cause=force.cause, from_at=now, **where,
    )  # fmt: skip
    deed = _deed(organisation, now, force.cause, force.by, force.scope, reason=force.reason, approvers=f"{one} {two}",
                 proof=force.proof, report=force.report, pathway=force.pathway)  # fmt: skip
    record(tx, deed, Change(thing=Thing.RELEASE, id=force.release, before=before, after="in force"))
    return id_


async def end(  # noqa: PLR0913  # what ends, where, by whom and why
    tx: Tx,
    organisation: UUID,
    *,
    pathway: str,
    scope: Scope,
    by: str,
    cause: str,
    reason: str,
    now: datetime,
) -> None:
    """End what is in force in exactly this scope: the next wider one holds there from now on."""
    await tx.run("releases.lock")
    before = await _in(tx, pathway, scope)
    await tx.run("releases.end", pathway=pathway, at=now, by=by, why=cause, **every(scope))
    deed = _deed(organisation, now, cause, by, scope, reason=reason, pathway=pathway)
    record(
        tx,
        deed,
        Change(thing=Thing.RELEASE, id=before or pathway, before="in force", after="ended"),
    )


def every(scope: Scope) -> dict[str, str]:
    """All four parts, as columns."""
    return {
        "site": scope.site,
        "service_line": scope.service_line,
        "referral_type": scope.referral_type,
        "scheduling_lane": scope.scheduling_lane,
    }


async def _in(tx: Tx, pathway: str, scope: Scope) -> str:
    """The release in force in exactly this scope, or nothing."""
    rows = await tx.rows("releases.activations")
    return next(
        (row["release"] for row in rows if row["pathway"] == pathway and scope_of(row) == scope), ""
    )


def _deed(  # the parts of a leaf
    organisation: UUID, now: datetime, cause: str, by: str, scope: Scope, **detail: str
) -> Deed:
    """Who did it, where and why; a reason is somebody's words and stands in the leaf as its digest."""
    said = {"reason": sha256(detail.pop("reason").encode()).hexdigest(), **detail, **scope.parts()}
    given = {name: value for name, value in said.items() if value}
    return Deed(
        organisation=organisation,
        at=now,
        action=_CAUSES[cause],
        actor=Actor.PERSON,
        name=by,
        detail=given,
    )
