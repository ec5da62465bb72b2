"""Questions that leave in one packet: answers in order, the first failure, and a connection that stays of use."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from carelane.store import exchange as room
from carelane.store.exchange import STATEMENTS_KEPT_MAX, Answer, Asked, exchange
from carelane.store.line import Line
from carelane.store.roles import DatabaseUrls

TEXTS = {
    "t.echo": "select %(value)s::text as said, length(%(value)s::text) as letters",
    "t.percent": "select '100 %%' as said",
    "t.none": "select 1 where false",
    "t.divide": "select 1 / %(by)s::int",
    "t.sleep": "select pg_sleep(60)",
    "t.sleeps": "select from pg_stat_activity where pid = %(pid)s and wait_event = 'PgSleep'",
    "t.begin": "begin",
    "t.make": "create temp table noted (word text)",
    "t.note": "insert into noted values (%(word)s)",
    "t.noted": "select word from noted order by word",
    "t.rollback": "rollback",
    "t.kill": "select pg_terminate_backend(pg_backend_pid())",
    "t.end": "select pg_terminate_backend(%(pid)s, 5000)",
    "t.prepared": "select count(*)::int from pg_prepared_statements",
    **{f"t.many{n}": f"select {n}" for n in range(STATEMENTS_KEPT_MAX + 20)},
}


@pytest_asyncio.fixture
async def line(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    monkeypatch.setattr(room, "sql", TEXTS.__getitem__)
    async with await Line.connect(database.superuser or "", autocommit=True) as found:
        yield found


async def _said(line: Line, value: str) -> str:
    (answer,) = await exchange(line, [Asked("t.echo", {"value": value})])
    return str(answer.rows[0][0])


async def test_answers_come_in_the_order_of_the_questions(line: Line) -> None:
    one, two, none, three = await exchange(
        line,
        [
            Asked("t.echo", {"value": "Grüße"}, binary=False),
            Asked("t.percent", {}),
            Asked("t.none", {}),
            Asked("t.echo", {"value": None}),
        ],
    )
    assert (one.rows, one.names) == ([("Grüße", 5)], ("said", "letters"))
    assert two.rows == [("100 %",)]
    assert none.rows == []
    assert three.rows == [(None, None)]


async def test_it_says_how_many_rows_were_changed(line: Line) -> None:
    found = await exchange(
        line, [Asked("t.make", {}), Asked("t.note", {"word": "a"}), Asked("t.noted", {})]
    )
    assert [each.changed for each in found] == [0, 1, 1]
    assert found[2].rows == [("a",)]


async def test_after_the_first_failure_nothing_is_run(line: Line) -> None:
    await exchange(line, [Asked("t.make", {})])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await exchange(
            line,
            [
                Asked("t.divide", {"by": 1}),
                Asked("t.divide", {"by": 0}),
                Asked("t.note", {"word": "a"}),
            ],
        )
    (noted,) = await exchange(line, [Asked("t.noted", {})])
    assert noted.rows == []


async def test_a_failure_in_a_transaction_ends_it_and_not_the_connection(line: Line) -> None:
    await exchange(line, [Asked("t.begin", {})])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await exchange(line, [Asked("t.divide", {"by": 0})])
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await _said(line, "a")
    await exchange(line, [Asked("t.rollback", {})])
    assert await _said(line, "a") == "a"


async def test_what_was_prepared_beside_a_failure_is_known(line: Line) -> None:
    for _ in range(5):
        with pytest.raises(psycopg.errors.DivisionByZero):
            await exchange(line, [Asked("t.percent", {}), Asked("t.divide", {"by": 0})])
    (count,) = await exchange(line, [Asked("t.prepared", {})])
    assert count.rows == [(3,)]  # each once, with the question itself


async def test_a_value_that_cannot_travel_sends_nothing(line: Line) -> None:
    with pytest.raises(psycopg.DataError):
        await exchange(
            line, [Asked("t.echo", {"value": "fine"}), Asked("t.echo", {"value": "a\0b"})]
        )
    assert await _said(line, "a") == "a"


async def test_a_backend_does_not_hold_more_statements_than_are_kept(line: Line) -> None:
    for n in range(STATEMENTS_KEPT_MAX + 20):
        (answer,) = await exchange(line, [Asked(f"t.many{n}", {})])
        assert answer.rows == [(n,)]
    (count,) = await exchange(line, [Asked("t.prepared", {})])
    assert count.rows == [(STATEMENTS_KEPT_MAX,)]
    (again,) = await exchange(line, [Asked("t.many0", {})])
    assert again.rows == [(0,)]


async def test_large_values_travel_both_ways_at_once(line: Line) -> None:
    """More than sockets hold: the server answers while the rest still leaves."""
    large = "x" * 8_000_000
    found = await exchange(line, [Asked("t.echo", {"value": large})] * 4)
    assert [each.rows for each in found] == [[(large, len(large))]] * 4


async def test_a_session_that_was_ended_says_why(line: Line) -> None:
    with pytest.raises(psycopg.errors.AdminShutdown):
        await exchange(line, [Asked("t.kill", {}), Asked("t.echo", {"value": "a"})])
    assert line.closed
    with pytest.raises(psycopg.OperationalError):
        await _said(line, "a")


async def _begun(database: DatabaseUrls, line: Line, *asked: Asked) -> "asyncio.Task[list[Answer]]":
    """A packet that begins with a sleep, once the server sleeps: before that there is nothing to stop."""
    found = asyncio.ensure_future(exchange(line, [Asked("t.sleep", {}), *asked]))
    async with await Line.connect(database.superuser or "", autocommit=True) as beside:
        sleeps = Asked("t.sleeps", {"pid": line.info.backend_pid})
        while not (await exchange(beside, [sleeps]))[0].rows:
            pass
    return found


@pytest.mark.parametrize("letters", [1, 20_000_000], ids=["waiting", "sending"])
async def test_who_stops_waiting_leaves_a_connection_of_use(
    line: Line, database: DatabaseUrls, letters: int
) -> None:
    after = Asked("t.echo", {"value": "x" * letters})  # the larger does not fit into the sockets
    asked = await _begun(database, line, after)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await _said(line, "a") == "a"


async def test_psycopg_may_use_the_connection_between_two_packets(line: Line) -> None:
    for word in ("a", "b"):
        assert await _said(line, word) == word
        cursor = await line.execute("select 7")
        assert await cursor.fetchall() == [(7,)]


async def test_the_loop_watches_on_between_two_packets(line: Line) -> None:
    await _said(line, "a")
    assert _watched(line.fileno())


async def test_a_connection_that_is_closed_meanwhile_tells_who_waits(
    line: Line, database: DatabaseUrls
) -> None:
    asked = await _begun(database, line)
    socket = line.fileno()
    await line.close()
    with pytest.raises(psycopg.OperationalError):
        await asked
    assert not _watched(socket)


async def test_a_session_that_ends_while_nobody_waits_does_not_keep_the_loop_busy(
    line: Line, database: DatabaseUrls
) -> None:
    await _said(line, "a")
    pid, socket = line.info.backend_pid, line.fileno()
    async with await Line.connect(database.superuser or "", autocommit=True) as beside:
        await exchange(beside, [Asked("t.end", {"pid": pid})])
        for _ in range(50):  # each a turn of the loop
            await exchange(beside, [Asked("t.none", {})])
    assert not _watched(socket)
    with pytest.raises(psycopg.OperationalError):
        await _said(line, "a")


def _watched(socket: int) -> bool:
    """Whether the loop watched it; it does not any more."""
    return bool(asyncio.get_running_loop().remove_reader(socket))
