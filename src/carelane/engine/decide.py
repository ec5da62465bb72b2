"""`decide`: a person's action, decided at once in its own transaction (SEMANTICS 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from carelane.cases.model import Disposition, Step
from carelane.engine.deliver import deliver
from carelane.engine.drain import decide_in
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Fact
from carelane.store import turns
from carelane.store.database import Later, Question

WAIT_MS = 500
PENDING_MAX = 20


class Standing(StrEnum):
    """How a person's action stands when the answer goes out."""

    APPLIED = "applied"
    IGNORED = (
        "ignored"  # decided, and it did nothing; the reason says why (`form-incomplete:read_back`)
    )
    COMPLETING = (
        "completing"  # stored; the subject was busy; its time of recording protects it from expiry
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a person's action. `step` is there when it was decided, `after` what was asked after that."""

    standing: Standing
    reason: str = ""
    step: Step | None = None
    after: Sequence[Sequence[Any]] = ()


async def decide(runtime: Runtime, fact: Fact, *, then: Question | None = None) -> Answer:
    """Take the subject's turn (at most 500 ms), apply what is pending (at most 20 facts), then `fact`; commit.

    `then` is asked once that is committed, in the same packet.
    """
    try:
        async with runtime.worker.transaction(steady=True) as tx:
            with turns.within(tx, fact.subject, wait_ms=WAIT_MS):
                chained = await decide_in(runtime, tx, fact.subject, fact, pending_max=PENDING_MAX)
            later = tx.afterwards(then[0], **then[1]) if then else Later()
            came = turns.came(tx, [fact.subject])
    except turns.TurnBusy:
        return await _store_alone(runtime, fact)
    if any(change.intents for step in chained.steps for change in step.changes):
        runtime.bell.ring("effects")
    if came() or any(step.emissions for step in chained.steps):
        runtime.bell.ring("drain")
    step = next(step for step in chained.steps if step.fact.id == fact.id)
    standing = Standing.APPLIED if step.disposition is Disposition.APPLIED else Standing.IGNORED
    return Answer(standing=standing, reason=step.reason, step=step, after=later.rows)


async def _store_alone(runtime: Runtime, fact: Fact) -> Answer:
    async with runtime.worker.transaction(steady=True) as tx:
        await deliver(runtime, tx, [fact])
        task = fact.refers.get("task")
        if task is not None:
            tx.put("engine.completing", task=task)
    runtime.bell.ring("drain")
    return Answer(standing=Standing.COMPLETING, reason="turn-busy")
