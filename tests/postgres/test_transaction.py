"""Transactions by named query: what is put leaves with the next question or with the commit, and fails with it."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio
from psycopg.errors import CheckViolation, ReadOnlySqlTransaction, UniqueViolation

from carelane.store import exchange as room
from carelane.store.database import Database, Later, Tx
from carelane.store.pool import open_pool
from carelane.store.queries import sql
from carelane.store.roles import DatabaseUrls

TABLE = """
create table noted (place int generated always as identity, word text check (length(word) < 9));
alter table noted add unique (word) deferrable initially deferred;
grant select, insert on noted to carelane_worker"""
TEXTS = {
    "n.note": "insert into noted (word) values (%(word)s)",
    "n.noted": "select word from noted order by place",
}


@pytest_asyncio.fixture
async def notes(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database with one connection and a table to write into."""
    assert database.superuser is not None
    with psycopg.connect(database.superuser) as connection:
        connection.execute(TABLE)
    monkeypatch.setattr(room, "sql", lambda query: TEXTS.get(query) or sql(query))
    pool = await open_pool(database.worker, name="t", largest=1, autocommit=True)
    async with pool:
        yield Database(pool, UUID(int=1))


async def _noted(notes: Database) -> list[str]:
    (rows,) = await notes.ask(("n.noted", {}))
    return [word for (word,) in rows]


async def _write(
    notes: Database, *words: str, then: Callable[[Tx], object] = lambda _: None
) -> list[str]:
    """Put words down, and do something more before the end; what was called after the commit."""
    called: list[str] = []
    async with notes.transaction() as tx:
        tx.after.append(lambda: called.append("after"))
        await tx.run("n.note", word="first")
        for word in words:
            tx.put("n.note", word=word)
        then(tx)
    return called


async def test_what_is_put_is_there_for_the_next_question_and_after_the_commit(
    notes: Database,
) -> None:
    async with notes.transaction() as tx:
        tx.put("n.note", word="one")
        tx.put("n.note", word="two")
        assert await tx.tuples("n.noted", {}) == [("one",), ("two",)]
        tx.put("n.note", word="three")
    assert await _noted(notes) == ["one", "two", "three"]


async def test_a_transaction_that_only_puts_is_committed(notes: Database) -> None:
    async with notes.transaction() as tx:
        tx.put("n.note", word="alone")
    assert await _noted(notes) == ["alone"]


async def test_what_is_asked_afterwards_is_asked_of_what_others_committed_too(
    notes: Database, superuser: "psycopg.Connection[Any]"
) -> None:
    """Two questions, each in a transaction of its own; what was put before them is there, and so is the other's."""
    async with notes.transaction() as tx:
        assert await tx.tuples("n.noted", {}) == []
        one, two = (tx.afterwards("n.noted") for _ in range(2))
        tx.put("n.note", word="ours")
        superuser.execute(b"insert into noted (word) values ('theirs')")
        assert one.rows == []
    assert sorted(one.rows) == [("ours",), ("theirs",)]
    assert one.rows == two.rows
    assert await _noted(notes) == [word for (word,) in one.rows]


async def test_a_snapshot_has_no_commit_to_ask_after(notes: Database) -> None:
    with pytest.raises(RuntimeError, match="snapshot"):
        async with notes.snapshot() as tx:
            tx.afterwards("n.noted")


async def test_nothing_is_asked_after_a_transaction_that_failed(notes: Database) -> None:
    laters: list[Later] = []
    with pytest.raises(UniqueViolation):
        await _write(notes, "first", then=lambda tx: laters.append(tx.afterwards("n.noted")))
    assert [each.rows for each in laters] == [[]]
    assert await _noted(notes) == []


async def test_what_is_told_after_the_commit_is_told_once(notes: Database) -> None:
    assert await _write(notes, "second") == ["after"]


async def test_what_was_put_and_fails_is_raised_by_the_commit_and_nothing_stays(
    notes: Database,
) -> None:
    with pytest.raises(CheckViolation):
        await _write(notes, "far too long", "behind")
    assert await _noted(notes) == []


async def test_what_was_put_and_fails_is_raised_by_the_next_question(notes: Database) -> None:
    async with notes.transaction() as tx:
        tx.put("n.note", word="far too long")
        with pytest.raises(CheckViolation):
            await tx.one("n.noted")
    assert await _noted(notes) == []


async def test_a_check_that_was_put_off_fails_the_commit_and_nothing_stays(notes: Database) -> None:
    with pytest.raises(UniqueViolation):
        await _write(notes, "twice", "twice")
    assert await _noted(notes) == []


async def test_what_is_a_transaction_by_itself_is_kept_whole_or_not_at_all(notes: Database) -> None:
    await notes.ask(("n.note", {"word": "one"}), ("n.note", {"word": "two"}))
    with pytest.raises(UniqueViolation):  # found at its end
        await notes.ask(("n.note", {"word": "three"}), ("n.note", {"word": "one"}))
    with pytest.raises(CheckViolation):
        await notes.ask(("n.note", {"word": "three"}), ("n.note", {"word": "far too long"}))
    assert await _noted(notes) == ["one", "two"]


async def test_who_fails_after_putting_leaves_nothing(notes: Database) -> None:
    def fail(_: Tx) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await _write(notes, "put", then=fail)
    assert await _noted(notes) == []


async def test_who_asks_nothing_begins_nothing(notes: Database) -> None:
    async with notes.transaction() as tx:
        await tx.commit()
    async with notes.pool.connection() as line:
        assert line.prepared == {}


async def test_what_is_put_where_only_is_read_is_refused(notes: Database) -> None:
    with pytest.raises(ReadOnlySqlTransaction):
        async with notes.snapshot() as tx:
            tx.put("n.note", word="lost")
    assert await _noted(notes) == []
