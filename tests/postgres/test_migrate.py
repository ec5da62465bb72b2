"""Migrations: in order, once, by one at a time, and refused where history was changed."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from carelane.store.migrate import Migration, MigrationFault, migrate, missing, ordered, shipped
from carelane.store.roles import DatabaseUrls


def _migration(number: int, text: str, *, phase: str = "pre", name: str = "change") -> Migration:
    return Migration(number=number, phase=phase, name=name, text=text)


@pytest.fixture
def further() -> int:
    """The number after the last shipped migration."""
    return shipped()[-1].number + 1


def test_a_migrated_database_lacks_nothing_and_migrating_again_does_nothing(
    database: DatabaseUrls,
) -> None:
    assert missing(database.owner) == []
    assert migrate(database.owner) == []


def test_many_that_migrate_at_once_apply_each_file_once(
    database: DatabaseUrls, further: int
) -> None:
    files = (*shipped(), _migration(further, "create table once (); create table twice ();"))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: migrate(database.owner, migrations=files), range(4)))
    assert sorted(done) == [[], [], [], ["change"]]


def test_a_changed_file_is_refused(database: DatabaseUrls) -> None:
    first, *rest = shipped()
    changed = _migration(first.number, first.text + "-- a word more", name=first.name)
    with pytest.raises(MigrationFault, match="another text"):
        migrate(database.owner, migrations=(changed, *rest))


def test_a_database_of_a_newer_version_is_refused(database: DatabaseUrls, further: int) -> None:
    migrate(database.owner, migrations=(*shipped(), _migration(further, "create table later ()")))
    with pytest.raises(MigrationFault, match="newer version"):
        migrate(database.owner)


def test_a_failing_file_leaves_nothing_behind(database: DatabaseUrls, further: int) -> None:
    broken = _migration(further, "create table half (); select 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(database.owner, migrations=(*shipped(), broken))
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("select to_regclass('half')").fetchone() == (None,)
    assert missing(database.owner) == []


def test_what_removes_waits_until_it_is_asked_for(database: DatabaseUrls, further: int) -> None:
    files = (
        *shipped(),
        _migration(further, "create table added ()", name="add"),
        _migration(further + 1, "drop table added", phase="post", name="remove"),
        _migration(further + 2, "create table more ()", name="more"),
    )
    assert migrate(database.owner, migrations=files, post=False) == ["add"]
    assert migrate(database.owner, migrations=files) == ["remove", "more"]


@pytest.mark.parametrize("numbers", [(1, 3), (1, 1), (2,)])
def test_gaps_and_twins_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(MigrationFault, match="renumber"):
        ordered([_migration(number, "") for number in numbers])


def test_the_tables_belong_to_the_owner_role(database: DatabaseUrls) -> None:
    with psycopg.connect(database.owner) as connection:
        query = "select distinct tableowner from pg_tables where schemaname = 'public'"
        assert connection.execute(query).fetchall() == [("carelane_owner",)]
