"""The organisation's keys in the database: made once, rotated by re-wrapping, destroyed by shredding."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from carelane.facts.ids import name_id
from carelane.store.database import Database
from carelane.store.keyring import SETTLE, open_keys, rewrap_some, rotate, shred
from carelane.store.keys import FileKeys, OrganisationKeys
from carelane.store.sealing import REDACTED, open_many, place

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
IDENTITY, SUBJECT, MESSAGE = name_id("identity"), name_id("subject"), name_id("message")


@pytest.fixture
def provider(tmp_path: Path) -> FileKeys:
    return FileKeys.create(tmp_path / "keys.json")


async def _stored(worker: Database, keys: OrganisationKeys) -> bytes:
    """An identity with a key, linked to a subject, and a message sealed by its own key; the sealed text."""
    identity = keys.new_identity_key(IDENTITY)
    message = keys.new_message_key(MESSAGE)
    wrapped = keys.hand_over(MESSAGE, message.wrapped, identity=identity.key)
    organisation = worker.organisation
    async with worker.transaction() as tx:
        run = (await tx.begun()).execute
        await run(
            "insert into identity (id, organisation, token, authority, identity_key, created_at)"
            " values (%s, %s, 'token', 'HOSP', %s, %s)",
            (IDENTITY, organisation, identity.wrapped, NOW),
        )
        await run(
            "insert into identity_link (identity, organisation, subject, since) values (%s, %s, %s, %s)",
            (IDENTITY, organisation, SUBJECT, NOW),
        )
        await run(
            "insert into message (id, organisation, connection, received_at, digest, size, message_key, identity)"
            " values (%s, %s, 'adt', %s, '', 0, %s, %s)",
            (MESSAGE, organisation, NOW, wrapped, IDENTITY),
        )
    return message.key.seal(_place(organisation), b"MSH|raw", compress=True)


async def _opened(worker: Database, keys: OrganisationKeys, sealed: bytes) -> object:
    """The message's text as a reader gets it: from what the rows say now."""
    async with worker.transaction() as tx:
        cursor = await (await tx.begun()).execute(
            "select identity_key, message_key from message join identity on identity.id = message.identity"
        )
        row = await cursor.fetchone()
    assert row is not None
    identity = keys.identity_key(IDENTITY, row[0])
    key = keys.message_key(MESSAGE, row[1], identity=identity)
    return open_many([(key, _place(worker.organisation), sealed)])[0]


def _place(organisation: UUID) -> bytes:
    return place(organisation, "message_body", MESSAGE, "sealed")


async def test_processes_that_start_together_get_the_same_keys(
    worker: Database, provider: FileKeys
) -> None:
    many = await asyncio.gather(*(open_keys(worker, provider, now=NOW) for _ in range(4)))
    assert len({keys.tokens.of("x", "y") for keys in many}) == 1
    sealed = many[0].own.seal(b"here", b"text")
    assert all(keys.own.open(b"here", sealed) == b"text" for keys in many)


async def test_rotation_rewraps_and_changes_no_ciphertext_or_token(
    worker: Database, provider: FileKeys
) -> None:
    before = await open_keys(worker, provider, now=NOW)
    sealed = await _stored(worker, before)
    provider.rotate()
    after = await rotate(worker, provider, now=NOW)
    assert await rewrap_some(worker, after) == 1
    assert await rewrap_some(worker, after) == 0
    young = await open_keys(worker, provider, now=NOW + SETTLE / 2)
    assert (
        young.own.id == before.own.id
    )  # it opens what others sealed with the new one, and seals with the old
    assert await _opened(worker, young, sealed) == b"MSH|raw"
    fresh = await open_keys(worker, provider, now=NOW + SETTLE)
    assert fresh.own.id != before.own.id
    assert fresh.tokens.of("x", "y") == before.tokens.of("x", "y")
    assert await _opened(worker, fresh, sealed) == b"MSH|raw"


@pytest.mark.invariant("I15")
async def test_shredding_leaves_nothing_to_open_even_where_keys_were_cached(
    worker: Database, provider: FileKeys
) -> None:
    keys = await open_keys(worker, provider, now=NOW)
    elsewhere = await open_keys(worker, provider, now=NOW)
    sealed = await _stored(worker, keys)
    assert await _opened(worker, elsewhere, sealed) == b"MSH|raw"
    async with worker.transaction() as tx:
        done = await shred(tx, keys, subject=SUBJECT)
    assert (done.identities, done.messages) == (1, 1)
    assert await _opened(worker, keys, sealed) is REDACTED
    assert await _opened(worker, elsewhere, sealed) is REDACTED
