"""Interpret: stored bytes to facts on subjects, in receive order per connection (hop 3).

One interpreter per connection at a time (a row lock). Messages go through in batches of one commit; an identity
message (merge, link, unlink) is a commit of its own, because it takes turns (`joining`, `engine.merge`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from carelane.engine.deliver import deliver
from carelane.engine.drain import SUBJECTS_MAX
from carelane.engine.lead import ALIVE, CROWD
from carelane.engine.loop import FEW
from carelane.engine.measure import interpreted
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Fact
from carelane.facts.ports import Reader, Reading
from carelane.facts.problem import Problem
from carelane.intake import answering, insured, requests
from carelane.intake.ahead import Ahead, Read
from carelane.intake.answering import Answers
from carelane.intake.identify import identify
from carelane.intake.insured import Insured
from carelane.intake.joining import join
from carelane.intake.making import Batch, Waiting, fact_of, outcome
from carelane.intake.quarantine import quarantined, released, suspicion, to_review
from carelane.intake.register import IdentityRaced, Register
from carelane.intake.requests import Requests
from carelane.store.database import Tx, overdue, passing
from carelane.store.interpreted import write_interpreted
from carelane.store.pending import Pending, Queue, head
from carelane.store.turns import TurnBusy
from carelane.store.vault import Shredded, Vault

BATCH_MAX = 2 * SUBJECTS_MAX
"""Of one transaction: each message is about a subject of its own under load, and is then decided in two batches."""
OTHERS = -1
TRIES_MAX = 3
"""So often a message whose work takes too long is tried alone before it is a person's."""

Readers = Mapping[str, Reader]


async def interpret(
    runtime: Runtime,
    readers: Readers,
    connection: str,
    *,
    limit: int = BATCH_MAX,
    ahead: Ahead | None = None,
) -> int:
    """Interpret one batch of a connection; how many messages, or `OTHERS` when another process is at it.

    Zero when none wait, and when a merge found a turn taken or another connection met the same new patient: the
    caller tries again. A batch at which we fail, or that takes too long, is read again by halves; the message that
    fails alone (or takes too long alone, `TRIES_MAX` times) is set aside for a person: it holds up no other (I5).

    Raises:
        psycopg.Error: the database is away, or so busy that setting aside takes too long as well; nothing was written.
    """
    ahead = ahead or Ahead(runtime, readers[connection], connection)
    aside: dict[UUID, Problem] = {}
    alone: list[UUID] = []
    while True:
        taken: list[UUID] = []
        try:
            return await _interpret(runtime, ahead, limit=limit, taken=taken, aside=aside)
        except (TurnBusy, IdentityRaced) as busy:
            runtime.observer.count("interpret_redone", {"cause": busy.code})
            return 0
        except Exception as cause:  # one message must not stop its connection
            late = overdue(cause)
            if not taken or not aside.keys().isdisjoint(taken) or (passing(cause) and not late):
                raise
            runtime.observer.count("interpret_redone", {"cause": type(cause).__name__})
            alone += taken if len(taken) == 1 else ()
            if len(taken) == 1 and not (late and alone.count(taken[0]) < TRIES_MAX):
                aside[taken[0]] = _OVERDUE if late else _FAILED
                runtime.log.failed("failed", cause, part=f"interpret-{connection}", number=1)
        limit = max(len(taken) // 2, 1)


async def _interpret(
    runtime: Runtime,
    ahead: Ahead,
    *,
    limit: int,
    taken: list[UUID],
    aside: Mapping[UUID, Problem],
) -> int:
    """One try; `taken` tells which messages it took, also if it fails."""
    # Keys made in a batch count once it is committed: until then nobody else in the process may seal with them.
    runtime = replace(runtime, vault=Vault(runtime.vault.keys, learnt_max=None))
    connection, known = ahead.connection, ahead.ready()
    door = f"interpret/{connection}"
    register = Register(runtime, connection, runtime.now())
    async with runtime.worker.transaction(steady=True) as tx:
        crowding = _crowding(runtime) if ahead.followed else None
        queue = await head(
            tx, runtime.vault, connection, limit=limit, known=known, crowding=crowding
        )
        if queue is None:
            runtime.bell.leave(door)  # should it end, the scout finds what is left
            return OTHERS
        runtime.bell.heed(door)
        _look_ahead(runtime, ahead, queue, limit)
        waiting = queue.messages
        if not waiting:
            return 0
        taken.extend(each.id for each in waiting)
        readings = _until_joining(
            [Waiting(each, *_read(ahead.reader, each, aside, known)) for each in waiting]
        )
        batch = await _batch(tx, register, readings)
        write_interpreted(tx, runtime.organisation, connection, runtime.now(), batch.outcomes)
    runtime.bell.ring("drain", few=len(batch.outcomes) < FEW)
    if len(readings) < len(waiting) or queue.full:  # more are left: at once
        runtime.bell.ring_here(door)
    came = {each.id: each.received_at for each in waiting}
    became = ((each.outcome, came[each.message]) for each in batch.outcomes)
    interpreted(runtime.observer, connection, runtime.now(), became)
    return len(batch.outcomes)


def _crowding(runtime: Runtime) -> Mapping[str, object]:
    return {"process": runtime.process, "since": runtime.now() - ALIVE, "crowd": CROWD}


def _look_ahead(runtime: Runtime, ahead: Ahead, queue: Queue, limit: int) -> None:
    """Who brings in one full batch after the other reads ahead, and leaves deciding to others while they can."""
    if ahead.followed and queue.full and not queue.crowded:
        runtime.lead.take(ahead.connection)
    else:
        runtime.lead.end(ahead.connection)
    ahead.reached(queue.place, more=limit if queue.full else 0)


def _until_joining(readings: Sequence[Waiting]) -> Sequence[Waiting]:
    """All up to the first identity message, or that one alone: what follows must see the moved links."""
    first = next((n for n, each in enumerate(readings) if each.joins), None)
    return readings if first is None else readings[: max(first, 1)]


async def _batch(tx: Tx, register: Register, readings: Sequence[Waiting]) -> Batch:
    if readings[0].joins:
        return await join(tx, register, readings[0])
    drafts = [draft for each in readings for draft in each.reading.drafts]
    await register.load(tx, drafts)
    beside = Beside(
        sent=await answering.load(tx, register, drafts),
        asked=await requests.load(tx, register, drafts),
        insured=await insured.load(tx, register, drafts),
    )
    batch = Batch()
    for each in readings:
        _one(register, beside, batch, each)
    await register.write(tx)
    answering.write(tx, beside.sent)
    requests.write(tx, beside.asked)
    insured.write(tx, beside.insured)
    await deliver(register.runtime, tx, batch.facts, fresh=True)
    return batch


def _read(
    reader: Reader, waiting: Pending, aside: Mapping[UUID, Problem], known: Mapping[UUID, Read]
) -> Read:
    if waiting.id in aside:
        return (_held_back(waiting), (aside[waiting.id],))
    if waiting.conflict:
        return (_held_back(waiting), (_CONFLICT,))
    if waiting.raw is None:
        return known[waiting.id]
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
_FAILED = Problem(
    code="intake.failed",
    place="message",
    message="We failed at this message: a defect of ours.",
    remedy="Report the line `failed` of the log; do by hand what it asks for, or replay it once that is mended.",
)
_OVERDUE = Problem(
    code="intake.overdue",
    place="message",
    message="The work of this message took longer than it may, each time.",
    remedy="Replay it when the database is less busy; if that is in vain, report the line `failed` of the log.",
)
_GONE = Problem(
    code="intake.shredded",
    place="message",
    message="The key of this message was destroyed.",
    remedy="Nothing can be read any more; dismiss it.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a batch needs besides identity: what is answered, what was asked before, who pays."""

    sent: Answers
    asked: Requests
    insured: Insured


def _one(register: Register, known: Beside, batch: Batch, waiting: Waiting) -> None:
    runtime, connection, now = register.runtime, register.connection, register.now
    made: list[Fact] = []
    beside: list[Fact] = []
    identity: UUID | None = None
    review = ""
    for number, draft in enumerate(waiting.reading.drafts):
        if answering.answers(draft):
            told = answering.answered(register, known.sent, waiting.message, draft, number)
            identity, review = identity or told.facts[0].identity, review or told.review
            made.extend(told.facts)
            continue
        found = identify(register, draft)
        identity = identity or found.identity
        fact = known.asked.of(register, fact_of(register, waiting.message, draft, found, number))
        fact = known.insured.of(register, fact)
        if found.review:
            review = found.review
            fact = to_review(runtime, fact, found.review)
        elif found.suspected and not beside:
            beside.append(suspicion(runtime, fact))
        made.append(fact)
        if not found.review:
            answering.said(register, known.sent, draft, fact)
    if waiting.reading.outcome == "quarantined":
        made.append(quarantined(runtime, waiting.message, connection, waiting.problems, now))
    elif not review and (free := released(runtime, waiting.message, connection, now)) is not None:
        beside.append(free)
    batch.facts.extend([*made, *beside])
    batch.outcomes.append(outcome(runtime, waiting, made, identity, review))
