"""The audit leaves of receiving, interpreting and deciding, as rows (id, at, body). No patient data: ids, codes, counts.

Their contract is `audit.leaf`; `audit.recount` gets the four laws from them alone. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from carelane.cases.model import Case, Change, Step
from carelane.facts.ids import derive
from carelane.store.shapes import canonical

LeafRow = tuple[UUID, datetime, bytes]


def leaf(
    *, id_: UUID, organisation: UUID, at: datetime, action: str, actor: Mapping[str, str], content: Mapping[str, object]
) -> LeafRow:
    """One leaf: canonical JSON of who did what when, and what changed."""
    body = {
        "id": str(id_), "organisation": str(organisation), "at": at.isoformat(), "action": action,
        "actor": dict(actor), **content,
    }  # fmt: skip
    return (id_, at, canonical(body))


def decided(step: Step, organisation: UUID) -> LeafRow:
    """One leaf per decided fact: how it ended, and every case, task and effect that it changed."""
    fact = step.fact
    content = {
        "fact": {"id": str(fact.id), "type": fact.type, "new": fact.origin is None},
        "disposition": step.disposition.value,
        "reason": step.reason,
        "subject": str(fact.subject),
        "released": [str(each.id) for each in step.released],
        "emitted": [emission.fact for emission in step.emissions],
        "changes": [_change(change) for change in step.changes],
    }
    actor = {"kind": fact.actor.value, "name": fact.actor_name or (fact.connection or "")}
    id_ = derive(step.now, "leaf", fact.id, step.disposition, fact.subject)
    return leaf(id_=id_, organisation=organisation, at=step.now, action="fact.decided", actor=actor, content=content)


def _change(change: Change) -> dict[str, object]:
    after = change.after
    return {
        "case": str(after.id), "pathway": after.pathway, "release": after.release, "revision": after.revision,
        "was": _standing(change.before), "is": _standing(after), "status": after.status,
        "opened": [{"step": str(s.id), "state": s.state, "owner": s.owner.name, "task": str(s.task) if s.task else ""}
                   for s in change.opened],
        "closed": [{"step": str(s.id), "state": s.state, "how": how, "task": str(s.task) if s.task else ""}
                   for s, how in change.closed],
        "effects": [{"effect": str(i.id), "name": i.name, "to": "ready"} for i in change.intents],
        "withdrawn": [str(effect) for effect in change.withdrawn],
        "notices": len(change.notices), "parked": change.parked,
    }  # fmt: skip


def _standing(case: Case | None) -> str:
    if case is None:
        return "none"
    return "open" if case.closed_at is None else "closed"


def received(
    organisation: UUID, at: datetime, messages: Iterable[tuple[UUID, bytes, str, str]], *, connections: Sequence[str]
) -> LeafRow:
    """One leaf per receiving commit: (message id, digest, outcome, reason) of each stored message."""
    rows = [{"message": str(m), "digest": d.hex(), "outcome": o, "reason": r} for m, d, o, r in messages]
    id_ = derive(at, "received", rows[0]["message"] if rows else "", len(rows))
    actor = {"kind": "system", "name": ",".join(sorted(set(connections)))}
    return leaf(id_=id_, organisation=organisation, at=at, action="message.received", actor=actor,
                content={"messages": rows})  # fmt: skip


def interpreted(
    organisation: UUID, at: datetime, connection: str, messages: Iterable[tuple[UUID, str, str, Sequence[UUID]]]
) -> LeafRow:
    """One leaf per interpreting commit: (message id, outcome, reason, facts) of each message."""
    rows = [{"message": str(m), "outcome": o, "reason": r, "facts": [str(f) for f in facts]}
            for m, o, r, facts in messages]  # fmt: skip
    id_ = derive(at, "interpreted", rows[0]["message"] if rows else "", len(rows))
    return leaf(id_=id_, organisation=organisation, at=at, action="message.interpreted",
                actor={"kind": "carelane", "name": connection}, content={"messages": rows})  # fmt: skip
