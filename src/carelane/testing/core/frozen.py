"""Frozen histories: facts with the times they were decided at, and what must come of them, as JSON.

One per language number and story, kept for ever in `tests/replay`: a core that supports a language number gives the
same states and the same ids for its old histories (I15, SEMANTICS 8).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from carelane.cases.model import Step
from carelane.facts.fact import Actor, Fact, Json, Urgency
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition
from carelane.testing.core.invariants import snapshot
from carelane.testing.core.play import Play
from carelane.testing.core.site import ORGANISATION, definitions_of

Record = Mapping[str, Json]


def freeze(steps: Sequence[Step]) -> list[Record]:
    """The recorded inputs of decisions: each fact and its `now`; ends of holds are left to `thaw`."""
    return [_record(decided) for decided in steps if decided.reason != "hold-over"]


def thaw(definitions: Sequence[Definition], records: Sequence[Record]) -> dict[str, Json]:
    """What these inputs give now: the end of each fact, and the last snapshot."""
    game = Play(definitions=definitions_of(*definitions))
    ends: list[Json] = []
    for record in records:
        told = _fact(record)
        game.now = _time(record, "now")
        decided = game.tell(told)
        ends.append(f"{decided.fact.type} {decided.disposition} {decided.reason}".strip())
    return {"ends": ends, "view": cast("Json", snapshot(game.view))}


def _record(decided: Step) -> Record:
    told = decided.fact
    return {
        "id": str(told.id),
        "type": told.type,
        "subject": str(told.subject),
        "occurred_at": told.occurred_at.isoformat(),
        "recorded_at": told.recorded_at.isoformat(),
        "now": decided.now.isoformat(),
        "payload": told.payload.reveal(),
        "keys": dict(told.keys),
        "refers": {name: str(value) for name, value in told.refers.items()},
        "urgency": int(told.urgency),
        "actor": told.actor.value,
        "actor_name": told.actor_name,
        "correlation": str(told.correlation),
    }


def _fact(record: Record) -> Fact:
    payload = record["payload"]
    return Fact(
        id=UUID(str(record["id"])),
        type=str(record["type"]),
        subject=UUID(str(record["subject"])),
        organisation=ORGANISATION,
        occurred_at=_time(record, "occurred_at"),
        recorded_at=_time(record, "recorded_at"),
        payload=Phi(payload if isinstance(payload, Mapping) else {}, "payload"),
        keys=_texts(record["keys"]),
        refers={name: UUID(value) for name, value in _texts(record["refers"]).items()},
        urgency=Urgency(int(str(record["urgency"]))),
        actor=Actor(str(record["actor"])),
        actor_name=str(record["actor_name"]),
        correlation=UUID(str(record["correlation"])),
        site="main",
        service_line="cardiology",
    )


def _texts(value: Json) -> dict[str, str]:
    return {name: str(each) for name, each in value.items()} if isinstance(value, Mapping) else {}


def _time(record: Record, name: str) -> datetime:
    return datetime.fromisoformat(str(record[name]))
