"""Messages into the ledger, many per commit, each accepted once (I1, I2)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import TupleRow

from carelane.facts.ports import Receipt
from carelane.facts.problem import Problem, Severity
from carelane.store.columns import Columns
from carelane.store.database import Database, Tx
from carelane.store.leaf_rows import received
from carelane.store.shapes import encode
from carelane.store.vault import Vault

_NAMES = ("id", "connection", "site", "received_at", "control_token", "digest", "size", "trigger", "outcome", "reason",
          "conflict", "replay_of", "problems", "message_key", "sealed")  # fmt: skip

_Ask = Callable[[str, Mapping[str, object]], Awaitable[list[TupleRow]]]


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

    async def ask(query: str, values: Mapping[str, object]) -> list[TupleRow]:
        (rows,) = await database.ask((query, values), steady=True)
        return rows

    try:
        return await _store(ask, vault, organisation, arrived)
    except (
        UniqueViolation
    ):  # another listener stored one of the control ids meanwhile: now it is known
        return await _store(ask, vault, organisation, arrived)


async def store_arrived(
    tx: Tx, vault: Vault, organisation: UUID, arrived: Sequence[Arrived]
) -> list[Receipt]:
    """Store a batch in the caller's transaction; one receipt each, in order."""
    return await _store(tx.tuples, vault, organisation, arrived)


async def _store(
    ask: _Ask, vault: Vault, organisation: UUID, arrived: Sequence[Arrived]
) -> list[Receipt]:
    """Ask for the batch to be stored, as if nothing of it was heard before; where some was, again with that known.

    The statement stores all or nothing: most batches hold nothing but new messages, and take one question.
    """
    tokens = [_token(vault, each) for each in arrived]
    known: dict[str, _Known] = {}
    while True:
        receipts = _judge(arrived, tokens, known)
        values = _values(vault, organisation, arrived, tokens, receipts)
        found = await ask("intake.receive", values)
        if not found:
            return receipts
        known |= {token: _Known(id_, bytes(digest)) for token, id_, digest in found}


def _judge(
    arrived: Sequence[Arrived], tokens: Sequence[str | None], known: Mapping[str, _Known]
) -> list[Receipt]:
    """What each is, by what was accepted before it: in the database, and in this batch."""
    heard = dict(known)
    return [_receipt(each, token, heard) for each, token in zip(arrived, tokens, strict=True)]


def _receipt(each: Arrived, token: str | None, known: dict[str, _Known]) -> Receipt:
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


def _values(
    vault: Vault,
    organisation: UUID,
    arrived: Sequence[Arrived],
    tokens: Sequence[str | None],
    receipts: Sequence[Receipt],
) -> Mapping[str, object]:
    """The batch as the statement's values: rows of what is new, the control ids it claims, one leaf."""
    rows = Columns("intake.receive", _NAMES)
    claimed: list[str] = []
    repeats: list[UUID] = []
    stored: list[tuple[UUID, bytes, str, str]] = []
    for each, token, receipt in zip(arrived, tokens, receipts, strict=True):
        if receipt.outcome == "duplicate":
            repeats.append(receipt.message or each.id)
            continue
        rows.add(*_row(vault, each, token, conflict=receipt.outcome == "conflict"))
        stored.append((each.id, each.digest, _outcome(each), each.refused))
        if token is not None and each.replay_of is None and receipt.outcome == "accepted":
            claimed.append(token)
    leaf = received(
        organisation,
        arrived[0].received_at,
        stored,
        repeats=repeats,
        arrivals=(each.id for each in arrived),
        connections=(each.connection for each in arrived),
    )
    told = dict(zip(("leaf", "leaf_at", "leaf_body"), leaf, strict=True))
    return {**rows.values(organisation), **told, "claimed": claimed}


def _row(vault: Vault, each: Arrived, token: str | None, *, conflict: bool) -> tuple[object, ...]:
    """The message's row, its sealed body last."""
    key = vault.new_message(each.id)
    return (
        each.id, each.connection, each.site, each.received_at, token, each.digest, len(each.raw), each.trigger,
        _outcome(each), each.refused, conflict, each.replay_of, encode(each.problems), key.wrapped,
        vault.seal_message(each.id, key, each.raw),
    )  # fmt: skip


def _outcome(each: Arrived) -> str:
    return "rejected" if each.refused else "pending"


def _token(vault: Vault, each: Arrived) -> str | None:
    """The token of the control id; without one, of the body, so that a resend is still known."""
    if each.refused:
        return None
    return vault.tokens.control(each.connection, each.control_id or f"sha256:{each.digest.hex()}")
