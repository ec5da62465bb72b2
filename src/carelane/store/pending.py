"""Messages that wait to be interpreted: the head of a connection's queue, and what stands behind it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg.rows import TupleRow

from carelane.store.database import Database, Tx
from carelane.store.vault import Shredded, Vault

BYTES_MAX = 8 * 1024 * 1024
"""Of the messages of one batch, as they came: after those the batch ends, or a morning of scans would fill memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A stored message to be read. `raw` is `Shredded` where its key was destroyed, None where it was not asked for.

    `seq` is its place in the order in which messages came.
    """

    id: UUID
    seq: int
    size: int
    trigger: str
    received_at: datetime
    site: str
    conflict: bool
    replay_of: UUID | None
    message_key: bytes | None = field(repr=False)
    raw: bytes | Shredded | None = field(repr=False)


class Queue(NamedTuple):
    """The oldest messages. `full`: more may stand behind. `crowded`: nobody else decides, or not fast enough."""

    messages: Sequence[Pending]
    full: bool
    crowded: bool

    @property
    def place(self) -> int:
        """The last one's place in the order."""
        return self.messages[-1].seq if self.messages else 0


async def head(  # noqa: PLR0913  # what is asked of one connection's queue
    tx: Tx,
    vault: Vault,
    connection: str,
    *,
    limit: int,
    known: Collection[UUID] = (),
    crowding: Mapping[str, object] | None = None,
) -> Queue | None:
    """The oldest uninterpreted messages of a connection, opened; None while another process interprets it.

    Those that are `known` come without their bytes. `crowding` are the values of `engine.crowded`, where that is asked.
    """
    asked = {"connection": connection, "limit": limit, "bytes": BYTES_MAX, "known": list(known)}
    turn, rows, *crowded = await tx.together(
        ("intake.connection_turn", {"connection": connection}),
        ("intake.pending", asked),
        *([] if crowding is None else [("engine.crowded", crowding)]),
    )
    if not turn:
        return None
    messages = _opened(vault, rows)
    full = len(messages) >= limit or sum(each.size for each in messages) >= BYTES_MAX
    return Queue(messages, full, any(row[0] for each in crowded for row in each))


async def behind(
    database: Database, vault: Vault, connection: str, *, place: int, limit: int
) -> Sequence[Pending]:
    """Uninterpreted messages of a connection behind a place in its order, as they stand now: nothing is locked."""
    asked = {"connection": connection, "place": place, "limit": limit, "bytes": BYTES_MAX}
    (rows,) = await database.ask(("intake.pending_behind", asked), steady=True)
    return _opened(vault, rows)


def _opened(vault: Vault, rows: Sequence[TupleRow]) -> list[Pending]:
    return [
        Pending(
            id=id_,
            seq=seq,
            size=size,
            trigger=trigger,
            received_at=received_at,
            site=site,
            conflict=conflict,
            replay_of=replay_of,
            message_key=key,
            raw=None if sealed is None else _raw(vault, id_, key, sealed),
        )
        for id_, seq, size, trigger, received_at, site, conflict, replay_of, key, sealed in rows
    ]


def _raw(vault: Vault, message: UUID, key: bytes | None, sealed: bytes) -> bytes | Shredded:
    try:
        return vault.open_message(message, key, sealed)
    except Shredded as gone:
        return gone
