"""Who holds a task: claim, release, snooze, drafts. Each is one conditional UPDATE and one leaf (I4, I8)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing, instant
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.pathways.definition import TaskKind
from carelane.store.changes import record
from carelane.store.database import Row, Tx
from carelane.store.shapes import decode_payload, encode
from carelane.worklist.answers import NOT_FOUND, Held, Hold, Lost, Refused
from carelane.worklist.deeds import deed_of
from carelane.worklist.fitting import too_long, unknown
from carelane.worklist.viewer import Viewer, display

_MOVES = {
    Action.TASK_CLAIMED: ("ready", "in-progress"),
    Action.TASK_RELEASED: ("in-progress", "ready"),
}


async def claim(runtime: Runtime, viewer: Viewer, task: UUID, *, version: int) -> Hold:
    """Take a task, exclusively; whoever comes second is told who has it, and since when."""
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one(
            "worklist.claim", id=task, version=version, person=viewer.person, now=runtime.now()
        )
        if row is None:
            return await lost(runtime, tx, viewer, task)
        return _changed(runtime, tx, viewer, Action.TASK_CLAIMED, task, row)


async def release(runtime: Runtime, viewer: Viewer, task: UUID, *, version: int) -> Hold:
    """Put one's own task back for others."""
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.release", id=task, version=version, person=viewer.person)
        if row is None:
            return await _elsewhere(runtime, tx, task)
        return _changed(runtime, tx, viewer, Action.TASK_RELEASED, task, row)


async def snooze(
    runtime: Runtime, viewer: Viewer, task: UUID, *, version: int, until: datetime
) -> Hold:
    """Out of sight until then. Never past the clock; work under a safety clock is never snoozed."""
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.snooze", id=task, version=version, until=until)
        if row is not None:
            return _changed(
                runtime, tx, viewer, Action.TASK_SNOOZED, task, row, until=instant(until)
            )
        known = await tx.one("worklist.task", id=task)
        if known is None:
            return NOT_FOUND
        if known["safety"]:
            return Refused(
                code="safety-clock", remedy="Work under a safety clock can't be snoozed."
            )
        if known["closed_at"] is None and known["version"] == version:
            return Refused(code="past-due", remedy="Choose a time before the work is due.")
        return _lost(runtime, known)


async def wake(runtime: Runtime, viewer: Viewer, task: UUID) -> Hold:
    """Back in sight."""
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.wake", id=task)
        if row is None:
            return await _elsewhere(runtime, tx, task)
        return _changed(runtime, tx, viewer, Action.TASK_SNOOZED, task, row)


async def save_draft(
    runtime: Runtime, viewer: Viewer, task: UUID, form: Phi[Mapping[str, Json]]
) -> Hold:
    """Keep an unfinished form, sealed by the patient's key; only whoever holds the task may.

    A text over the limit is refused by its field (`text-length`), and a field that the form does not have
    (`form-unknown`); then the draft before stays. Values are looked at when the task is completed.
    """
    if (refused := too_long(form.reveal())) is not None:
        return refused
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        known = await tx.one("worklist.task", id=task)
        if known is None:
            return NOT_FOUND
        kind = kind_of(runtime, known)
        if kind is not None and (strange := unknown(kind, form.reveal())) is not None:
            return strange
        runtime.vault.learn(known["identity"], known["identity_key"])
        sealed = runtime.vault.seal(
            known["identity"], "task", task, "draft_sealed", encode(form.reveal())
        )
        row = await tx.one("worklist.draft", id=task, person=viewer.person, sealed=sealed)
        if row is None:
            return _lost(runtime, known)
        return _changed(runtime, tx, viewer, Action.TASK_DRAFTED, task, row)


def draft_of(runtime: Runtime, row: Row) -> Phi[Mapping[str, Json]]:
    """The draft kept with a row of `worklist.task`; empty if there is none."""
    if row["draft_sealed"] is None:
        return Phi({}, "draft")
    runtime.vault.learn(row["identity"], row["identity_key"])
    opened = runtime.vault.open(
        row["identity"], "task", row["id"], "draft_sealed", row["draft_sealed"]
    )
    return Phi(decode_payload(opened), "draft")


def kind_of(runtime: Runtime, row: Row) -> TaskKind | None:
    """The task's form and outcomes in the release that its case runs on; None where that is not loaded."""
    definition = runtime.releases.published.get(row["release"])
    return definition.tasks.get(row["name"]) if definition else None


async def lost(runtime: Runtime, tx: Tx, viewer: Viewer, task: UUID) -> Hold:
    """Who has it now: the asker already, or someone else."""
    known = await tx.one("worklist.task", id=task)
    if known is None:
        return NOT_FOUND
    if known["assignee"] == viewer.person and known["closed_at"] is None:
        return Held(task=task, version=known["version"])
    return _lost(runtime, known)


async def _elsewhere(runtime: Runtime, tx: Tx, task: UUID) -> Hold:
    known = await tx.one("worklist.task", id=task)
    return NOT_FOUND if known is None else _lost(runtime, known)


def _lost(runtime: Runtime, known: Row) -> Lost:
    return Lost(
        task=known["id"],
        by=display(runtime.directory, known["assignee"]) if known["assignee"] else "",
        at=known["closed_at"] or known["claimed_at"],
        version=known["version"],
        status=known["status"],
    )


def _changed(  # noqa: PLR0913, PLR0917  # one door for every leaf of this file
    runtime: Runtime,
    tx: Tx,
    viewer: Viewer,
    action: Action,
    task: UUID,
    row: Row,
    **detail: str | int,
) -> Held:
    before, after = _MOVES.get(action, ("", action.value.removeprefix("task.")))
    deed = deed_of(runtime, viewer, action, row["case_id"])
    about = {"version": row["version"], **detail}
    record(tx, deed, Change(thing=Thing.TASK, id=task, before=before, after=after, detail=about))
    return Held(task=task, version=row["version"])
