"""Transactions on one organisation, by named query: what every room above uses instead of psycopg.

`async with database.transaction() as tx: rows = await tx.rows("worklist.list", ...)`. Leaving the block
commits; an exception rolls back. Row-level security is set for the transaction only.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, Error, InterfaceError, IsolationLevel, OperationalError
from psycopg.errors import ProgramLimitExceeded
from psycopg.rows import TupleRow, dict_row
from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool

from carelane.store.queries import sql

Row = dict[str, Any]
Question = tuple[str, Mapping[str, object]]
"""A named query and its values."""

_LONGER = "set local statement_timeout = '120s'"  # a report reads a period; 5 s are for decisions


class Tx:
    """One open transaction. `now()` is never asked of the database: instants are arguments."""

    __slots__ = ("after", "connection")

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self.connection = connection
        self.after: list[Callable[[], None]] = []  # called once the transaction has committed

    async def rows(self, query: str, **values: object) -> list[Row]:
        """All rows of a named query, as dictionaries."""
        async with self.connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_text(query), values)
            return await cursor.fetchall()

    async def one(self, query: str, **values: object) -> Row | None:
        """The first row, or None."""
        found = await self.rows(query, **values)
        return found[0] if found else None

    async def tuples(self, query: str, values: Mapping[str, object]) -> list[TupleRow]:
        """All rows as plain tuples: for hot paths."""
        cursor = await self.connection.execute(_text(query), values, prepare=True, binary=True)
        return await cursor.fetchall()

    async def together(self, *asked: Question) -> list[list[TupleRow]]:
        """The rows of several questions that don't wait for each other's answers, as plain tuples: one round trip."""
        async with self.connection.pipeline():
            cursors = [
                await self.connection.execute(_text(query), values, prepare=True, binary=True)
                for query, values in asked
            ]
            return [await cursor.fetchall() for cursor in cursors]

    async def run(self, query: str, **values: object) -> int:
        """Run a statement; how many rows it changed."""
        cursor = await self.connection.execute(_text(query), values)
        return cursor.rowcount

    async def pipeline(self, statements: Sequence[Question]) -> list[int]:
        """Send many statements in one go; the first failure raises and rolls back. How many rows each changed."""
        async with self.connection.pipeline():
            cursors = [
                await self.connection.execute(_text(query), values, prepare=True)
                for query, values in statements
            ]
        return [cursor.rowcount for cursor in cursors]


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections of one role, bound to one organisation."""

    pool: AsyncConnectionPool[AsyncConnection[TupleRow]]
    organisation: UUID

    @asynccontextmanager
    async def transaction(
        self, *, sites: Sequence[str] = (), steady: bool = False
    ) -> AsyncIterator[Tx]:
        """One transaction in the organisation's scope; `sites` matter to the person's role only.

        `steady` is for the paths of a message: every row is found by an index, whatever the statistics said at the
        moment a plan was made (a plan made on an empty table walks the full one; SEMANTICS 12, 2). Such a plan needs no
        look at the values, so it is made once: made anew for each, it took two fifths of the database's time.
        """
        async with self.pool.connection() as connection:  # leaving it commits, or rolls back
            tx = Tx(connection)
            await connection.execute(_begin(self.organisation, tuple(sites), steady=steady))
            yield tx
        for each in tx.after:
            each()

    @asynccontextmanager
    async def snapshot(self, *, sites: Sequence[str] = ()) -> AsyncIterator[Tx]:
        """Reading only, all of it as of one instant: for figures that must agree with each other."""
        async with self.pool.connection() as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(value=True)
            try:
                async with connection.transaction():
                    await connection.execute(_scope(self.organisation, tuple(sites)))
                    await connection.execute(_LONGER)
                    yield Tx(connection)
            finally:
                await connection.set_isolation_level(None)
                await connection.set_read_only(value=None)


PASSING = (OperationalError, InterfaceError)
"""What is raised while the database is away or busy, and by little else (`passing`)."""


def passing(cause: Exception) -> bool:
    """Whether the database was away or busy: the same can be tried again, nothing is wrong with what was asked."""
    return isinstance(cause, PASSING) and not isinstance(cause, ProgramLimitExceeded)


def away(cause: Exception) -> bool:
    """Whether the database did not answer at all; else it did, or something else is wrong (a deadlock, a defect)."""
    said = cause.sqlstate if passing(cause) and isinstance(cause, Error) else ""
    return said is None or said.startswith(("08", "57P"))


_STEADY = (
    "; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off"
    "; set local plan_cache_mode = force_generic_plan"
)


@lru_cache(maxsize=1000)
def _begin(organisation: UUID, sites: tuple[str, ...], *, steady: bool) -> bytes:
    """Begin and scope in one round trip."""
    return b"begin; " + _scope(organisation, sites) + (_STEADY.encode() if steady else b"")


@lru_cache(maxsize=1000)
def _scope(organisation: UUID, sites: tuple[str, ...]) -> bytes:
    """Whose rows this transaction sees."""
    named = SQL("set local carelane.organisation = {}; set local carelane.sites = {}")
    return named.format(str(organisation), ",".join(sites)).as_bytes()


def _text(query: str) -> LiteralString:
    return sql(query)
