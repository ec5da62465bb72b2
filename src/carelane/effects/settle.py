"""Writing down what became of an effect: row, fact for the core, work for a person, leaf, breaker; one transaction.

`settlement.py` judges, `told.py` says what is heard of it; this half stores. The outcome goes to the core as the fact
`effect.settled`; `effect.unknown` and `effect.dead` open cases of system pathways, so that someone owns them
(SEMANTICS 10).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases.model import EffectState
from carelane.effects.flight import Flight
from carelane.effects.following import await_answer
from carelane.effects.gate import Gate, after
from carelane.effects.outbox import Outbox
from carelane.effects.settlement import Health, Settlement
from carelane.effects.told import facts
from carelane.engine.chance import full_jitter
from carelane.engine.deliver import deliver
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record
from carelane.store.changes import write as record_all
from carelane.store.database import Tx


async def settle(outbox: Outbox, flight: Flight, settlement: Settlement) -> bool:
    """Store a settlement in a transaction of its own; False if the lease was lost and nothing was written.

    What waits at the same destination may go now: a place is free, or it came after this one.
    """
    runtime = outbox.runtime
    async with runtime.worker.transaction(steady=True) as tx:
        stored = await write(outbox, tx, flight, settlement)
        more = tx.afterwards("effects.waiting", connection=flight.connection, now=runtime.now())
    if more.rows[0][0]:
        runtime.bell.ring_here(f"effects/{flight.connection}")
    if stored:
        _tell(outbox, flight, settlement)
    return stored


async def write(outbox: Outbox, tx: Tx, flight: Flight, settlement: Settlement) -> bool:
    """Store a settlement in the caller's transaction."""
    runtime = outbox.runtime
    now = runtime.now()
    rows, breaker = await tx.together(
        ("effects.settle", _became(flight, settlement, now)),
        ("effects.breaker", {"connection": flight.connection}),
    )
    if not _calm(settlement, breaker):
        await _health(outbox, tx, flight.connection, settlement, now)
    if not rows:
        return False
    ((subject, was),) = rows
    if settlement.state is EffectState.DONE:
        await_answer(outbox, tx, flight, settlement)
    runtime.vault.learn(flight.identity, flight.identity_key)
    deed = _deed(flight.organisation, now, name=flight.connection, case=flight.case)
    change = _change(
        flight.id, was, settlement.state, cause=settlement.cause, attempt=flight.attempts
    )
    record(tx, deed, change)
    told = facts(replace(flight, subject=subject), settlement, now)
    await deliver(runtime, tx, told, fresh=True)
    return True


def _became(flight: Flight, settlement: Settlement, now: datetime) -> dict[str, object]:
    return {
        "id": flight.id,
        "lease": flight.lease_by,
        "state": settlement.state.value,
        "cause": settlement.cause,
        "reference": settlement.reference,
        "format": settlement.format,
        "next_at": settlement.next_at,
        "absent_at": settlement.absent_at,
        "looks": settlement.looks,
        "asked": settlement.asked,
        "maybe": settlement.maybe,
        "now": now,
    }


async def end_unheard(outbox: Outbox, tx: Tx, ended: Sequence[tuple[Flight, str]]) -> None:
    """Withdraw waiting messages that no step waits for, each with its cause: one statement and one leaf for all."""
    if not ended:
        return
    causes = {flight.id: cause for flight, cause in ended}
    now = outbox.runtime.now()
    rows = await tx.rows(
        "effects.end_unheard", ids=list(causes), causes=list(causes.values()), now=now
    )
    changes = [
        _change(row["id"], EffectState.READY.value, EffectState.WITHDRAWN, cause=causes[row["id"]])
        for row in rows
    ]
    if changes:
        record_all(tx, _deed(outbox.runtime.organisation, now), changes)


def _deed(organisation: UUID, at: datetime, *, name: str = "", case: UUID | None = None) -> Deed:
    return Deed(
        organisation=organisation,
        at=at,
        action=Action.EFFECT_SETTLED,
        actor=Actor.EFFECT,
        name=name,
        case=case,
    )


def _change(effect: UUID, before: str, after: EffectState, **detail: str | int) -> Change:
    return Change(thing=Thing.EFFECT, id=effect, before=before, after=after.value, detail=detail)


def _calm(settlement: Settlement, breaker: Sequence[tuple[Any, ...]]) -> bool:
    """Whether the outcome changes nothing of the connection's breaker."""
    if settlement.hold_until is not None:
        return False
    if settlement.health is Health.SILENT:
        return True
    names = ("state", "open_until", "failures")
    calm = any(Gate(**dict(zip(names, row, strict=True))).calm for row in breaker)
    return settlement.health is Health.WELL and calm


async def _health(outbox: Outbox, tx: Tx, name: str, settlement: Settlement, now: datetime) -> None:
    row = await tx.one("effects.gate", connection=name)
    if row is None:
        return
    destination = outbox.destinations[name]
    # Between half and the whole time, so that many hosts do not probe at one instant.
    spread = full_jitter(0, base=destination.breaker_open / 2, limit=destination.breaker_open)
    gate = after(
        Gate(**row),
        settlement.health,
        destination,
        now,
        open_for=destination.breaker_open / 2 + spread,
    )
    tx.put(
        "effects.health",
        connection=name,
        state=gate.state,
        open_until=gate.open_until,
        failures=gate.failures,
        hold_until=settlement.hold_until,
    )


def _tell(outbox: Outbox, flight: Flight, settlement: Settlement) -> None:
    outbox.runtime.bell.ring_here("drain")  # one fact: whoever sends drains too
    labels = {
        "connection": flight.connection,
        "capability": flight.capability,
        "state": settlement.state.value,
    }
    outbox.runtime.observer.count("carelane_effects_total", labels)
