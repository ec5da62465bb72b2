"""Interpret: stored bytes to facts on subjects, in receive order per connection (hop 3).

One interpreter per connection at a time (a row lock). Messages go through in batches of one commit; an identity
message (merge, link, unlink) ends a batch, because it takes turns of its own (`engine.merge`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.engine.deliver import deliver
from carelane.engine.merge import merge
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Draft, Fact, Merge
from carelane.facts.ids import derive
from carelane.facts.ports import Reader, Reading
from carelane.facts.problem import Problem
from carelane.intake.identify import Identified, Register
from carelane.intake.quarantine import quarantined, to_review
from carelane.store.database import Tx
from carelane.store.interpreted import Interpreted, Pending, pending, write_interpreted
from carelane.store.vault import Shredded

BATCH_MAX = 100

Readers = Mapping[str, Reader]


@dataclass(slots=True)
class _Batch:
    """What one commit of interpreting holds."""

    register: Register
    facts: list[Fact] = field(default_factory=list)
    outcomes: list[Interpreted] = field(default_factory=list)
    merges: list[tuple[Fact, Merge]] = field(default_factory=list)


async def interpret(
    runtime: Runtime, readers: Readers, connection: str, *, limit: int = BATCH_MAX
) -> int:
    """Interpret one batch of a connection; how many messages. Zero when none wait or another process is at it."""
    async with runtime.worker.transaction() as tx:
        if not await tx.rows("intake.connection_turn", connection=connection):
            return 0
        waiting = await pending(tx, runtime.vault, connection, limit=limit)
        if not waiting:
            return 0
        readings = [(each, *_read(readers[connection], each)) for each in waiting]
        batch = await _identify(runtime, tx, connection, readings)
        await deliver(runtime, tx, batch.facts)
        await batch.register.write(tx)
        await write_interpreted(tx, runtime.organisation, connection, runtime.now(), batch.outcomes)
        for fact, merged in batch.merges:
            await merge(runtime, tx, fact, merged)
    runtime.bell.ring("drain")
    return len(batch.outcomes)


def _read(reader: Reader, waiting: Pending) -> tuple[Reading, Sequence[Problem]]:
    if waiting.conflict:
        return (_held_back(waiting), (_CONFLICT,))
    if isinstance(waiting.raw, Shredded):
        return (_held_back(waiting), (_GONE,))
    return reader(waiting.raw, received_at=waiting.received_at)


def _held_back(waiting: Pending) -> Reading:
    return Reading(outcome="quarantined", trigger=waiting.trigger, control_id=None)


_CONFLICT = Problem(
    code="intake.same-id-other-body",
    place="MSH-10",
    message="The control id was used before with other content.",
    remedy="Ask the sender which one holds; replay this one if it is meant, or dismiss it.",
)
_GONE = Problem(
    code="intake.shredded",
    place="message",
    message="The key of this message was destroyed.",
    remedy="Nothing can be read any more; dismiss it.",
)


async def _identify(
    runtime: Runtime,
    tx: Tx,
    connection: str,
    readings: Sequence[tuple[Pending, Reading, Sequence[Problem]]],
) -> _Batch:
    now = runtime.now()
    drafts = [draft for _, reading, _ in readings for draft in reading.drafts]
    register = await Register.load(runtime, tx, connection, drafts, now)
    batch = _Batch(register=register)
    for waiting, reading, problems in readings:
        _one(runtime, batch, connection, waiting, reading, problems, now)
        if any(draft.merge for draft in reading.drafts):
            break  # what follows must see the moved links
    return batch


def _one(  # noqa: PLR0913  # the parts of one message's reading, all needed
    runtime: Runtime,
    batch: _Batch,
    connection: str,
    waiting: Pending,
    reading: Reading,
    problems: Sequence[Problem],
    now: datetime,
) -> None:
    made: list[Fact] = []
    identity: UUID | None = None
    review = ""
    for number, draft in enumerate(reading.drafts):
        found = batch.register.identify(draft)
        identity = identity or found.identity
        fact = _fact(runtime, waiting, connection, draft, found, number, now)
        if found.review:
            review = found.review
            fact = to_review(runtime, fact, found.review)
        made.append(fact)
        if draft.merge is not None and not found.review:
            batch.merges.append((fact, draft.merge))
    if reading.outcome == "quarantined":
        made.append(quarantined(runtime, waiting, connection, problems, now))
    batch.facts.extend(made)
    batch.outcomes.append(_outcome(waiting, reading, problems, made, identity, review, runtime))


def _outcome(  # noqa: PLR0913  # the parts of one message's outcome
    waiting: Pending,
    reading: Reading,
    problems: Sequence[Problem],
    made: Sequence[Fact],
    identity: UUID | None,
    review: str,
    runtime: Runtime,
) -> Interpreted:
    reason = next((each.code for each in problems if each.severity == "error"), "")
    outcome = reading.outcome
    if review:
        outcome, reason = "quarantined", f"identity.{review}"
    key = None
    if identity is not None and waiting.message_key is not None:
        key = runtime.vault.hand_over(waiting.id, waiting.message_key, identity)
    first = made[0] if made else None
    return Interpreted(
        message=waiting.id, outcome=outcome, trigger=reading.trigger, reason=reason, problems=tuple(problems),
        identity=identity, message_key=key, facts=tuple(fact.id for fact in made),
        site=(first.site if first else None) or waiting.site, service_line=(first.service_line if first else None) or "",
    )  # fmt: skip


def _fact(  # noqa: PLR0913  # the parts of one fact
    runtime: Runtime,
    waiting: Pending,
    connection: str,
    draft: Draft,
    found: Identified,
    number: int,
    now: datetime,
) -> Fact:
    tokens = runtime.vault.tokens
    return Fact(
        id=derive(waiting.received_at, "fact", waiting.id, number),
        type=draft.type,
        subject=found.subject,
        organisation=runtime.organisation,
        occurred_at=draft.occurred_at or waiting.received_at,
        recorded_at=now,
        payload=draft.payload,
        keys={name: tokens.correlation(name, value) for name, value in draft.keys.items()},
        entity=draft.entity,
        urgency=draft.urgency,
        identity=found.identity,
        connection=connection,
        origin=waiting.id,
        correlation=waiting.replay_of or waiting.id,
        site=draft.site or waiting.site,
        service_line=draft.service_line,
    )
