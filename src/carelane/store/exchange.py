"""Named queries and their rows: all that are asked together leave in one packet, and are answered in one.

On psycopg's low level (`psycopg.pq`, libpq's pipeline mode): its cursors look at each statement anew and write each by
itself, which was half of what a worker did (docs/adr/0036 has the measurement). A statement is prepared once for each
connection and types of its values.
"""

import re
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from psycopg.abc import Buffer
from psycopg.abc import Transformer as Transforming
from psycopg.adapt import PyFormat
from psycopg.errors import OperationalError, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import TupleRow
from psycopg.waiting import Ready, Wait

from carelane.store.line import Key, Line, Talk
from carelane.store.queries import sql

STATEMENTS_KEPT_MAX = 200  # of one connection: a backend holds text and plan of each
UNSENT_MAX = 65_536
"""Bytes of values after which they must have left: libpq's buffer grows to the most that waited, for good."""
_FORMATS = {"s": PyFormat.AUTO, "b": PyFormat.BINARY, "t": PyFormat.TEXT}
_VALUE = re.compile(r"%\((\w+)\)([sbt])|%%")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Asked(NamedTuple):
    """One named query with its values; `binary` is how its rows travel."""

    query: str
    values: Mapping[str, object]
    binary: bool = True


class Answer(NamedTuple):
    """What one query brought: rows as tuples, the names of their columns, how many rows were changed."""

    rows: list[TupleRow]
    names: tuple[str, ...]
    changed: int

    def records(self) -> list[dict[str, Any]]:
        """The rows by the names of their columns; not of a query that was asked in binary."""
        return [dict(zip(self.names, row, strict=True)) for row in self.rows]


class _Text(NamedTuple):
    """A query as the server reads it: `$1` for the first of `names`."""

    text: bytes
    names: tuple[str, ...]
    formats: tuple[PyFormat, ...]


class _Packed(NamedTuple):
    """One query with its values as they travel."""

    key: Key
    text: bytes
    params: Sequence[Buffer | None]
    formats: Sequence[Format]
    result: Format


async def exchange(line: Line, asked: Sequence[Asked]) -> list[Answer]:
    """Ask all of it, in order, in one packet; the answers in the same order.

    Raises:
        psycopg.Error: The first that failed; those after it were not run.
    """
    async with line.lock:
        packed = deque(_pack(line.transformer, one) for one in asked)
        results = deque(await line.hear(_talk(line, packed)))
        found = [_answer(line.transformer, results.popleft(), one) for one in asked]
        line.transformer.set_pgresult(None)
        return found


def _pack(transformer: Transforming, one: Asked) -> _Packed:
    text = _text(one.query)
    params = transformer.dump_sequence([one.values[name] for name in text.names], text.formats)
    types = tuple(transformer.types or ())
    result = Format.BINARY if one.binary else Format.TEXT
    return _Packed((one.query, types), text.text, params, transformer.formats or (), result)


def _talk(line: Line, packed: deque[_Packed]) -> Talk:
    """Send everything, read every answer; the results of the queries alone. What has left is let go: it is large."""
    packet, conn, waiting = _Packet(line), line.pgconn, 0
    conn.enter_pipeline_mode()
    try:
        while packed:
            one = packed.popleft()
            packet.put(one)
            waiting += sum(map(len, filter(None, one.params)))
            if waiting > UNSENT_MAX:
                yield from _sent(conn)
                waiting = 0
        conn.pipeline_sync()
        results = yield from _results(conn)
    finally:
        _leave(conn)
    return packet.answered(results)


class _Packet:
    """What is sent together, and which result answers what."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._fresh: dict[Key, tuple[int, bytes]] = {}  # statements prepared here, by place
        self._places: list[int] = []  # of the queries' own results
        self._sent = 0

    def put(self, one: _Packed) -> None:
        """Send a query, and before it what prepares it."""
        name = self._line.prepared.get(one.key) or self._prepared(one)
        self._line.pgconn.send_query_prepared(name, one.params, one.formats, one.result)
        self._places.append(self._sent)
        self._sent += 1

    def _prepared(self, one: _Packed) -> bytes:
        if one.key not in self._fresh:
            self._make_room()
            self._fresh[one.key] = self._sent, self._line.named()
            self._line.pgconn.send_prepare(self._fresh[one.key][1], one.text, one.key[1])
            self._sent += 1
        return self._fresh[one.key][1]

    def _make_room(self) -> None:
        """Forget the oldest statement where there are too many."""
        kept = self._line.prepared
        if len(kept) >= STATEMENTS_KEPT_MAX:
            self._line.pgconn.send_query_params(b"deallocate " + kept.pop(next(iter(kept))), None)
            self._sent += 1

    def answered(self, results: Sequence[PGresult]) -> list[PGresult]:
        """The results of the queries; what was prepared is remembered, also beside a failure."""
        for key, (place, name) in self._fresh.items():
            if place < len(results) and results[place].status == ExecStatus.COMMAND_OK:
                self._line.prepared[key] = name
        failed = next((each for each in results if each.status in _FAILED), None)
        if failed is not None:
            raise error_from_result(failed, encoding="utf-8")
        return [results[place] for place in self._places]


def _sent(conn: PGconn) -> Generator[Wait, Ready | int, None]:
    """Wait until everything has left; what is answered meanwhile is taken in, or nothing would move."""
    while conn.flush():
        if (
            yield Wait.RW
        ) != Ready.W:  # None, where a caller has stopped waiting: then nobody looked
            conn.consume_input()


def _results(conn: PGconn) -> Talk:
    """Every result up to the mark that ends the packet."""
    found: list[PGresult] = []
    try:
        yield from _sent(conn)
        while True:
            while conn.is_busy():
                yield Wait.R
                conn.consume_input()
            result = conn.get_result()
            if result is None:  # the end of one statement's results
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return found
            found.append(result)
    except OperationalError:
        if any(each.status in _FAILED for each in found):
            return found  # why the server ended the connection
        raise


def _leave(conn: PGconn) -> None:
    """Out of the pipeline; a connection with answers still to come is of no more use, and is closed."""
    if conn.status == ConnStatus.BAD:
        return
    try:
        conn.exit_pipeline_mode()
    except OperationalError:
        conn.finish()


def _answer(transformer: Transforming, result: PGresult, one: Asked) -> Answer:
    count = result.command_tuples or 0
    if result.status != ExecStatus.TUPLES_OK:
        return Answer([], (), count)
    transformer.set_pgresult(result)
    return Answer(transformer.load_rows(0, result.ntuples, tuple), _names(result, one), count)


def _names(result: PGresult, one: Asked) -> tuple[str, ...]:
    if one.binary:
        return ()
    return tuple((result.fname(n) or b"").decode() for n in range(result.nfields))


@cache
def _text(query: str) -> _Text:
    names: dict[str, PyFormat] = {}

    def numbered(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        names.setdefault(name, _FORMATS[found[2]])
        return f"${[*names].index(name) + 1}"

    text = _VALUE.sub(numbered, sql(query))
    return _Text(text.encode(), tuple(names), tuple(names.values()))
