"""What a new embedded cluster needs before the migrations: roles with passwords, and databases.

Runs at every start and changes nothing that is already right, so a kill in between does no harm.
"""

import json
import secrets
from pathlib import Path

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from carelane.facts.errors import SetupFault
from carelane.store import private_file
from carelane.store.roles import Role

SUPERUSER = "postgres"
_ROLE = sql.SQL("nosuperuser nobypassrls nocreaterole nocreatedb noreplication login")
_OWNER = sql.SQL(
    "nosuperuser nobypassrls nocreaterole createdb noreplication login"
)  # for scratch databases


class PasswordsLost(SetupFault):
    """The file with the roles' passwords can't be read: restore it, or remove it and new ones are made."""

    code = "passwords-lost"


def ensure_passwords(file: Path) -> tuple[dict[Role, str], bool]:
    """The roles' passwords, and whether they were made just now (written 0600, in one piece)."""
    try:
        kept = json.loads(file.read_text(encoding="ascii"))
        return {role: str(kept[role.value]) for role in Role}, False
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError) as fault:
        raise PasswordsLost(
            f"{file} is not what Carelane wrote ({type(fault).__name__}); remove it"
        ) from None
    made = {role: secrets.token_urlsafe(24) for role in Role}
    text = json.dumps({role.value: password for role, password in made.items()})
    private_file.write(file, text.encode())
    return made, True


def ensure_roles(
    connection: Connection[TupleRow], passwords: dict[Role, str], *, renew: bool
) -> None:
    """Make missing roles; give all of them their password if `renew`. The server sees verifiers only."""
    known = {row[0] for row in connection.execute("select rolname from pg_roles")}
    for role, password in passwords.items():
        name = sql.Identifier(role.value)
        if role.value not in known:
            words = _OWNER if role is Role.OWNER else _ROLE
            connection.execute(sql.SQL("create role {} {}").format(name, words))
        if renew or role.value not in known:
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.value.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(
                sql.SQL("alter role {} password {}").format(name, sql.Literal(verifier))
            )


def ensure_database(
    connection: Connection[TupleRow], name: str, *, template: str | None = None
) -> bool:
    """Make the database, owned by the owner role, if it is missing; True if it was made."""
    if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
        return False
    statement = sql.SQL("create database {} owner {} template {}").format(
        sql.Identifier(name),
        sql.Identifier(Role.OWNER.value),
        sql.Identifier(template or "template1"),
    )
    connection.execute(statement)
    connection.execute(
        sql.SQL("revoke all on database {} from public").format(sql.Identifier(name))
    )
    for role in Role:
        grant = sql.SQL("grant connect on database {} to {}")
        connection.execute(grant.format(sql.Identifier(name), sql.Identifier(role.value)))
    return True
