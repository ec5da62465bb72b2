"""What became of messages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.facts.problem import Problem
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.leaf_rows import interpreted
from carelane.store.shapes import encode

_NAMES = (
    "id",
    "outcome",
    "trigger",
    "reason",
    "problems",
    "identity",
    "message_key",
    "at",
    "site",
    "service_line",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreted:
    """What became of one message: `facts`, `no mapping`, `quarantined` or `rejected`, and why."""

    message: UUID
    outcome: str
    trigger: str
    reason: str
    problems: tuple[Problem, ...]
    identity: UUID | None
    message_key: bytes | None = field(repr=False)
    facts: tuple[UUID, ...]
    site: str
    service_line: str


def write_interpreted(
    tx: Tx, organisation: UUID, connection: str, at: datetime, outcomes: Sequence[Interpreted]
) -> None:
    """Record what became of messages, with their audit leaf."""
    rows, leaves = (
        Columns("intake.interpreted", _NAMES),
        Columns("commit.leaves", ("id", "at", "body")),
    )
    for each in outcomes:
        rows.add(each.message, each.outcome, each.trigger, each.reason, encode(each.problems), each.identity,
                 each.message_key, at, each.site, each.service_line)  # fmt: skip
    told = [(each.message, each.outcome, each.reason, len(each.facts)) for each in outcomes]
    leaves.add(*interpreted(organisation, at, connection, told))
    for written in (rows, leaves):
        written.put(tx, organisation)
