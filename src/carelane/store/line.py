"""A connection that remembers what it has prepared, and whose socket the loop keeps watching between two packets.

psycopg begins to watch the socket for each wait and ends it after: some calls of the kernel and a timer, a tenth of
what a worker did (docs/adr/0036). Here the loop watches on, until something comes that nobody waits for, or until
psycopg itself has to wait.
"""

import asyncio
from collections.abc import Generator
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.abc import PQGen
from psycopg.abc import Transformer as Transforming
from psycopg.adapt import Transformer
from psycopg.errors import Error, QueryCanceled
from psycopg.pq import ConnStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait
from typing_extensions import override

Talk = Generator[Wait, Ready | int, list[PGresult]]
"""What is said and heard on a connection; it yields what it waits for."""
Key = tuple[str, tuple[int, ...]]
"""A statement: its query's name and the types of its values."""
_GIVE_UP_S = 5.0
_UNASKED_MAX = 2
_Said = TypeVar("_Said")


class Line(AsyncConnection[TupleRow]):
    """One connection. `hear` runs a talk on it; all that psycopg offers works as well."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.transformer: Transforming = Transformer.from_context(self)
        self.prepared: dict[Key, bytes] = {}
        self._made = 0
        self._watched: tuple[asyncio.AbstractEventLoop, int] | None = None
        self._waiter: asyncio.Future[Ready] | None = None
        self._unasked = 0

    def named(self) -> bytes:
        """The name of the next statement."""
        self._made += 1
        return b"carelane_%d" % self._made

    async def hear(self, talk: Talk) -> list[PGresult]:
        """Run a talk to its end. Who stops waiting has the server stop as well, and leaves a connection of use."""
        try:
            return await self._run(talk)
        except asyncio.CancelledError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                await self._give_up(talk)
            raise
        finally:
            if self.pgconn.status != ConnStatus.OK:  # its socket is closed
                self._unwatch()

    async def _run(self, talk: Talk) -> list[PGresult]:
        try:
            wanted = next(talk)
            while True:
                wanted = talk.send(await self._ready(wanted))
        except StopIteration as end:
            found: list[PGresult] = end.value
            return found

    async def _give_up(self, talk: Talk) -> None:
        """Cancel what the server does, and read its answer; a server that does not stop loses the connection."""
        try:
            await self.cancel_safe(timeout=_GIVE_UP_S)
            async with asyncio.timeout(_GIVE_UP_S):
                await self._run(talk)
        except QueryCanceled:
            pass
        except (Error, TimeoutError):
            await self.close()

    async def _ready(self, wanted: Wait) -> Ready:
        """Wait until the socket can be read, or written where that is wanted too."""
        loop, socket = self._watch()
        self._waiter = loop.create_future()
        if wanted & Wait.W:
            loop.add_writer(socket, self._wake, Ready.W)
        try:
            return await self._waiter
        finally:
            self._waiter = None
            if wanted & Wait.W:
                loop.remove_writer(socket)

    def _watch(self) -> tuple[asyncio.AbstractEventLoop, int]:
        if self._watched is None:
            self._watched = asyncio.get_running_loop(), self.pgconn.socket
            self._watched[0].add_reader(self._watched[1], self._wake, Ready.R)
        self._unasked = 0
        return self._watched

    def _wake(self, ready: Ready) -> None:
        if self._waiter is None:
            self._heard_unasked()
        elif not self._waiter.done():
            self._waiter.set_result(ready)

    def _heard_unasked(self) -> None:
        """A loop may ring once more for what has just been read; a session that was ended would ring for ever."""
        self._unasked += 1
        if self._unasked >= _UNASKED_MAX:
            self._unwatch()

    def _unwatch(self) -> None:
        """Before psycopg waits on its own, and before the socket closes: its number may be another's at once."""
        if self._watched is not None:
            loop, socket = self._watched
            self._watched = None
            if not loop.is_closed():
                loop.remove_reader(socket)

    @override
    async def wait(self, gen: PQGen[_Said], *arguments: Any, **settings: Any) -> _Said:
        """As psycopg waits, which watches by itself."""
        self._unwatch()
        return await super().wait(gen, *arguments, **settings)

    @override
    async def close(self) -> None:
        """Close it; a talk that waits is told."""
        self._unwatch()
        await super().close()
        self._wake(Ready.R)
