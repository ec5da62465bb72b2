"""Messages into the ledger, many per commit, each accepted once (I1, I2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from carelane.facts.ports import Receipt
from carelane.facts.problem import Problem, Severity
from carelane.store.columns import Columns
from carelane.store.database import Database, Tx
from carelane.store.leaf_rows import received
from carelane.store.shapes import encode
from carelane.store.vault import Vault

_NAMES = ("id", "connection", "site", "received_at", "control_token", "digest", "size", "trigger", "outcome", "reason",
          "conflict", "replay_of", "problems", "message_key")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message as it came: bytes, SHA-256 digest, and the little read of its head."""

    id: UUID
    connection: str
    site: str
    raw: bytes = field(repr=False)
    digest: bytes
    control_id: str | None = field(repr=False)
    trigger: str
    problems: tuple[Problem, ...]
    received_at: datetime
    replay_of: UUID | None = None

    @property
    def refused(self) -> str:
        """The code of the problem that makes it unreadable, or empty."""
        return next((each.code for each in self.problems if each.severity is Severity.ERROR), "")


@dataclass(slots=True)
class _Known:
    message: UUID
    digest: bytes


async def keep(
    database: Database, vault: Vault, organisation: UUID, arrived: Sequence[Arrived]
) -> list[Receipt]:
    """Store a batch in a transaction of its own; one receipt each, in order."""

    async def once() -> list[Receipt]:
        async with database.transaction(steady=True) as tx:
            return await store_arrived(tx, vault, organisation, arrived)

    try:
        return await once()
    except (
        UniqueViolation
    ):  # another listener stored one of the control ids meanwhile: now it is known
        return await once()


async def store_arrived(
    tx: Tx, vault: Vault, organisation: UUID, arrived: Sequence[Arrived]
) -> list[Receipt]:
    """Store a batch in the caller's transaction; one receipt each, in order."""
    tokens = [_token(vault, each) for each in arrived]
    known = await _known(tx, [token for token in tokens if token])
    rows, bodies = (
        Columns("intake.receive", _NAMES),
        Columns("intake.bodies", ("message", "sealed")),
    )
    receipts: list[Receipt] = []
    stored: list[tuple[UUID, bytes, str, str]] = []
    repeats: list[UUID] = []
    for each, token in zip(arrived, tokens, strict=True):
        receipt = _judge(each, token, known)
        receipts.append(receipt)
        if receipt.outcome == "duplicate":
            repeats.append(receipt.message or each.id)
            continue
        row, body = _row(vault, each, token, conflict=receipt.outcome == "conflict")
        rows.add(*row)
        bodies.add(*body)
        stored.append(
            (each.id, each.digest, "rejected" if each.refused else "pending", each.refused)
        )
    leaf = received(
        organisation,
        arrived[0].received_at,
        stored,
        repeats=repeats,
        arrivals=(each.id for each in arrived),
        connections=(each.connection for each in arrived),
    )
    leaves = Columns("commit.leaves", ("id", "at", "body"))
    leaves.add(*leaf)
    for written in (rows, bodies, leaves):
        written.put(tx, organisation)
    return receipts


def _judge(each: Arrived, token: str | None, known: dict[str, _Known]) -> Receipt:
    """Accept once: the same id with the same body is a duplicate, with another body a conflict."""
    if each.refused:
        return Receipt(outcome="rejected", message=each.id)
    if token is None or each.replay_of is not None:
        return Receipt(outcome="accepted", message=each.id)
    before = known.get(token)
    if before is None:
        known[token] = _Known(each.id, each.digest)
        return Receipt(outcome="accepted", message=each.id)
    if before.digest == each.digest:
        return Receipt(outcome="duplicate", message=before.message)
    return Receipt(outcome="conflict", message=each.id)


def _row(
    vault: Vault, each: Arrived, token: str | None, *, conflict: bool
) -> tuple[tuple[object, ...], tuple[UUID, bytes]]:
    """The message's row, and its sealed body's."""
    key = vault.new_message(each.id)
    row = (
        each.id, each.connection, each.site, each.received_at, token, each.digest, len(each.raw), each.trigger,
        "rejected" if each.refused else "pending", each.refused, conflict, each.replay_of,
        encode(each.problems), key.wrapped,
    )  # fmt: skip
    return row, (each.id, vault.seal_message(each.id, key, each.raw))


def _token(vault: Vault, each: Arrived) -> str | None:
    """The token of the control id; without one, of the body, so that a resend is still known."""
    if each.refused:
        return None
    return vault.tokens.control(each.connection, each.control_id or f"sha256:{each.digest.hex()}")


async def _known(tx: Tx, tokens: Sequence[str]) -> dict[str, _Known]:
    found = await tx.tuples("intake.known", {"tokens": list(tokens)})
    return {token: _Known(id_, bytes(digest)) for token, _connection, id_, digest in found}
