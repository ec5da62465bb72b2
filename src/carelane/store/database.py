"""Transactions on one organisation, by named query: what every room above uses instead of psycopg.

`async with database.transaction() as tx: rows = await tx.rows("worklist.list", ...)`. Leaving the block
commits; an exception rolls back. Row-level security is set for the transaction only.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection, Error, InterfaceError, IsolationLevel, OperationalError
from psycopg.errors import ProgramLimitExceeded, QueryCanceled
from psycopg.rows import TupleRow

from carelane.store.exchange import Answer, Asked, exchange
from carelane.store.line import Line
from carelane.store.pool import Pool

Row = dict[str, Any]
Question = tuple[str, Mapping[str, object]]
"""A named query and its values."""

_BEGIN = Asked("transaction.begin", {})
_COMMIT = Asked("transaction.commit", {})
_LONGER = "set local statement_timeout = '120s'"  # a report reads a period; 5 s are for decisions


class Tx:
    """One open transaction. `now()` is never asked of the database: instants are arguments.

    It begins with the first question, in the same packet. What is `put` leaves with the next question, or with the
    commit.
    """

    __slots__ = ("_begun", "_later", "_line", "_opening", "_waiting", "after")

    def __init__(self, line: Line, *opening: Asked) -> None:
        self._line = line
        self._opening = opening
        self._waiting = [*opening]
        self._later: list[tuple[Asked, Later]] = []
        self._begun = False
        self.after: list[Callable[[], None]] = []  # called once the transaction has committed

    async def rows(self, query: str, **values: object) -> list[Row]:
        """All rows of a named query, as dictionaries."""
        (found,) = await self._ask([Asked(query, values, binary=False)])
        return found.records()

    async def one(self, query: str, **values: object) -> Row | None:
        """The first row, or None."""
        found = await self.rows(query, **values)
        return found[0] if found else None

    async def tuples(self, query: str, values: Mapping[str, object]) -> list[TupleRow]:
        """All rows as plain tuples: for hot paths."""
        (found,) = await self._ask([Asked(query, values)])
        return found.rows

    async def together(self, *asked: Question) -> list[list[TupleRow]]:
        """The rows of several questions that don't wait for each other's answers, as plain tuples: one round trip."""
        return [found.rows for found in await self._ask([Asked(*each) for each in asked])]

    async def run(self, query: str, **values: object) -> int:
        """Run a statement; how many rows it changed."""
        (found,) = await self._ask([Asked(query, values)])
        return found.changed

    def put(self, query: str, **values: object) -> None:
        """A statement whose answer nobody waits for. If it fails, the next question raises, or the commit."""
        self._waiting.append(Asked(query, values))
        self._begun = True

    def afterwards(self, query: str, **values: object) -> "Later":
        """What a query answers once this transaction has committed, in a transaction of its own, in the same packet."""
        if self._opening[0] is not _BEGIN:
            raise RuntimeError("a snapshot ends with no commit, so nothing can be asked after it")
        later = Later()
        self._later.append((Asked(query, values), later))
        self._begun = True
        return later

    async def begun(self) -> AsyncConnection[TupleRow]:
        """The connection, with the transaction begun: for statements that have no name."""
        await self._ask([])
        return self._line

    async def commit(self) -> None:
        """Commit, in one packet with what waits; nothing to do where nothing was asked. For `Database` alone."""
        if not self._begun:
            return
        scope = self._opening[1:] if self._later else ()
        answers = await self._ask([_COMMIT, *scope, *(asked for asked, _ in self._later)])
        for (_, later), answer in zip(self._later, answers[1 + len(scope) :], strict=True):
            later.rows = answer.rows

    async def _ask(self, asked: Sequence[Asked]) -> list[Answer]:
        before, self._waiting, self._begun = self._waiting, [], True
        if not before and not asked:
            return []
        return (await exchange(self._line, [*before, *asked]))[len(before) :]


@dataclass(slots=True)
class Later:
    """The rows of what is asked after a commit, as plain tuples: there when the transaction has ended."""

    rows: list[TupleRow] = field(default_factory=list)


@dataclass(slots=True)
class _Lent:
    """A connection of the pool's for a while; what is not committed is rolled back."""

    pool: Pool
    line: Line = field(init=False)

    async def __aenter__(self) -> Line:
        self.line = await self.pool.getconn()
        return self.line

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.back(kept=kind is None)

    async def back(self, *, kept: bool) -> None:
        """Give it back, rolled back unless what was done is kept."""
        try:
            if not kept and not self.line.closed:
                with suppress(Error):  # the pool looks whether it is still of use
                    await self.line.rollback()
        finally:
            await self.pool.putconn(self.line)


class _Transacting:
    """`async with` of one transaction: the block's end commits it."""

    __slots__ = ("_lent", "_scope", "_tx")

    def __init__(self, pool: Pool, scope: Asked) -> None:
        self._lent = _Lent(pool)
        self._scope = scope

    async def __aenter__(self) -> Tx:
        self._tx = Tx(await self._lent.__aenter__(), _BEGIN, self._scope)
        return self._tx

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        kept = False
        try:
            if kind is None:
                await self._tx.commit()
                kept = True
        finally:
            await self._lent.back(kept=kept)
        for each in self._tx.after if kept else ():
            each()


@dataclass(frozen=True, slots=True)
class Database:
    """A pool of connections of one role, bound to one organisation."""

    pool: Pool
    organisation: UUID

    def transaction(self, *, sites: Sequence[str] = (), steady: bool = False) -> "_Transacting":
        """One transaction in the organisation's scope; `sites` matter to the person's role only.

        `steady` is for the paths of a message: every row is found by an index, whatever the statistics said at the
        moment a plan was made (a plan made on an empty table walks the full one; SEMANTICS 12, 2). Such a plan needs no
        look at the values, so it is made once: made anew for each, it took two fifths of the database's time.
        """
        return _Transacting(self.pool, self._scope(sites, steady=steady))

    async def ask(
        self, *asked: Question, sites: Sequence[str] = (), steady: bool = False
    ) -> list[list[TupleRow]]:
        """The rows of questions that are a transaction by themselves, as plain tuples: one round trip."""
        found = await self._alone([Asked(*each) for each in asked], sites, steady=steady)
        return [each.rows for each in found]

    async def one(
        self, query: str, *, sites: Sequence[str] = (), steady: bool = False, **values: object
    ) -> Row | None:
        """The first row of a query that is a transaction by itself, or None: one round trip."""
        (found,) = await self._alone([Asked(query, values, binary=False)], sites, steady=steady)
        return next(iter(found.records()), None)

    async def _alone(
        self, asked: Sequence[Asked], sites: Sequence[str], *, steady: bool
    ) -> list[Answer]:
        async with _Lent(self.pool) as line:  # what leaves in one packet is one transaction
            return (await exchange(line, [self._scope(sites, steady=steady), *asked]))[1:]

    @asynccontextmanager
    async def snapshot(self, *, sites: Sequence[str] = ()) -> AsyncIterator[Tx]:
        """Reading only, all of it as of one instant: for figures that must agree with each other."""
        async with _Lent(self.pool) as connection:
            await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            await connection.set_read_only(value=True)
            try:
                async with connection.transaction():
                    await connection.execute(_LONGER)
                    tx = Tx(connection, self._scope(sites, steady=False))
                    yield tx
                    await tx.begun()  # what was put here is refused aloud, not forgotten
            finally:
                await connection.set_isolation_level(None)
                await connection.set_read_only(value=None)

    def _scope(self, sites: Sequence[str], *, steady: bool) -> Asked:
        """Whose rows a transaction sees."""
        query = "transaction.steady" if steady else "transaction.scope"
        return Asked(query, {"organisation": str(self.organisation), "sites": ",".join(sites)})


PASSING = (OperationalError, InterfaceError)
"""What is raised while the database is away or busy, and by little else (`passing`)."""


def passing(cause: Exception) -> bool:
    """Whether the database was away or busy: the same can be tried again, nothing is wrong with what was asked."""
    return isinstance(cause, PASSING) and not isinstance(cause, ProgramLimitExceeded)


def overdue(cause: Exception) -> bool:
    """Whether a statement took longer than one may (5 s; SQLSTATE 57014): too much is asked, or all is slow."""
    return isinstance(cause, QueryCanceled)


def away(cause: Exception) -> bool:
    """Whether the database did not answer at all; else it did, or something else is wrong (a deadlock, a defect)."""
    said = cause.sqlstate if passing(cause) and isinstance(cause, Error) else ""
    return said is None or said.startswith(("08", "57P"))
