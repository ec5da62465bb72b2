"""What a person decides: complete, undo, escalate, reassign, override, pause, resume; each a fact, decided at once.

The task is read in the person's scope (`runtime.app`), the decision made in the organisation's (`engine.decide`).
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases import words
from carelane.directory.snapshot import Snapshot
from carelane.engine.decide import Standing, decide
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Json, Urgency
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.pathways.tables_text import owner_table
from carelane.store.changes import record
from carelane.store.database import Row, Tx
from carelane.worklist.answers import NOT_FOUND, Act, Acted, Held, Lost, Refused
from carelane.worklist.deeds import deed_of
from carelane.worklist.fitting import too_long, unfit
from carelane.worklist.holding import kind_of, lost, release
from carelane.worklist.viewer import Viewer

OVERRIDE_REASONS = (
    "clinical-judgement",
    "wrong-specialty",
    "capacity",
    "patient-request",
    "rule-wrong",
    "data-wrong",
)
REASON_UNKNOWN = Refused(
    code=words.REASON_MISSING, remedy=f"Choose one of: {', '.join(OVERRIDE_REASONS)}."
)
Form = Phi[Mapping[str, Json]]
NO_FORM: Form = Phi({}, "form")


async def complete(  # noqa: PLR0913  # each says one thing about the completion, by name
    runtime: Runtime,
    viewer: Viewer,
    task: UUID,
    *,
    version: int,
    outcome: str,
    form: Form = NO_FORM,
    reason: str = "",
) -> Act:
    """Finish a task with one of its outcomes; unclaimed work is claimed by it, and put back where it stays to be done.

    What the form still needs comes back as `answer.reason` (`form-incomplete:FIELD`), and the task stays open; so it
    does where the form has no such field (`form-unknown`), a value is not what its field asks for (`form-unfit`) or a
    text is too long (`text-length`).
    """
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.task", id=task)
        if row is None:
            return NOT_FOUND
        if (refused := too_long(form.reveal()) or _unfit(runtime, row, form)) is not None:
            return refused
        begun = await tx.one(
            "worklist.begin_completing",
            id=task,
            version=version,
            person=viewer.person,
            now=runtime.now(),
        )
        if begun is None:
            told = await lost(runtime, tx, viewer, task)
            return told if isinstance(told, Lost) else _outdated(row)
        claimed = begun["version"] > version
        if claimed:
            _leaf(runtime, tx, viewer, Action.TASK_CLAIMED, {**row, **begun})
    told_task: dict[str, Json] = {
        "outcome": outcome,
        "form": form.reveal(),
        "licensed": viewer.licensed,
    }
    if reason:
        told_task["reason"] = reason
    answer = await decide(
        runtime,
        _fact(runtime, viewer, words.TASK_COMPLETED, row, told_task),
        then=("worklist.after_completing", {"id": task}),
    )
    acted = Acted(answer=answer, version=begun["version"])
    if answer.standing is not Standing.APPLIED:
        return acted
    closed, undo_until = answer.after[0]
    if closed:
        return replace(acted, undo_until=undo_until)
    return await _put_back(runtime, viewer, task, replace(acted, open=True), claimed=claimed)


def _unfit(runtime: Runtime, row: Row, form: Form) -> Refused | None:
    kind = kind_of(runtime, row)
    return unfit(kind, form.reveal()) if kind is not None else None


async def undo(runtime: Runtime, viewer: Viewer, task: UUID) -> Act:
    """Take back a completed task within its window; a new task stands where the old one was."""
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.task", id=task)
    if row is None:
        return NOT_FOUND
    if row["undo_until"] is None or runtime.now() > row["undo_until"]:
        return Refused(
            code=words.UNDO_TOO_LATE, remedy="The time to undo is over; act on the case instead."
        )
    answer = await decide(runtime, _fact(runtime, viewer, words.TASK_UNDONE, row, {}))
    return Acted(answer=answer, version=row["version"])


async def escalate(runtime: Runtime, viewer: Viewer, task: UUID, *, reason: str) -> Act:
    """Call the next level now."""
    return await _act(runtime, viewer, task, words.TASK_ESCALATED, {"reason": reason})


async def pause(runtime: Runtime, viewer: Viewer, task: UUID, *, reason: str) -> Act:
    """Stop the clock where the pathway allows it; safety clocks never stop."""
    return await _act(runtime, viewer, task, words.TASK_PAUSED, {"reason": reason})


async def resume(runtime: Runtime, viewer: Viewer, task: UUID) -> Act:
    """Let a paused clock run on."""
    return await _act(runtime, viewer, task, words.TASK_RESUMED, {})


async def reassign(  # noqa: PLR0913  # each says one thing about the receiver, by name
    runtime: Runtime, viewer: Viewer, task: UUID, *, to_kind: str, to: str, reason: str
) -> Act:
    """Give the work to another `pool`, `role` or `person`: same wait, same clock."""
    if not _known(runtime.directory, to_kind, to):
        return Refused(
            code="receiver-unknown", remedy="Choose a pool, role or person of the directory."
        )
    return await _act(
        runtime, viewer, task, words.TASK_REASSIGNED, {"reason": reason, "form": {to_kind: to}}
    )


def _known(directory: Snapshot, kind: str, name: str) -> bool:
    if kind == "role":
        return any(name in person.roles for person in directory.people.values())
    return name in {"pool": directory.pools, "person": directory.people}.get(kind, {})


async def override(  # noqa: PLR0913  # each says one thing about the routing, by name
    runtime: Runtime, viewer: Viewer, task: UUID, *, reason: str, pool: str = "", state: str = ""
) -> Act:
    """Route against the rule, to another pool or waiting state, for a reason of the list; counted by rule."""
    if reason not in OVERRIDE_REASONS:
        return REASON_UNKNOWN
    acted = await reroute(runtime, viewer, task, reason=reason, pool=pool, state=state)
    if isinstance(acted, Acted) and acted.answer.standing is Standing.APPLIED:
        await _count_override(runtime, viewer, task, reason)
    return acted


async def reroute(  # noqa: PLR0913  # each says one thing about the routing, by name
    runtime: Runtime, viewer: Viewer, task: UUID, *, reason: str, pool: str = "", state: str = ""
) -> Act:
    """The move of an override alone; whoever calls counts it."""
    form = {"reason": reason, **({"state": state} if state else {"pool": pool})}
    told: dict[str, Json] = {"reason": reason, "form": dict(form)}
    return await _act(runtime, viewer, task, words.ROUTING_OVERRIDDEN, told)


async def _count_override(runtime: Runtime, viewer: Viewer, task: UUID, reason: str) -> None:
    now = runtime.now()
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.task", id=task)
        if row is None:
            return
        definition = runtime.releases.published.get(row["release"])
        table = owner_table(definition, row["state"]) if definition else ""
        fired = await tx.one("worklist.fired_rule", case_id=row["case_id"], owner_table=table)
        rule = fired["rule"] if fired else ""
        tx.put(
            "worklist.add_override",
            id=derive(now, "override", task, viewer.person),
            organisation=runtime.organisation,
            site=row["site"],
            service_line=row["service_line"],
            case_id=row["case_id"],
            task=task,
            person=viewer.person,
            rule=rule,
            release=row["release"],
            reason=reason,
            now=now,
        )
        _leaf(runtime, tx, viewer, Action.ROUTING_OVERRIDDEN, row, rule=rule, reason=reason)


async def _act(
    runtime: Runtime, viewer: Viewer, task: UUID, type_: str, told: Mapping[str, Json]
) -> Act:
    async with runtime.app.transaction(sites=viewer.sites, steady=True) as tx:
        row = await tx.one("worklist.task", id=task)
    if row is None:
        return NOT_FOUND
    answer = await decide(runtime, _fact(runtime, viewer, type_, row, told))
    return Acted(answer=answer, version=row["version"])


def _fact(runtime: Runtime, viewer: Viewer, type_: str, row: Row, told: Mapping[str, Json]) -> Fact:
    now = runtime.now()
    runtime.vault.learn(row["identity"], row["identity_key"])
    return Fact(
        id=derive(now, type_, row["id"], row["version"], viewer.person),
        type=type_,
        subject=row["subject"],
        organisation=row["organisation"],
        occurred_at=now,
        recorded_at=now,
        payload=Phi({"task": told}, type_),
        refers={"task": row["id"], "step": row["step"], "case": row["case_id"]},
        urgency=Urgency(row["urgency"]),
        actor=Actor.PERSON,
        actor_name=viewer.person,
        identity=row["identity"],
        correlation=row["correlation"],
        site=row["site"],
        service_line=row["service_line"],
    )


async def _put_back(
    runtime: Runtime, viewer: Viewer, task: UUID, acted: Acted, *, claimed: bool
) -> Acted:
    """Nobody answered, say: whoever is here next may try again, not only the one whose try claimed it."""
    if not claimed:
        return acted
    back = await release(runtime, viewer, task, version=acted.version)
    return replace(acted, version=back.version) if isinstance(back, Held) else acted


def _outdated(row: Row) -> Refused:
    return Refused(
        code="outdated",
        remedy=f"The task changed meanwhile (version {row['version']}). Load it again.",
    )


def _leaf(  # each says one thing about the change, by place
    runtime: Runtime, tx: Tx, viewer: Viewer, action: Action, row: Row, **detail: str
) -> None:
    deed = deed_of(runtime, viewer, action, row["case_id"])
    after = "in-progress" if action is Action.TASK_CLAIMED else row["status"]
    about: dict[str, str | int] = {"version": row["version"], **detail}
    record(
        tx, deed, Change(thing=Thing.TASK, id=row["id"], before="ready", after=after, detail=about)
    )
