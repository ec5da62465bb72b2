"""The facts that tell of an effect: what the core and the system pathways hear. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from carelane.cases.model import EffectState
from carelane.effects.flight import Flight
from carelane.effects.settlement import Settlement
from carelane.facts.fact import Actor, Fact, Payload, Urgency
from carelane.facts.ids import derive
from carelane.facts.phi import Phi

EFFECT_SETTLED: Final = "effect.settled"  # to the effect's own case
EFFECT_UNKNOWN: Final = (
    "effect.unknown"  # these three to the system pathway whose owner deals with it
)
EFFECT_DEAD: Final = "effect.dead"
EFFECT_RESOLVED: Final = "effect.resolved"

_WELL = frozenset({EffectState.DONE, EffectState.WITHDRAWN})


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


def fact_of(  # noqa: PLR0913  # what the fact says for itself, by name
    flight: Flight,
    type_: str,
    now: datetime,
    *,
    payload: Phi[Payload],
    id_: UUID,
    keys: Mapping[str, str],
) -> Fact:
    """A fact of this type that an effect brought about, for its own subject and from its own connection."""
    return Fact(
        id=id_,
        type=type_,
        subject=flight.subject,
        organisation=flight.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=payload,
        keys=keys,
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


def _fact(type_: str, flight: Flight, settlement: Settlement, now: datetime) -> Fact:
    said: Payload = {
        "effect": {
            "name": flight.name,
            "outcome": settlement.outcome.value if settlement.outcome else "",
            "cause": settlement.cause,
            "reference": settlement.reference,
            "capability": flight.capability,
            "connection": flight.connection,
            "audience": flight.audience.value,
        }
    }
    return fact_of(
        flight,
        type_,
        now,
        payload=Phi(said, "effect outcome"),
        id_=derive(now, type_, flight.id, flight.attempts, flight.looks, settlement.state),
        keys={"effect": str(flight.id), "case": str(flight.case)},
    )
