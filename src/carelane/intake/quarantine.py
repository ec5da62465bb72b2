"""What can't be trusted to a patient becomes a fact on its connection: a case of a system pathway, with an owner."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.facts.problem import Problem
from carelane.store.pending import Pending


def connection_subject(organisation: UUID, connection: str) -> UUID:
    """The subject of a connection: where facts without a patient are ordered."""
    return name_id(organisation, "connection", connection)


def quarantined(
    runtime: Runtime, waiting: Pending, connection: str, problems: Sequence[Problem], now: datetime
) -> Fact:
    """`message.quarantined`: the message is kept, and somebody owns it. Codes and places only."""
    found: list[Json] = [
        {"code": each.code, "place": each.place, "remedy": each.remedy} for each in problems
    ]
    payload: dict[str, Json] = {"message": {"trigger": waiting.trigger, "problems": found}}
    return Fact(
        id=derive(waiting.received_at, "quarantined", waiting.id),
        type="message.quarantined",
        subject=connection_subject(runtime.organisation, connection),
        organisation=runtime.organisation,
        occurred_at=waiting.received_at,
        recorded_at=now,
        payload=Phi(payload, "message"),
        keys={"message": str(waiting.id)},
        refers={"message": waiting.id},
        actor=Actor.CARELANE,
        connection=connection,
        origin=waiting.id,
        correlation=waiting.id,
        site=waiting.site,
    )


def to_review(runtime: Runtime, fact: Fact, reason: str) -> Fact:
    """`identity.review` instead of a fact whose patient is not certain; the message is replayed once it is."""
    message = fact.origin or fact.id
    return replace(
        fact,
        id=derive(fact.recorded_at, "review", fact.id),
        type="identity.review",
        subject=connection_subject(runtime.organisation, fact.connection or ""),
        payload=Phi({"review": {"reason": reason, "type": fact.type}}, "review"),
        keys={"message": str(message)},
        refers={"message": message},
        identity=None,
        entity=None,
        actor=Actor.CARELANE,
    )


def suspicion(runtime: Runtime, fact: Fact) -> Fact:
    """`identity.review` beside a fact whose new patient may be one we know: work goes on meanwhile."""
    found = to_review(runtime, fact, "suspected-duplicate")
    return replace(found, id=derive(fact.recorded_at, "suspected", fact.id))


def released(runtime: Runtime, waiting: Pending, connection: str, now: datetime) -> Fact | None:
    """`message.released`: a replay was taken in, so that nobody need look at the first any more."""
    first = waiting.replay_of
    if first is None:
        return None
    return Fact(
        id=derive(waiting.received_at, "released", waiting.id),
        type="message.released",
        subject=connection_subject(runtime.organisation, connection),
        organisation=runtime.organisation,
        occurred_at=waiting.received_at,
        recorded_at=now,
        payload=Phi({}, "message"),
        keys={"message": str(first)},
        refers={"message": first},
        actor=Actor.CARELANE,
        connection=connection,
        origin=waiting.id,
        correlation=first,
        site=waiting.site,
    )
