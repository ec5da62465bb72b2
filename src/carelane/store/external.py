"""An external PostgreSQL: the four roles made or found, and each role's address from one setting.

`CARELANE_DATABASE_URL` names a role that may create roles, or the owner role itself where an
administrator has made all four. docs/howto/external-postgresql.md says the same for people.
"""

import hashlib
from collections.abc import Callable, Mapping

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from carelane.facts.errors import SetupFault
from carelane.store.roles import DatabaseUrls, Role

OLDEST = 15
_HOWTO = "docs/howto/external-postgresql.md"
_ATTRIBUTES = sql.SQL("nosuperuser nobypassrls nocreaterole nocreatedb noreplication login")


class ExternalFault(SetupFault):
    """The external PostgreSQL isn't as Carelane needs it; the message names what to change."""

    code = "external-database"


def external_urls(url: str, *, given: Mapping[Role, str] | None = None) -> DatabaseUrls:
    """Each role's address: as `given`, else `url` with the role's name and a password derived from its own.

    The derivation is slow on purpose (scrypt), so that a role's password doesn't give the first away.

    Raises:
        ExternalFault: `url` holds no password to derive from, and not every role's address is given.
    """
    known = dict(given or {})
    parts = _parts(url)
    if parts.get("user") == Role.OWNER.value:
        known.setdefault(Role.OWNER, url)
    for role in Role:
        if role not in known:
            secret = _derived(parts, role)
            known[role] = make_conninfo(url, user=role.value, password=secret)
    return DatabaseUrls(
        owner=known[Role.OWNER],
        app=known[Role.APP],
        worker=known[Role.WORKER],
        audit=known[Role.AUDIT],
    )


def prepare_external(
    url: str,
    *,
    given: Mapping[Role, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DatabaseUrls:
    """Make what is missing of the roles and their rights; then migrations can run as the owner role.

    Raises:
        ExternalFault: too old a server, roles missing and no right to make them, or unreachable.
    """
    urls = external_urls(url, given=given)
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            _check_version(connection)
            _make_roles(connection, urls, frozenset(given or {}), progress)
    except psycopg.errors.InsufficientPrivilege:
        raise ExternalFault(
            f"the role of CARELANE_DATABASE_URL may not prepare the database. Remedy: {_HOWTO}, section 2"
        ) from None
    except psycopg.OperationalError as fault:
        raise ExternalFault(
            f"CARELANE_DATABASE_URL can't be reached ({type(fault).__name__}); is the server up?"
        ) from None
    return urls


def _check_version(connection: psycopg.Connection[TupleRow]) -> None:
    found = connection.info.server_version // 10000
    if found < OLDEST:
        raise ExternalFault(f"PostgreSQL {found} is too old. Remedy: use {OLDEST} or newer")


def _make_roles(
    connection: psycopg.Connection[TupleRow],
    urls: DatabaseUrls,
    given: frozenset[Role],
    progress: Callable[[str], None],
) -> None:
    known = {str(row[0]) for row in connection.execute("select rolname from pg_roles")}
    row = connection.execute(
        "select current_user, rolsuper or rolcreaterole from pg_roles where rolname = current_user"
    ).fetchone()
    me, able = row or ("", False)
    if me == Role.OWNER.value or not able:
        lacking = [role.value for role in Role if role.value not in known]
        if lacking:
            raise ExternalFault(f"missing roles: {', '.join(lacking)}. Remedy: {_HOWTO}, section 2")
        return
    for role in Role:
        if role.value not in known:
            progress(f"making the database role {role.value}")
            connection.execute(
                sql.SQL("create role {} {}").format(sql.Identifier(role.value), _ATTRIBUTES)
            )
        if role not in given:
            _set_password(connection, role, str(conninfo_to_dict(urls.of(role))["password"]))
    _grant(connection)


def _set_password(connection: psycopg.Connection[TupleRow], role: Role, password: str) -> None:
    # Only a verifier travels: neither the server's log nor its statistics can hold the password.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.value.encode(), b"scram-sha-256"
    )
    statement = sql.SQL("alter role {} password {}")
    connection.execute(statement.format(sql.Identifier(role.value), sql.Literal(verifier.decode())))


def _grant(connection: psycopg.Connection[TupleRow]) -> None:
    database = sql.Identifier(connection.info.dbname)
    owner = sql.Identifier(Role.OWNER.value)
    connection.execute(
        sql.SQL("grant create, connect on database {} to {}").format(database, owner)
    )
    connection.execute(sql.SQL("grant create, usage on schema public to {}").format(owner))
    for role in Role:
        grant = sql.SQL("grant connect on database {} to {}")
        connection.execute(grant.format(database, sql.Identifier(role.value)))


def _parts(url: str) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        raise ExternalFault(
            "CARELANE_DATABASE_URL is no address; it looks like postgresql://user:password@host:5432/database"
        ) from None


def _derived(parts: Mapping[str, str], role: Role) -> str:
    secret = parts.get("password")
    if not secret:
        raise ExternalFault(
            f"CARELANE_DATABASE_URL holds no password, so the address of {role.value} can't be derived. "
            f"Remedy: give each role's address ({_HOWTO}, section 2)"
        )
    salt = f"{role.value}@{parts.get('dbname', '')}".encode()
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=24).hex()
