"""Messages that wait to be interpreted, in receive order, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.facts.problem import Problem
from carelane.store.columns import Columns
from carelane.store.database import Tx
from carelane.store.leaf_rows import interpreted
from carelane.store.shapes import encode
from carelane.store.vault import Shredded, Vault

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
class Pending:
    """A stored message to be read. `raw` is `Shredded` where its key was destroyed."""

    id: UUID
    trigger: str
    received_at: datetime
    site: str
    conflict: bool
    replay_of: UUID | None
    message_key: bytes | None = field(repr=False)
    raw: bytes | Shredded = field(repr=False)


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


async def pending(tx: Tx, vault: Vault, connection: str, *, limit: int) -> list[Pending] | None:
    """The oldest uninterpreted messages of a connection, opened; None while another process interprets it."""
    turn, rows = await tx.together(
        ("intake.connection_turn", {"connection": connection}),
        ("intake.pending", {"connection": connection, "limit": limit}),
    )
    if not turn:
        return None
    return [
        Pending(
            id=id_,
            trigger=trigger,
            received_at=received_at,
            site=site,
            conflict=conflict,
            replay_of=replay_of,
            message_key=key,
            raw=_raw(vault, id_, key, sealed),
        )
        for id_, trigger, received_at, site, conflict, replay_of, key, sealed, _problems in rows
    ]


def _raw(vault: Vault, message: UUID, key: bytes | None, sealed: bytes) -> bytes | Shredded:
    try:
        return vault.open_message(message, key, sealed)
    except Shredded as gone:
        return gone


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
