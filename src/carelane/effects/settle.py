"""Writing down what became of an effect: row, fact for the core, work for a person, leaf, breaker; one transaction.

`settlement.py` judges; this half stores. The outcome goes to the core as the fact `effect.settled`;
`effect.unknown` and `effect.dead` open cases of system pathways, so that someone owns them (SEMANTICS 10).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.cases.model import EffectState
from carelane.effects.flight import Flight
from carelane.effects.following import await_answer
from carelane.effects.gate import Gate, after
from carelane.effects.outbox import Outbox
from carelane.effects.settlement import Health, Settlement
from carelane.engine.chance import full_jitter
from carelane.engine.deliver import deliver
from carelane.facts.fact import Actor, Fact, Urgency
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.store.changes import Deed, written
from carelane.store.changes import write as record_all
from carelane.store.database import Tx

EFFECT_SETTLED: Final = "effect.settled"  # to the effect's own case
EFFECT_UNKNOWN: Final = (
    "effect.unknown"  # these three to the system pathway whose owner deals with it
)
EFFECT_DEAD: Final = "effect.dead"
EFFECT_RESOLVED: Final = "effect.resolved"

_WELL = frozenset({EffectState.DONE, EffectState.WITHDRAWN})


async def settle(outbox: Outbox, flight: Flight, settlement: Settlement) -> bool:
    """Store a settlement in a transaction of its own; False if the lease was lost and nothing was written."""
    async with outbox.runtime.worker.transaction(steady=True) as tx:
        stored = await write(outbox, tx, flight, settlement)
    if stored:
        _tell(outbox, flight, settlement)
    return stored


async def write(outbox: Outbox, tx: Tx, flight: Flight, settlement: Settlement) -> bool:
    """Store a settlement in the caller's transaction."""
    runtime = outbox.runtime
    now = runtime.now()
    became = {
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
    rows, breaker = await tx.together(
        ("effects.settle", became), ("effects.breaker", {"connection": flight.connection})
    )
    if not _calm(settlement, breaker):
        await _health(outbox, tx, flight.connection, settlement, now)
    if not rows:
        return False
    ((subject, was),) = rows
    if settlement.state is EffectState.DONE:
        await await_answer(outbox, tx, flight, settlement)
    runtime.vault.learn(flight.identity, flight.identity_key)
    deed = Deed(
        organisation=flight.organisation,
        at=now,
        action=Action.EFFECT_SETTLED,
        actor=Actor.EFFECT,
        name=flight.connection,
        case=flight.case,
    )
    change = Change(
        thing=Thing.EFFECT,
        id=flight.id,
        before=was,
        after=settlement.state.value,
        detail={"cause": settlement.cause, "attempt": flight.attempts},
    )
    told = facts(replace(flight, subject=subject), settlement, now)
    await deliver(runtime, tx, told, beside=[written(deed, [change])])
    return True


async def end_unheard(outbox: Outbox, tx: Tx, ended: Sequence[tuple[Flight, str]]) -> None:
    """Withdraw waiting messages that no step waits for, each with its cause: one statement and one leaf for all."""
    if not ended:
        return
    causes = {flight.id: cause for flight, cause in ended}
    now = outbox.runtime.now()
    rows = await tx.rows(
        "effects.end_unheard", ids=list(causes), causes=list(causes.values()), now=now
    )
    deed = Deed(
        organisation=outbox.runtime.organisation,
        at=now,
        action=Action.EFFECT_SETTLED,
        actor=Actor.EFFECT,
        name="",
    )
    changes = [
        Change(
            thing=Thing.EFFECT,
            id=row["id"],
            before=EffectState.READY.value,
            after=EffectState.WITHDRAWN.value,
            detail={"cause": causes[row["id"]]},
        )
        for row in rows
    ]
    if changes:
        await record_all(tx, deed, changes)


def facts(flight: Flight, settlement: Settlement, now: datetime) -> list[Fact]:
    """What the core and the system pathways hear of it."""
    told = []
    unheard = flight.unheard and settlement.state is EffectState.WITHDRAWN
    if settlement.outcome is not None and not unheard:
        told.append(_fact(EFFECT_SETTLED, flight, settlement, now))
    if settlement.state is EffectState.DEAD:
        told.append(_fact(EFFECT_DEAD, flight, settlement, now))
    elif settlement.state is EffectState.UNKNOWN and flight.state is not EffectState.UNKNOWN:
        told.append(_fact(EFFECT_UNKNOWN, flight, settlement, now))
    elif settlement.state in _WELL and flight.troubled:
        told.append(_fact(EFFECT_RESOLVED, flight, settlement, now))
    return told


def _fact(type_: str, flight: Flight, settlement: Settlement, now: datetime) -> Fact:
    return Fact(
        id=derive(now, type_, flight.id, flight.attempts, flight.looks, settlement.state),
        type=type_,
        subject=flight.subject,
        organisation=flight.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi(
            {
                "effect": {
                    "name": flight.name,
                    "outcome": settlement.outcome.value if settlement.outcome else "",
                    "cause": settlement.cause,
                    "reference": settlement.reference,
                    "capability": flight.capability,
                    "connection": flight.connection,
                    "audience": flight.audience.value,
                }
            },
            "effect outcome",
        ),
        keys={"effect": str(flight.id), "case": str(flight.case)},
        refers={"effect": flight.id, "case": flight.case},
        urgency=Urgency(flight.urgency),
        actor=Actor.EFFECT,
        actor_name=flight.connection,
        connection=flight.connection,
        # Sealed by the patient's key, so that it follows a merge; where the key was destroyed, by our own.
        identity=flight.identity if flight.identity_key else None,
        origin=flight.id,
        correlation=flight.correlation,
        site=flight.site,
        service_line=flight.service_line,
    )


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
    await tx.run(
        "effects.health",
        connection=name,
        state=gate.state,
        open_until=gate.open_until,
        failures=gate.failures,
        hold_until=settlement.hold_until,
    )


def _tell(outbox: Outbox, flight: Flight, settlement: Settlement) -> None:
    outbox.runtime.bell.ring("drain")
    labels = {
        "connection": flight.connection,
        "capability": flight.capability,
        "state": settlement.state.value,
    }
    outbox.runtime.observer.count("carelane_effects_total", labels)
