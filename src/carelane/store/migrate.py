"""The migration runner: `migrations/NNNN_(pre|post)_name.sql`, in order, once, as the owner role.

`pre` files only add, so the previous version of Carelane goes on working on the new schema; `post`
files remove what it needed, and run when its last process is gone. Why our own: docs/adr/0002.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import psycopg
from psycopg.rows import TupleRow

from carelane.facts.errors import SetupFault
from carelane.store.pool import Unreachable

_NAME = re.compile(r"^(\d{4})_(pre|post)_([a-z0-9_]+)\.sql$")
_LOCK = 0x4341_5245_4C41_4E45  # "CARELANE": one migrator per database
_TABLE = """create table if not exists schema_migration (
  number int primary key, name text not null, digest text not null,
  applied_at timestamptz not null default statement_timestamp())"""


class MigrationFault(SetupFault):
    """The database's schema and this Carelane's migrations don't fit; the message says which and why."""

    code = "migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file: `phase` is `pre` or `post`; `digest` is the SHA-256 of its text."""

    number: int
    phase: str
    name: str
    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """What must not change once applied."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def shipped() -> tuple[Migration, ...]:
    """The migrations of this version, by number."""
    found: list[Migration] = []
    for entry in files("carelane.store").joinpath("migrations").iterdir():
        if not entry.name.endswith(".sql"):
            continue
        parts = _NAME.match(entry.name)
        if parts is None:
            raise MigrationFault(f"{entry.name} is not named NNNN_(pre|post)_name.sql; rename it")
        number, phase, name = parts.groups()
        text = entry.read_text(encoding="utf-8")
        found.append(Migration(number=int(number), phase=phase, name=name, text=text))
    return ordered(found)


def ordered(migrations: Sequence[Migration]) -> tuple[Migration, ...]:
    """By number; two files with one number, or a gap, are refused."""
    result = tuple(sorted(migrations, key=lambda migration: migration.number))
    for place, migration in enumerate(result, start=1):
        if migration.number != place:
            raise MigrationFault(
                f"migration {place:04d} is missing or there twice; renumber the files"
            )
    return result


def migrate(
    url: str,
    *,
    migrations: Sequence[Migration] | None = None,
    post: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Apply what is missing, each file in a transaction of its own; the names of those applied now.

    `url` is the owner role's. With `post=False` it stops before the first `post` file that is missing.

    Raises:
        MigrationFault: an applied file has changed, or the database is newer than this Carelane.
    """
    wanted = ordered(migrations) if migrations is not None else shipped()
    done: list[str] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_LOCK,))
        connection.execute(_TABLE)
        for migration in _missing(connection, wanted):
            if migration.phase == "post" and not post:
                break
            progress(f"migration {migration.number:04d} {migration.name}")
            _apply(connection, migration)
            done.append(migration.name)
    return done


def missing(url: str) -> list[str]:
    """The names of the shipped migrations that the database still lacks; for `doctor` and start-up.

    Raises:
        Unreachable: nobody answers.
    """
    try:
        connected = psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as fault:
        raise Unreachable(
            f"the database does not answer ({type(fault).__name__}). Remedy: see that it runs; where Carelane brings"
            " its own, end `carelane up` and start it anew"
        ) from None
    with connected as connection:
        if connection.execute("select to_regclass('schema_migration')").fetchone() == (None,):
            return [migration.name for migration in shipped()]
        return [migration.name for migration in _missing(connection, shipped())]


def _missing(
    connection: psycopg.Connection[TupleRow], wanted: Sequence[Migration]
) -> list[Migration]:
    rows = connection.execute(
        "select number, name, digest from schema_migration order by number"
    ).fetchall()
    known = {migration.number: migration for migration in wanted}
    for number, name, digest in rows:
        if number not in known:
            raise MigrationFault(
                f"the database has migration {number:04d} {name}, which this Carelane does not know. "
                "Remedy: run the newer version that made it."
            )
        if known[number].digest != digest:
            raise MigrationFault(
                f"migration {number:04d} {name} was applied with another text than the one shipped now. "
                "Remedy: put the file back as it was; changes go into a new migration."
            )
    applied = {row[0] for row in rows}
    return [migration for migration in wanted if migration.number not in applied]


def _apply(connection: psycopg.Connection[TupleRow], migration: Migration) -> None:
    with connection.transaction():
        # No parameters: one simple query, so a file may hold many statements.
        connection.execute(migration.text.encode())
        connection.execute(
            "insert into schema_migration (number, name, digest) values (%s, %s, %s)",
            (migration.number, migration.name, migration.digest),
        )
