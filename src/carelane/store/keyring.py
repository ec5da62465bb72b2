"""The organisation's wrapped keys in the database: made once, opened at start, rotated, shredded.

`keys.py` is the other half: what is done with them in memory. Runs in the organisation's scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from carelane.store.database import Database, Row, Tx
from carelane.store.keys import KeyProvider, OrganisationKeys, organisation_key_id
from carelane.store.sealing import DataKey, new_key, place
from carelane.store.tokens import Tokens

_WRAP, _TOKENS = "wrap", "tokens"
SETTLE = timedelta(seconds=30)
"""A new key only opens for so long; every process knows it before the first one seals with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shredded:
    """How many source identities and messages lost their keys."""

    identities: int
    messages: int


async def open_keys(
    database: Database, provider: KeyProvider, *, now: datetime
) -> OrganisationKeys:
    """The organisation's keys, made now if it has none yet. Several processes may call it at once."""
    async with database.transaction() as tx:
        rows = await tx.rows("keys.organisation")
        if not {_WRAP, _TOKENS} <= {row["purpose"] for row in rows}:
            for purpose in (_WRAP, _TOKENS):
                await _add(tx, provider, database.organisation, which=(purpose, 1), now=now)
            rows = await tx.rows("keys.organisation")
    return _opened(rows, provider, database.organisation, own=_settled(rows, now))


async def rotate(database: Database, provider: KeyProvider, *, now: datetime) -> OrganisationKeys:
    """Add a version of the organisation's wrapping key and re-wrap what the provider's older keys wrap.

    Once it has settled, call `rewrap_some` until it answers 0: that is all a rotation is; no ciphertext changes.
    """
    async with database.transaction() as tx:
        rows = await tx.rows("keys.organisation")
        newest = max(row["version"] for row in rows if row["purpose"] == _WRAP)
        await _add(tx, provider, database.organisation, which=(_WRAP, newest + 1), now=now)
        for row in rows:
            if not provider.is_current(row["wrapped"]):
                key = _unwrap(provider, database.organisation, row)
                name = _name(database.organisation, row["purpose"], row["version"])
                await tx.run(
                    "keys.rewrap_organisation",
                    wrapped=provider.wrap(name, key),
                    purpose=row["purpose"],
                    version=row["version"],
                )
        rows = await tx.rows("keys.organisation")
    return _opened(rows, provider, database.organisation)


async def rewrap_some(database: Database, keys: OrganisationKeys, *, limit: int = 500) -> int:
    """Re-wrap some identity and message keys under the newest version; how many, 0 when all are."""
    async with database.transaction() as tx:
        identities = await tx.rows("keys.stale_identities", current=keys.own.id, limit=limit)
        messages = await tx.rows("keys.stale_messages", older=keys.older(), limit=limit)
        await _rewrap(tx, keys, "identity", identities)
        await _rewrap(tx, keys, "message", messages)
    return len(identities) + len(messages)


async def shred(tx: Tx, keys: OrganisationKeys, *, subject: UUID) -> Shredded:
    """Destroy the keys of all of a subject's identities and messages: opening then gives `Redacted`."""
    identities = [row["id"] for row in await tx.rows("keys.shred_identities", subject=subject)]
    messages = await tx.run("keys.shred_messages", identities=identities)
    await tx.run("keys.shred_tokens", subject=subject)
    keys.forget()
    return Shredded(identities=len(identities), messages=messages)


async def _rewrap(tx: Tx, keys: OrganisationKeys, kind: str, rows: Sequence[Row]) -> None:
    fresh = [(row["id"], keys.rewrap(kind, row["id"], row["wrapped"])) for row in rows]
    changed = [(row, wrapped) for row, wrapped in fresh if wrapped is not None]
    query = "keys.rewrap_identities" if kind == "identity" else "keys.rewrap_messages"
    if changed:
        await tx.run(
            query, ids=[row for row, _ in changed], wrapped=[wrapped for _, wrapped in changed]
        )


async def _add(
    tx: Tx, provider: KeyProvider, organisation: UUID, *, which: tuple[str, int], now: datetime
) -> None:
    purpose, version = which
    key = new_key(organisation_key_id(organisation, purpose, version))
    await tx.run(
        "keys.add_organisation",
        organisation=organisation,
        purpose=purpose,
        version=version,
        wrapped=provider.wrap(_name(organisation, purpose, version), key),
        made_at=now,
    )


def _settled(rows: Sequence[Row], now: datetime) -> int:
    """The newest version that every process has had time to hear of; the first one needs none."""
    made: dict[int, datetime] = {
        row["version"]: row["made_at"] for row in rows if row["purpose"] == _WRAP
    }
    return max((version for version, at in made.items() if at <= now - SETTLE), default=min(made))


def _opened(
    rows: Sequence[Row], provider: KeyProvider, organisation: UUID, *, own: int = 0
) -> OrganisationKeys:
    keys = {(row["purpose"], row["version"]): _unwrap(provider, organisation, row) for row in rows}
    versions = {version: key for (purpose, version), key in keys.items() if purpose == _WRAP}
    return OrganisationKeys(
        organisation,
        versions=versions,
        tokens=Tokens(keys[_TOKENS, 1].derive(b"tokens")),
        own=own,
    )


def _unwrap(provider: KeyProvider, organisation: UUID, row: Row) -> DataKey:
    purpose, version = row["purpose"], row["version"]
    identifier = organisation_key_id(organisation, purpose, version)
    return provider.unwrap(
        _name(organisation, purpose, version), row["wrapped"], identifier=identifier
    )


def _name(organisation: UUID, purpose: str, version: int) -> bytes:
    return place(organisation, "organisation_key", organisation, f"{purpose}.{version}")
