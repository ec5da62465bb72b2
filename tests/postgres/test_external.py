"""An external PostgreSQL: one address is enough, and no role on it is past the walls."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from carelane.store.embedded import Embedded
from carelane.store.external import ExternalFault, external_urls, prepare_external
from carelane.store.migrate import migrate, missing
from carelane.store.pool import open_pool
from carelane.store.roles import Role


@pytest.fixture
def administrator(fresh_server: Embedded) -> str:
    """The address of a role that may create roles and owns a database, on a server without ours."""
    socket, port = fresh_server.server.socket, fresh_server.server.port
    root = fresh_server.urls(database="postgres").superuser
    assert root is not None
    with psycopg.connect(root, autocommit=True) as connection:
        connection.execute("drop database carelane")
        for role in Role:
            connection.execute(f"drop role {role.value}")
        connection.execute("create role dba login createrole password 'a long enough secret'")
        connection.execute("create database hospital owner dba")
    return make_conninfo(
        host=str(socket), port=port, user="dba", password="a long enough secret", dbname="hospital"
    )


async def test_from_one_address_to_a_migrated_database_with_walled_roles(
    administrator: str, progress: tuple[list[str], Callable[[str], None]]
) -> None:
    told, tell = progress
    urls = prepare_external(administrator, progress=tell)
    assert prepare_external(administrator) == urls == external_urls(administrator)
    assert len(told) == len(Role)
    migrate(urls.owner)
    assert missing(urls.owner) == []
    for role in Role:
        pool = await open_pool(urls.of(role), name="test")
        await pool.close()


def test_roles_that_are_missing_and_can_not_be_made_are_named(administrator: str) -> None:
    with psycopg.connect(administrator, autocommit=True) as connection:
        connection.execute("create role weak login password 'weak'")
    weak = make_conninfo(administrator, user="weak", password="weak")
    with pytest.raises(ExternalFault, match="missing roles: carelane_owner"):
        prepare_external(weak)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://dba@localhost/x", "holds no password"),
        ("hello there", "is no address"),
    ],
)
def test_an_address_that_is_not_enough_says_why(url: str, says: str) -> None:
    with pytest.raises(ExternalFault, match=says):
        external_urls(url)


def test_a_server_that_is_down_is_said_without_the_password() -> None:
    with pytest.raises(ExternalFault, match="can't be reached") as caught:
        prepare_external("postgresql://dba:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)


def test_addresses_that_an_administrator_gave_are_used_as_they_are() -> None:
    given = {role: f"postgresql://{role.value}:x@db/hospital" for role in Role}
    assert external_urls("postgresql://db/hospital", given=given).app == given[Role.APP]


def test_a_roles_password_differs_by_role_and_database() -> None:
    first = external_urls("postgresql://dba:secret@db/hospital")
    second = external_urls("postgresql://dba:secret@db/clinic")
    assert len({first.owner, first.app, first.worker, first.audit, second.app}) == 5
    assert ":secret@" not in first.app
    assert "password=secret" not in first.app
