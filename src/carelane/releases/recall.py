"""A release is recalled: nowhere in force any more, and each of its running cases moves or goes to a person.

Nobody is left without a pathway by it: every scope falls back to what was in force before, or to a wider scope.
"""

from dataclasses import dataclass
from hashlib import sha256

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.in_force import in_force
from carelane.engine.releases import Activation, Releases
from carelane.engine.runtime import Runtime
from carelane.engine.scope import Scope
from carelane.facts.fact import Actor
from carelane.pathways.definition import Definition
from carelane.releases.evidence import Refused
from carelane.releases.force import end, put
from carelane.releases.rollback import again, around, before
from carelane.store.changes import Deed, record
from carelane.store.database import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The release, and what holds now in each scope it was in force for."""

    release: str
    fallen_back: tuple[tuple[Scope, str], ...]


async def recall(
    runtime: Runtime, release: Definition, *, by: str, reason: str
) -> Recalled | Refused:
    """Recall a release everywhere, in one transaction; refused where nothing would take its place."""
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        await tx.run("releases.lock")
        releases = await in_force(tx)
        here = [each for each in releases.activations if each.release == release.digest]
        plan = [(each, await before(tx, each)) for each in sorted(here, key=_width)]
        bare = [each for each, row in plan if row is None and not _covered(each, plan, releases)]
        if bare:
            return _bare(bare)
        await _mark(tx, runtime, release, by=by, reason=reason)
        for each, row in plan:
            if row is not None:
                await put(
                    tx,
                    runtime.organisation,
                    again(each, row, by=by, reason=reason, cause="recalled"),
                    now=now,
                )
            else:
                await end(tx, runtime.organisation, pathway=each.pathway, scope=each.scope, by=by, cause="recalled",
                          reason=reason, now=now)  # fmt: skip
        runtime.releases = await in_force(tx)
    held = tuple((each.scope, _holds(each, runtime.releases)) for each, _ in plan)
    return Recalled(release=release.digest, fallen_back=held)


def _width(activation: Activation) -> int:
    return len(activation.scope.parts())


def _covered(
    each: Activation, plan: list[tuple[Activation, Row | None]], releases: Releases
) -> bool:
    """Whether a wider scope holds there: with another release, or with what this recall puts back."""
    put_back = [one.scope for one, row in plan if row is not None and one.scope != each.scope]
    return around(releases, each) is not None or any(each.scope.within(scope) for scope in put_back)


def _bare(bare: list[Activation]) -> Refused:
    where = "; ".join(each.scope.words() for each in bare)
    return Refused(
        code="nothing-instead",
        sentence=f"Nothing would take its place for {where}.",
        remedy="Put another release in force there first, then recall this one.",
    )


async def _mark(tx: Tx, runtime: Runtime, release: Definition, *, by: str, reason: str) -> None:
    now = runtime.now()
    changed = await tx.run("releases.recall", release=release.digest, at=now, by=by, reason=reason)
    if changed:
        detail = {
            "pathway": release.name,
            "version": release.version,
            "reason": sha256(reason.encode()).hexdigest(),
        }
        deed = Deed(organisation=runtime.organisation, at=now, action=Action.RELEASE_RECALLED, actor=Actor.PERSON,
                    name=by, detail=detail)  # fmt: skip
        record(
            tx,
            deed,
            Change(thing=Thing.RELEASE, id=release.digest, before="published", after="recalled"),
        )


def _holds(each: Activation, releases: Releases) -> str:
    place = [
        one
        for one in releases.activations
        if one.pathway == each.pathway and each.scope.within(one.scope)
    ]
    return max(place, key=_width).release if place else ""
