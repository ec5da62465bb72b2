"""Connections: pools per role, the check that the server is durable and the role is walled.

`database.py` runs named queries on these pools; `roles.py` names the roles.
"""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from carelane.facts.errors import SetupFault
from carelane.store.line import Line

Pool = AsyncConnectionPool[Line]

# SEMANTICS 12: nothing of ours takes longer, and an idle transaction would hold back vacuum and cursors.
_STATEMENT_TIMEOUT = "5s"
_IDLE_TIMEOUT = "10s"
_MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
_OFF = {"off", "local"}  # `local` would not wait for a synchronous standby


class NotDurable(SetupFault):
    """The server may lose what it has acknowledged; Carelane refuses to run on it until that is changed."""

    code = "not-durable"


class NotWalled(SetupFault):
    """The role is past row-level security; connect as one of Carelane's own roles."""

    code = "not-walled"


class Unreachable(SetupFault):
    """The database does not answer; check that it runs and that CARELANE_DATABASE_URL is right."""

    code = "database-unreachable"


async def open_pool(  # noqa: PLR0913  # each says one thing, by name
    url: str,
    *,
    name: str,
    smallest: int = 1,
    largest: int = 4,
    wait_s: float = 10.0,
    autocommit: bool = False,
) -> Pool:
    """An open, checked pool. `url` decides the role; `name` shows in pg_stat_activity.

    With `autocommit` transactions begin only where they are asked for, as `database.Database` does.

    Raises:
        NotDurable: fsync, full_page_writes or synchronous_commit is off.
        NotWalled: the role is a superuser or bypasses row-level security.
        Unreachable: no connection within `wait_s` seconds.
    """
    pool: Pool = AsyncConnectionPool(
        url,
        connection_class=Line,
        min_size=smallest,
        max_size=largest,
        open=False,
        name=name,
        timeout=wait_s,
        configure=_configure,
        kwargs={
            "application_name": f"carelane-{name}",
            "prepare_threshold": 2,
            "autocommit": autocommit,
        },
    )
    try:
        await pool.open()
        async with pool.connection() as connection:
            await check_durability(connection)
            await check_role(connection)
    except PoolTimeout:
        await pool.close()
        raise Unreachable(
            f"no connection for {name} within {wait_s:.0f} s. Remedy: see that the database runs"
        ) from None
    except BaseException:
        await pool.close()
        raise
    return pool


async def check_durability(connection: AsyncConnection[TupleRow]) -> None:
    """Refuse a server, database or role on which a commit may be lost (I1)."""
    query = "select name, setting from pg_settings where name = any(%s)"
    rows = await (await connection.execute(query, (list(_MUST_BE_ON),))).fetchall()
    wrong = sorted(name for name, setting in rows if setting in _OFF)
    if wrong or len(rows) != len(_MUST_BE_ON):
        raise NotDurable(
            f"PostgreSQL runs with {', '.join(wrong) or 'unknown settings'} off: an acknowledged message could be "
            "lost. Remedy: set it on in postgresql.conf (and for the database and the role), then reload."
        )


async def check_role(connection: AsyncConnection[TupleRow]) -> None:
    """Refuse a role that row-level security does not hold (I12), also by membership in another role."""
    query = """select bool_or(rolsuper or rolbypassrls) from pg_roles
               where pg_has_role(current_user, oid, 'MEMBER')"""
    row = await (await connection.execute(query)).fetchone()
    if row is None or row[0] is not False:
        raise NotWalled(
            "the database role is a superuser, bypasses row-level security, or may become such a role. "
            "Remedy: connect as carelane_app, carelane_worker, carelane_audit or carelane_owner."
        )


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute(
        "select set_config('statement_timeout', %s, false),"
        " set_config('idle_in_transaction_session_timeout', %s, false),"
        " set_config('timezone', 'UTC', false)",
        (_STATEMENT_TIMEOUT, _IDLE_TIMEOUT),
    )
    await connection.commit()
