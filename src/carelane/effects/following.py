"""Asking after what was done outside but is decided later, such as a payer's pended authorisation.

An effect that settled as done with the cause `pended` is asked about at the sender's pace, out of its connection's
budget, until the answer is there, the case is closed or cancelled. What the other side says is kept by the sender as a
message, so that it takes the way of every message; nothing is decided here.
"""

import asyncio
from datetime import timedelta

from carelane.effects.claim import pay
from carelane.effects.flight import Flight, intent_of, of_row
from carelane.effects.outbox import Outbox
from carelane.effects.settlement import Settlement
from carelane.engine.runtime import Runtime
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import PENDED, Asking, Sent, Verdict
from carelane.store.database import Tx

BATCH = 20


def pace(outbox: Outbox, flight: Flight) -> timedelta | None:
    """How long between two questions; None where the connection's other side is not to be asked."""
    sender = outbox.senders[flight.connection]
    seconds = sender.asks_every().get(flight.capability) if isinstance(sender, Asking) else None
    return None if seconds is None else timedelta(seconds=seconds)


def await_answer(outbox: Outbox, tx: Tx, flight: Flight, settlement: Settlement) -> None:
    """Note that an effect is done and its answer is to come."""
    every = pace(outbox, flight) if settlement.cause == PENDED else None
    if every is not None:
        tx.put(
            "effects.await",
            effect=flight.id,
            organisation=flight.organisation,
            connection=flight.connection,
            next_at=outbox.runtime.now() + every,
        )


async def ask_due(outbox: Outbox, name: str) -> int:
    """Ask about what is due at a destination; how many questions were put."""
    sender = outbox.senders[name]
    if not isinstance(sender, Asking):
        return 0
    asked = 0
    while asked < BATCH and (flight := await _take(outbox, name, sender)) is not None:
        asked += 1
        await _ask(outbox, sender, flight)
    return asked


async def hurry(runtime: Runtime, name: str) -> None:
    """The other side has answers: ask now."""
    async with runtime.worker.transaction() as tx:
        tx.put("effects.hurry_awaited", connection=name, now=runtime.now())
    runtime.bell.ring(f"reconcile/{name}")


async def _take(outbox: Outbox, name: str, sender: Asking) -> Flight | None:
    """The next one to ask about; those whose case is over are let go."""
    runtime = outbox.runtime
    every = min(sender.asks_every().values(), default=0)
    while True:
        async with runtime.worker.transaction() as tx:
            now = runtime.now()
            later = now + timedelta(seconds=every)
            rows = await tx.rows(
                "effects.take_awaited", connection=name, now=now, next_at=later, paid=1
            )
            if not rows:
                return None
            flight = of_row(rows[0])
            runtime.vault.learn(flight.identity, flight.identity_key)
            if not flight.blocked:
                return flight
            tx.put("effects.answered", effect=flight.id)


async def _ask(outbox: Outbox, sender: Asking, flight: Flight) -> None:
    if not await pay(outbox, flight.connection):
        return  # the connection is ill or its budget is spent: asked at the next turn
    said = await _said(outbox, sender, flight)
    labels = {"connection": flight.connection, "outcome": said.cause or said.verdict.value}
    outbox.runtime.observer.count("carelane_answers_asked_total", labels)
    if said.verdict is Verdict.DONE and said.cause != PENDED:
        async with outbox.runtime.worker.transaction() as tx:
            tx.put("effects.answered", effect=flight.id)


async def _said(outbox: Outbox, sender: Asking, flight: Flight) -> Sent:
    limit = outbox.destinations[flight.connection].send_timeout.total_seconds()
    try:
        intent = intent_of(flight, outbox.runtime.vault)
        async with asyncio.timeout(limit):
            return await sender.ask(intent, now=outbox.runtime.now())
    except TimeoutError:
        return Sent(verdict=Verdict.UNKNOWN, cause="timeout")
    except CarelaneError as fault:
        return Sent(verdict=Verdict.UNKNOWN, cause=f"unreadable:{fault.code}")
