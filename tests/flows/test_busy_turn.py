"""An outcome that was stored while the subject was busy, and then did nothing, leaves its task open."""

import asyncio
from uuid import UUID

import pytest

from carelane.compose.connections import envelopes, readers
from carelane.compose.house import House
from carelane.engine.decide import Standing, decide
from carelane.engine.drain import drain
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.intake.interpret import interpret
from carelane.intake.receive import Receiver
from carelane.store import turns
from carelane.testing.messages import referral


async def _task(house: House) -> dict[str, object]:
    async with house.runtime.worker.transaction() as tx:
        cursor = await (await tx.begun()).execute(
            "select id, case_id, subject, status from task where closed_at is null"
        )
        (row,) = await cursor.fetchall()
    return dict(zip(("id", "case", "subject", "status"), row, strict=True))


@pytest.mark.invariant("I9")
async def test_a_refused_outcome_stored_under_a_busy_turn_leaves_the_task_open(
    house: House,
) -> None:
    """It shows `completing` while it waits, and is work again once it was refused."""
    runtime, stop = house.runtime, asyncio.Event()
    receiver = Receiver(runtime, envelopes(runtime.directory), {"mllp": "north"})
    writing = asyncio.create_task(receiver.write(stop))
    await receiver.receive("mllp", referral(1))
    stop.set()
    await writing
    await interpret(runtime, readers(runtime.directory), "mllp")
    await drain(runtime)
    task = await _task(house)
    subject, now = UUID(str(task["subject"])), runtime.now()
    fact = Fact(
        id=derive(now, "nonsense", task["id"]),
        type="task.completed",
        subject=subject,
        organisation=runtime.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi({"task": {"outcome": "no-such-outcome", "form": {}}}, "task"),
        refers={"task": UUID(str(task["id"])), "case": UUID(str(task["case"]))},
        actor=Actor.PERSON,
        actor_name="dev.okafor",
    )

    async with runtime.worker.transaction() as tx:
        await turns.of(tx, subject, wait_ms=100)
        answer = await decide(runtime, fact)

    assert answer.standing is Standing.COMPLETING
    assert (await _task(house))["status"] == "completing"
    await drain(runtime)
    assert (await _task(house))["status"] == "ready"
