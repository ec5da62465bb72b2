"""A parked case goes on: it is set free, then its parked facts are decided again, in order (SEMANTICS 1)."""

from uuid import UUID

from carelane.cases.words import CASE_REDRIVEN
from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store import turns
from carelane.store.database import Tx
from carelane.store.leaf_rows import put_back

WAIT_MS = 2_000


async def redrive(runtime: Runtime, case: UUID, *, by: str) -> bool:
    """Set a parked case free and put its parked facts back into the inbox; False if it isn't parked."""
    async with runtime.worker.transaction() as tx:
        row = await tx.one("engine.parked_case", case=case)
        if row is None:
            return False
        await turns.of(tx, row["subject"], wait_ms=WAIT_MS)
        await deliver(runtime, tx, [_freed(runtime, case, row["subject"], by)])
        await _again(runtime, tx, case, by)
    runtime.bell.ring("drain")
    return True


async def _again(runtime: Runtime, tx: Tx, case: UUID, by: str) -> None:
    rows = await tx.rows("engine.parked_facts", case=case)
    if not rows:
        return
    facts = [row["fact"] for row in rows]
    tx.put(
        "engine.put_back",
        organisation=runtime.organisation,
        facts=facts,
        subjects=[row["subject"] for row in rows],
        priorities=[row["urgency"] for row in rows],
        cancels=[runtime.releases.cancels(row["type"]) for row in rows],
    )
    id_, at, body = put_back(runtime.organisation, runtime.now(), facts, by)
    tx.put("house.leaf", id=id_, organisation=runtime.organisation, at=at, body=body)


def _freed(runtime: Runtime, case: UUID, subject: UUID, by: str) -> Fact:
    now = runtime.now()
    return Fact(
        id=derive(now, CASE_REDRIVEN, case),
        type=CASE_REDRIVEN,
        subject=subject,
        organisation=runtime.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi({}, CASE_REDRIVEN),
        refers={"case": case},
        actor=Actor.PERSON,
        actor_name=by,
    )
