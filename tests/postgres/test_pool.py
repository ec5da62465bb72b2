"""The pool refuses servers that may lose an ACK and roles that no wall holds (I1, I12)."""

from uuid import UUID

import psycopg
import pytest

from carelane.store.database import Database
from carelane.store.pool import NotDurable, NotWalled, Unreachable, open_pool
from carelane.store.roles import DatabaseUrls


@pytest.mark.invariant("I12")
async def test_a_superuser_is_refused(database: DatabaseUrls) -> None:
    assert database.superuser is not None
    with pytest.raises(NotWalled, match="carelane_app"):
        await open_pool(database.superuser, name="test")


@pytest.mark.invariant("I1")
@pytest.mark.parametrize("value", ["off", "local"])
async def test_a_role_that_does_not_wait_for_the_disk_is_refused(
    database: DatabaseUrls, superuser: psycopg.Connection[tuple[object, ...]], value: str
) -> None:
    name = superuser.info.dbname
    superuser.execute(
        f'alter role carelane_app in database "{name}" set synchronous_commit = {value}'
    )
    with pytest.raises(NotDurable, match="synchronous_commit"):
        await open_pool(database.app, name="test")


async def test_a_database_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Unreachable):
        await open_pool("postgresql://nobody@127.0.0.1:1/none", name="test", wait_s=0.2)


@pytest.mark.invariant("I12")
async def test_without_a_scope_nothing_is_seen(worker: Database, organisation: UUID) -> None:
    async with worker.transaction() as tx:
        inside = await (await (await tx.begun()).execute("select id from organisation")).fetchall()
    async with worker.pool.connection() as connection:
        outside = await (await connection.execute("select id from organisation")).fetchall()
    assert inside == [(organisation,)]
    assert outside == []
