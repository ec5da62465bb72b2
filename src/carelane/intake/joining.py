"""One identity message (A24, A37, A40), in a transaction of its own: its facts, and what they move.

The rules are `identity.merge`, the writing is `engine.merge`. What can't be carried out is for a person: an
`identity.review` on the connection, and nothing is changed.
"""

from uuid import UUID

from carelane.engine.deliver import deliver
from carelane.engine.merge import merge
from carelane.facts.fact import Draft, Fact, Merge
from carelane.identity.links import Plan
from carelane.intake.identify import Identified, identify
from carelane.intake.making import Batch, Waiting, fact_of, outcome
from carelane.intake.quarantine import quarantined, released, to_review
from carelane.intake.register import Register
from carelane.store.database import Tx


async def join(tx: Tx, register: Register, waiting: Waiting) -> Batch:
    """Carry out each group of the message in its order; each sees the links that the one before left.

    Raises `TurnBusy` and `IdentityRaced`; then the transaction is void.
    """
    runtime = register.runtime
    made: list[Fact] = []
    identity: UUID | None = None
    review = ""
    for number, draft in enumerate(waiting.reading.drafts):
        one = Register(runtime, register.connection, register.now)
        await one.load(tx, [draft])
        found = identify(one, draft)
        fact = fact_of(one, waiting.message, draft, found, number)
        why = found.review or await _carry_out(tx, one, draft, found, fact)
        if why:
            review = why
            fact = to_review(runtime, fact, why)
            await deliver(runtime, tx, [fact])
        else:
            identity = identity or found.identity
        made.append(fact)
    if waiting.reading.outcome == "quarantined":
        held = quarantined(
            runtime, waiting.message, register.connection, waiting.problems, register.now
        )
        await deliver(runtime, tx, [held])
        made.append(held)
    elif not review and (
        free := released(runtime, waiting.message, register.connection, register.now)
    ):
        await deliver(runtime, tx, [free])
    told = outcome(runtime, waiting, made, identity, review)
    return Batch(facts=made, outcomes=[told])


async def _carry_out(
    tx: Tx, register: Register, draft: Draft, found: Identified, fact: Fact
) -> str:
    """Why a person must look, or empty when it is done."""
    if draft.merge is None:
        await register.write(tx)
        await deliver(register.runtime, tx, [fact])
        return ""
    plan = await _merge(tx, register, draft.merge, found, fact)
    return plan.reason if plan.ask else ""


async def _merge(tx: Tx, register: Register, told: Merge, found: Identified, fact: Fact) -> Plan:
    runtime = register.runtime

    async def first() -> None:
        await register.write(tx)
        await deliver(runtime, tx, [fact])

    return await merge(
        runtime, tx, fact, kind=told.kind, survivor=found.survivor, retired=found.retired, first=first
    )  # fmt: skip
