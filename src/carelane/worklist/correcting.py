"""A person says that a rule led a case to the wrong place: counted by rule and release, and somebody's work.

The correction is a fact (`routing.corrected`), so that those who answer for the pathway have a task with a clock.
The case may be moved to the right pool at the same time, as an override (`acting.reroute`).
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases import words
from carelane.engine.decide import decide
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Payload
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store.changes import record
from carelane.store.database import Row, Tx
from carelane.worklist.acting import OVERRIDE_REASONS, REASON_UNKNOWN, reroute
from carelane.worklist.answers import Act, Refused
from carelane.worklist.deeds import deed_of
from carelane.worklist.thread import NO_CASE, TEXT_MAX, Kind, add_entry, told_fact
from carelane.worklist.viewer import Viewer

ROUTING_CORRECTED: Final = "routing.corrected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is said to be wrong: the rule, why (a word of `OVERRIDE_REASONS`), and what is right, in words.

    With `pool` and `task` the case goes there now.
    """

    rule: str
    reason: str
    text: Phi[str]
    pool: str = ""
    task: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """The correction is filed as this entry of the thread; `moved` is how the move ended, if one was asked for."""

    entry: UUID
    moved: Act | None = None


async def correct(runtime: Runtime, viewer: Viewer, case: UUID, wrong: Wrong) -> Filed | Refused:
    """File a correction of a case's routing; then move the case if asked to.

    Filing comes first: if the move is refused, or the process dies between, the correction stands.
    """
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.case", id=case)
        if row is None:
            return NO_CASE
        if refused := _refused(runtime, row, wrong):
            return refused
        content: Payload = {
            "text": wrong.text.reveal(),
            "to": wrong.pool,
            "about": "",
            "field": "routing",
        }
        entry = add_entry(runtime, tx, viewer, row, Kind.CORRECTION, Phi(content, "entry"))
        _count(runtime, tx, viewer, row, wrong, entry)
    told: Phi[Payload] = Phi({"question": _told(viewer, row, wrong)}, ROUTING_CORRECTED)
    await decide(
        runtime, told_fact(runtime, viewer, row, ROUTING_CORRECTED, question=entry, told=told)
    )
    if not (wrong.pool and wrong.task):
        return Filed(entry=entry)
    moved = await reroute(runtime, viewer, wrong.task, reason=wrong.reason, pool=wrong.pool)
    return Filed(entry=entry, moved=moved)


def _refused(runtime: Runtime, row: Row, wrong: Wrong) -> Refused | None:
    if wrong.reason not in OVERRIDE_REASONS:
        return REASON_UNKNOWN
    if not 0 < len(wrong.text.reveal().strip()) <= TEXT_MAX:
        return Refused(
            code="text-length", remedy=f"Say what is right, in 1 to {TEXT_MAX} characters."
        )
    definition = runtime.releases.published.get(row["release"])
    if wrong.pool and (definition is None or wrong.pool not in definition.pools):
        pools = ", ".join(definition.pools) if definition else "none"
        return Refused(code=words.NOT_ALLOWED, remedy=f"This pathway knows the pools: {pools}.")
    return None


def _told(viewer: Viewer, row: Row, wrong: Wrong) -> Payload:
    return {
        "text": wrong.text.reveal(), "by": viewer.person, "field": "routing", "pathway": row["pathway"],
        "version": row["version"], "rule": wrong.rule, "reason": wrong.reason, "pool": wrong.pool,
    }  # fmt: skip


def _count(  # noqa: PLR0913, PLR0917  # all that the row says
    runtime: Runtime, tx: Tx, viewer: Viewer, row: Row, wrong: Wrong, entry: UUID
) -> None:
    now = runtime.now()
    id_ = derive(now, "correction", row["id"], viewer.person)
    tx.put(
        "worklist.add_override",
        id=id_,
        organisation=runtime.organisation,
        site=row["site"],
        service_line=row["service_line"],
        case_id=row["id"],
        task=wrong.task,
        person=viewer.person,
        rule=wrong.rule,
        release=row["release"],
        reason=wrong.reason,
        now=now,
    )
    deed = deed_of(runtime, viewer, Action.ROUTING_CORRECTED, row["id"], at=now)
    detail: dict[str, str | int] = {"rule": wrong.rule, "reason": wrong.reason}
    counted = Change(
        thing=Thing.THREAD, id=entry, before=Kind.CORRECTION.value, after="counted", detail=detail
    )
    record(tx, deed, counted)
