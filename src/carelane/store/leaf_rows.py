"""Audit leaves as rows (id, at, body): receiving, interpreting, delivering, deciding. Pure.

Their contract is `audit.leaf`: every change is `[thing, id, from, to]`, so that `audit.recount` gets the four laws
from leaves alone. The bytes are made by msgspec, which is ten times as fast as `rfc8785` and gives the same bytes
for what leaves hold (a test compares them).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from carelane.audit.leaf import VERSION, instant
from carelane.cases.model import Case, Change, Step
from carelane.facts.fact import Fact
from carelane.facts.ids import derive
from carelane.store.commit_rows import notice_id
from carelane.store.shapes import canonical

LeafRow = tuple[UUID, datetime, bytes]
ChangeRow = list[object]
_ABOUT = frozenset({"subject", "case", "correlation", "purpose"})


def leaf(  # noqa: PLR0913  # the parts of a leaf, by name
    *,
    id_: UUID,
    organisation: UUID,
    at: datetime,
    action: str,
    actor: Mapping[str, str],
    changes: Sequence[ChangeRow] = (),
    content: Mapping[str, object] | None = None,
) -> LeafRow:
    """One leaf. Of `content`, ids the contract knows stand by themselves, everything else is detail."""
    given = content or {}
    detail = {name: value for name, value in given.items() if name not in _ABOUT}
    body: dict[str, object] = {
        "v": VERSION,
        "id": id_,
        "organisation": organisation,
        "at": instant(at),
        "action": action,
        "actor": dict(actor),
        "changes": list(changes),
        **{name: value for name, value in given.items() if name in _ABOUT and value},
    }
    if detail:
        body["detail"] = detail
    return (id_, at, canonical(body))


def received(  # noqa: PLR0913  # the parts of one receiving commit, by name
    organisation: UUID,
    at: datetime,
    messages: Iterable[tuple[UUID, bytes, str, str]],
    *,
    repeats: Iterable[UUID] = (),
    arrivals: Iterable[UUID] = (),
    connections: Iterable[str],
) -> LeafRow:
    """One leaf per receiving commit: (message id, digest, outcome, reason) of each, and the ids sent again.

    `arrivals` are the ids of what came, repeats too: one message may be repeated twice within a millisecond.
    """
    changes: list[ChangeRow] = [
        ["message", id_, "", outcome, {"digest": digest.hex(), "reason": reason}]
        for id_, digest, outcome, reason in messages
    ]
    changes.extend(["repeat", id_, "", "seen"] for id_ in repeats)
    id_ = derive(at, "received", *(change[1] for change in changes), *arrivals)
    actor = {"kind": "system", "name": " ".join(sorted(set(connections)))}
    return leaf(
        id_=id_,
        organisation=organisation,
        at=at,
        action="message.received",
        actor=actor,
        changes=changes,
    )


def interpreted(
    organisation: UUID,
    at: datetime,
    connection: str,
    messages: Iterable[tuple[UUID, str, str, int]],
) -> LeafRow:
    """One leaf per interpreting commit: (message id, outcome, reason, how many facts) of each message."""
    changes: list[ChangeRow] = [
        ["message", id_, "pending", outcome, {"reason": reason, "facts": facts}]
        for id_, outcome, reason, facts in messages
    ]
    id_ = derive(at, "interpreted", *(change[1] for change in changes))
    actor = {"kind": "carelane", "name": connection}
    return leaf(
        id_=id_,
        organisation=organisation,
        at=at,
        action="message.interpreted",
        actor=actor,
        changes=changes,
    )


def delivered(organisation: UUID, facts: Sequence[Fact]) -> LeafRow:
    """One leaf for facts that wait to be decided."""
    at = facts[0].recorded_at
    changes: list[ChangeRow] = [
        ["fact", fact.id, "", "pending", {"type": fact.type}] for fact in facts
    ]
    id_ = derive(at, "delivered", *(fact.id for fact in facts))
    actor = {"kind": facts[0].actor.value, "name": facts[0].actor_name or facts[0].connection or ""}
    return leaf(
        id_=id_,
        organisation=organisation,
        at=at,
        action="fact.delivered",
        actor=actor,
        changes=changes,
    )


def put_back(organisation: UUID, at: datetime, facts: Sequence[UUID], by: str) -> LeafRow:
    """One leaf for parked facts that wait to be decided again."""
    changes: list[ChangeRow] = [["fact", fact, "parked", "pending"] for fact in facts]
    id_ = derive(at, "put-back", *facts)
    actor = {"kind": "person", "name": by}
    return leaf(
        id_=id_,
        organisation=organisation,
        at=at,
        action="fact.delivered",
        actor=actor,
        changes=changes,
    )


def decided(step: Step, organisation: UUID, *, before: str) -> LeafRow:
    """One leaf per decided fact: how it ended, and every case, step, task and effect that it changed.

    `before` is where the fact stood: `pending`, `held`, `parked`, or empty when it is decided as it comes.
    """
    fact = step.fact
    how = {"type": fact.type, "reason": step.reason} if step.reason else {"type": fact.type}
    changes: list[ChangeRow] = [["fact", fact.id, before, step.disposition.value, how]]
    changes.extend(["fact", each.id, "held", "applied"] for each in step.released)
    for change in step.changes:
        changes.extend(_of_case(step, change))
    actor = {"kind": fact.actor.value, "name": fact.actor_name or fact.connection or ""}
    content = {"subject": fact.subject, "correlation": fact.correlation}
    if len(step.changes) == 1:
        content["case"] = step.changes[0].after.id
    id_ = derive(step.now, "decided", fact.id, step.disposition, before)
    return leaf(id_=id_, organisation=organisation, at=step.now, action="fact.decided", actor=actor,
                changes=changes, content=content)  # fmt: skip


def _of_case(by: Step, change: Change) -> Iterable[ChangeRow]:
    after = change.after
    detail: dict[str, object] = {
        "pathway": after.pathway,
        "release": after.release,
        "status": after.status,
    }
    if change.parked:
        detail["parked"] = change.parked
    if change.before is not None and change.before.release != after.release:
        detail["moved_from"] = change.before.release
    yield ["case", after.id, _standing(change.before), _standing(after), detail]
    yield from _of_steps(change)
    for intent in change.intents:
        yield ["effect", intent.id, "", "ready", {"name": intent.name}]
    for effect in change.withdrawn:
        yield ["effect", effect, "ready", "withdrawn"]
    for number, notice in enumerate(change.notices):
        told: dict[str, object] = {"kind": notice.kind, "level": notice.level}
        yield ["notice", notice_id(by, after, number), "", "told", told]


def _of_steps(change: Change) -> Iterable[ChangeRow]:
    for step, how in change.closed:
        yield ["step", step.id, "open", "closed", {"state": step.state, "how": how}]
        yield from _of_task(step.task, opens=False)
    for step in change.opened:
        yield ["step", step.id, "", "open", {"state": step.state, "owner": step.owner.name}]
        yield from _of_task(step.task, opens=True)
    for was, now, _ in change.retasked:
        yield from _of_task(was.task, opens=False)
        yield from _of_task(now.task, opens=True)


def _of_task(task: UUID | None, *, opens: bool) -> Iterable[ChangeRow]:
    if task is not None:
        yield ["task", task, "" if opens else "open", "open" if opens else "closed"]


def _standing(case: Case | None) -> str:
    if case is None:
        return ""
    return "open" if case.closed_at is None else "closed"
