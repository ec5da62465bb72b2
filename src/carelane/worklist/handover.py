"""A handover is a row: from, to, what, why, accepted at. Until it is accepted the work stays the giver's.

It is refused while a field that the next step needs is missing: nobody is handed half a story.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Json
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store.changes import record
from carelane.store.database import Row, Tx
from carelane.store.shapes import decode_case, decode_payload
from carelane.worklist.answers import NOT_FOUND, Held, Hold, Lost, Refused
from carelane.worklist.deeds import deed_of
from carelane.worklist.holding import draft_of, lost
from carelane.worklist.viewer import Viewer

WHAT = ("whole-task", "follow-up", "call-back", "decision")
REASONS = ("end-of-shift", "absence", "expertise", "workload", "conflict-of-interest")
NO_HANDOVER = Refused(
    code="not-found",
    remedy="The offer is gone: accepted or withdrawn meanwhile. Load the list again.",
)


async def offer(  # noqa: PLR0913  # each says one thing about the offer, by name
    runtime: Runtime, viewer: Viewer, task: UUID, *, version: int, to: str, what: str, reason: str
) -> UUID | Hold:
    """Offer one's own task to a pool or a person; the id of the handover.

    `what` and `reason` are words of the lists; the story itself is in the case's thread, sealed.
    """
    directory, now = runtime.directory, runtime.now()
    if to not in directory.pools and to not in directory.people:
        return Refused(code="receiver-unknown", remedy="Choose a pool or person of the directory.")
    if what not in WHAT or reason not in REASONS:
        return Refused(
            code="reason-missing", remedy="Choose what is handed over, and why, from the lists."
        )
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.task", id=task)
        if row is None:
            return NOT_FOUND
        if missing := _missing(runtime, row):
            return Refused(
                code="fields-missing",
                remedy="Fill in what the next step needs first.",
                fields=missing,
            )
        handover = derive(now, "handover", task, viewer.person, version)
        made = await tx.one(
            "worklist.offer",
            id=handover,
            giver=viewer.person,
            receiver=to,
            what=what,
            reason=reason,
            now=now,
            task=task,
            version=version,
        )
        if made is None:
            return await _not_offered(runtime, tx, viewer, task)
        _leaf(runtime, tx, viewer, Action.HANDOVER_OFFERED, handover, row, to=to)
    return handover


async def accept(runtime: Runtime, viewer: Viewer, handover: UUID) -> Hold:
    """Take over: from now on the work is the receiver's. Only the person it was offered to, or one of the pool."""
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.handover", id=handover)
        if row is None or row["accepted_at"] is not None or row["withdrawn_at"] is not None:
            return NO_HANDOVER
        if row["receiver"] != viewer.person and row["receiver"] not in viewer.pools:
            return Refused(code="not-yours", remedy="It was offered to someone else.")
        taken = await tx.one(
            "worklist.accept_handover", id=handover, person=viewer.person, now=runtime.now()
        )
        if taken is None:
            return NO_HANDOVER
        _leaf(
            runtime,
            tx,
            viewer,
            Action.HANDOVER_ACCEPTED,
            handover,
            taken | {"task": taken["id"]},
            giver=row["giver"],
        )
    return Held(task=taken["id"], version=taken["version"])


async def withdraw(runtime: Runtime, viewer: Viewer, handover: UUID) -> Hold:
    """Take an offer back, before anyone accepted it."""
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.handover", id=handover)
        gone = await tx.one(
            "worklist.withdraw_handover", id=handover, person=viewer.person, now=runtime.now()
        )
        if row is None or gone is None:
            return NO_HANDOVER
        _leaf(runtime, tx, viewer, Action.HANDOVER_WITHDRAWN, handover, row)
    return Held(task=row["task"], version=row["version"])


async def offers(runtime: Runtime, viewer: Viewer) -> Sequence[Row]:
    """Open offers from or to this person and the person's pools."""
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        return await tx.rows("worklist.handovers", person=viewer.person, pools=list(viewer.pools))


def _missing(runtime: Runtime, row: Row) -> tuple[str, ...]:
    """The fields that the state says a handover must carry, and that are neither known, copied nor in the draft."""
    definition = runtime.releases.published.get(row["release"])
    state = definition.states.get(row["state"]) if definition else None
    if state is None or not state.wait_form:
        return ()
    runtime.vault.learn(row["identity"], row["identity_key"])
    fields: Phi[Mapping[str, Json]] = Phi({}, "fields")
    if row["sealed"] is not None:
        opened = runtime.vault.open(
            row["identity"], "pathway_case", row["case_id"], "sealed", row["sealed"]
        )
        fields = Phi(decode_payload(opened), "fields")
    values = decode_case(_text(row["case_state"])).values
    known = {name for name, (_, value) in values.items() if value not in (None, "")}
    for source in (fields, draft_of(runtime, row)):
        known |= {
            name for name, value in source.reveal().items() if value not in (None, "", [], {})
        }
    return tuple(name for name in state.wait_form if name not in known)


def _text(state: object) -> str | bytes:
    """The clear case shape as JSON text, however the driver gave it."""
    if isinstance(state, str | bytes):
        return state
    raise TypeError("case_state must be selected as text")


async def _not_offered(runtime: Runtime, tx: Tx, viewer: Viewer, task: UUID) -> Hold:
    told = await lost(runtime, tx, viewer, task)
    if isinstance(told, Lost):
        return told
    return Refused(
        code="outdated",
        remedy="It is offered already, not yours, or changed meanwhile. Load it again.",
    )


def _leaf(  # noqa: PLR0913, PLR0917  # one door for every leaf of this file
    runtime: Runtime,
    tx: Tx,
    viewer: Viewer,
    action: Action,
    handover: UUID,
    row: Row,
    **detail: str,
) -> None:
    deed = deed_of(runtime, viewer, action, row["case_id"])
    after = action.value.removeprefix("handover.")
    before = "" if action is Action.HANDOVER_OFFERED else "offered"
    about = {"task": str(row.get("task", row["id"])), **detail}
    record(
        tx,
        deed,
        Change(thing=Thing.HANDOVER, id=handover, before=before, after=after, detail=about),
    )
