"""Put a release in force in a scope: one person approves, another puts it in force, and both saw the same proof.

Expected refusals are values (`evidence.Refused`). Whether a person may do this at all was asked before (`access`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.directory.snapshot import unsigned
from carelane.engine.in_force import in_force
from carelane.engine.runtime import Runtime
from carelane.engine.scope import Scope
from carelane.facts.fact import Actor
from carelane.facts.ids import derive
from carelane.releases.evidence import Prove, Proven, Refused
from carelane.releases.force import Force, every, put
from carelane.releases.refusals import Wish, here, holding, refusal
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx

APPROVAL_LASTS = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Somebody has approved, and another must say the same; `missing` are the roles that the site still asks for."""

    release: str
    scope: Scope
    by: str
    until: datetime
    missing: tuple[str, ...] = ()

    def waits_for(self) -> str:
        """Who is to say the same, in words."""
        return f"somebody of {', '.join(self.missing)}" if self.missing else "a second person"


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The release is in force. `replaced` is what was in force in exactly this scope before."""

    release: str
    scope: Scope
    approvers: tuple[str, str]
    replaced: str = ""


async def activate(runtime: Runtime, wish: Wish, prove: Prove) -> Approved | InForce | Refused:
    """Approve, or, if another person has, put in force. The same command twice by one person stays an approval.

    Where the site names roles that sign off, all of them must be held by those who approved this very proof.
    """
    now = runtime.now()
    proven = prove(
        wish.release,
        runtime.releases.published.get(holding(wish.release.name, wish.scope, runtime.releases)),
    )
    async with runtime.worker.transaction() as tx:
        await tx.run("releases.lock")
        releases = await in_force(tx)
        refused = refusal(wish, proven, releases, runtime.directory)
        if refused is not None:
            return refused
        approvals = await tx.rows(
            "releases.approvals", release=wish.release.digest, since=now - APPROVAL_LASTS, **every(wish.scope)
        )  # fmt: skip
        second = others(approvals, wish, proven)
        missing = unsigned(runtime.directory, [wish.person, *(row["person"] for row in second)])
        if missing or not second:
            done = await _approve(tx, runtime.organisation, wish, proven, now=now)
            return replace(done, missing=missing)
        replaced = here(wish, releases)
        id_ = await put(
            tx, runtime.organisation, _force(wish, proven, second[0]["person"]), now=now
        )
        await tx.run("releases.use_approvals", activation=id_, ids=[row["id"] for row in approvals])
        runtime.releases = await in_force(tx)
    one, two = sorted((second[0]["person"], wish.person))
    return InForce(
        release=wish.release.digest, scope=wish.scope, approvers=(one, two), replaced=replaced
    )


def others(approvals: Sequence[Row], wish: Wish, proven: Proven) -> list[Row]:
    """Approvals by other people than who asks now, on this very proof."""
    return [
        row for row in approvals if row["person"] != wish.person and row["proof"] == proven.digest
    ]


def _force(wish: Wish, proven: Proven, first: str) -> Force:
    return Force(
        pathway=wish.release.name, release=wish.release.digest, scope=wish.scope, approvers=(first, wish.person),
        reason=wish.reason, by=wish.person, proof=proven.digest,
        report=wish.report.digest if wish.report else "",
    )  # fmt: skip


async def _approve(
    tx: Tx, organisation: UUID, wish: Wish, proven: Proven, *, now: datetime
) -> Approved:
    where, release = every(wish.scope), wish.release
    report = wish.report.digest if wish.report else ""
    id_ = derive(now, "approval", release.digest, wish.person, *where.values())
    await tx.run(
        "releases.approve",
        id=id_,
        organisation=organisation,
        release=release.digest,
        pathway=release.name,
        person=wish.person,
        reason=wish.reason,
        proof=proven.digest,
        report=report,
        at=now,
        **where,
    )
    detail = {"pathway": release.name, "version": release.version, "proof": proven.digest, **wish.scope.parts(),
              "reason": sha256(wish.reason.encode()).hexdigest()}  # fmt: skip
    deed = Deed(organisation=organisation, at=now, action=Action.RELEASE_APPROVED, actor=Actor.PERSON,
                name=wish.person, detail=detail)  # fmt: skip
    record(
        tx,
        deed,
        Change(thing=Thing.RELEASE, id=release.digest, before="published", after="approved"),
    )
    return Approved(
        release=release.digest, scope=wish.scope, by=wish.person, until=now + APPROVAL_LASTS
    )
