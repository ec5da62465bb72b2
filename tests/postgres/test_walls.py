"""The second wall (I12): whatever the application forgets, the database shows no foreign row."""

from uuid import UUID

import psycopg
import pytest

from carelane.facts.ids import name_id
from carelane.store.database import Database
from carelane.store.pool import scope

pytestmark = pytest.mark.invariant("I12")
ELSEWHERE = name_id("organisation", "elsewhere")
Superuser = psycopg.Connection[tuple[object, ...]]
# Rows that belong to nobody's organisation.
_OPEN = {"schema_migration"}
_UNWALLED = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p')
  and not (c.relrowsecurity and c.relforcerowsecurity
           and exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive))"""


@pytest.fixture
def ward(superuser: Superuser, organisation: UUID) -> None:
    """A scratch table walled as the migrations wall theirs, with a row of ours and one of strangers."""
    superuser.execute("create table ward (organisation uuid not null, name text)")
    superuser.execute("alter table ward owner to carelane_owner")
    superuser.execute("alter table ward enable row level security, force row level security")
    superuser.execute(
        "create policy organisation on ward"
        " using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid)"
    )
    superuser.execute("grant select, insert, update on ward to carelane_worker")
    superuser.execute(
        "insert into ward values (%s, 'ours'), (%s, 'theirs')", (organisation, ELSEWHERE)
    )


def test_every_table_is_walled_also_for_its_owner(superuser: Superuser) -> None:
    open_tables = {row[0] for row in superuser.execute(_UNWALLED)}
    assert open_tables == _OPEN


def test_a_table_without_a_wall_would_be_found(superuser: Superuser) -> None:
    superuser.execute("create table forgotten (organisation uuid)")
    superuser.execute("create table not_forced (organisation uuid)")
    superuser.execute("alter table not_forced enable row level security")
    assert {row[0] for row in superuser.execute(_UNWALLED)} == {"forgotten", "not_forced", *_OPEN}


@pytest.mark.usefixtures("ward")
async def test_no_scope_no_rows_also_after_a_scoped_transaction(worker: Database) -> None:
    async with worker.pool.connection() as connection:
        async with connection.transaction():
            await scope(connection, worker.organisation)
            inside = await (await connection.execute("select name from ward")).fetchall()
        after = await (await connection.execute("select name from ward")).fetchall()
    async with worker.pool.connection() as connection:
        never = await (await connection.execute("select name from ward")).fetchall()
    assert (inside, after, never) == ([("ours",)], [], [])


@pytest.mark.usefixtures("ward")
async def test_foreign_rows_can_be_neither_changed_nor_written(worker: Database) -> None:
    async with worker.transaction() as tx:
        changed = await tx.connection.execute("update ward set name = 'x' where name = 'theirs'")
        assert changed.rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with worker.transaction() as tx:
            await tx.connection.execute("insert into ward values (%s, 'x')", (ELSEWHERE,))


@pytest.mark.usefixtures("ward")
async def test_the_owner_of_the_tables_sees_nothing_without_a_scope_either(
    superuser: Superuser,
) -> None:
    superuser.execute("set role carelane_owner")
    assert superuser.execute("select name from ward").fetchall() == []


@pytest.mark.requirement("R105")
@pytest.mark.parametrize(
    ("sites", "seen"),
    [((), 1), (("north",), 2), (("south",), 2), (("north", "south"), 3), (("nor",), 1)],
)
async def test_a_person_sees_their_sites_and_what_belongs_to_none(
    worker: Database, app: Database, sites: tuple[str, ...], seen: int
) -> None:
    async with worker.transaction() as tx:
        for site in ("north", "south", ""):
            await tx.connection.execute(
                "insert into subject (id, organisation, kind, site) values (%s, %s, 'patient', %s)",
                (name_id("subject", site), worker.organisation, site),
            )
    async with app.transaction(sites=sites) as tx:
        found = await (await tx.connection.execute("select site from subject")).fetchall()
    assert len(found) == seen


@pytest.mark.invariant("I14")
@pytest.mark.parametrize("role", ["carelane_app", "carelane_worker", "carelane_audit"])
@pytest.mark.parametrize("table", ["audit_leaf", "access_leaf"])
def test_no_role_changes_or_removes_a_leaf(superuser: Superuser, role: str, table: str) -> None:
    row = superuser.execute(
        "select has_table_privilege(%(role)s, %(table)s, 'delete'),"
        " has_table_privilege(%(role)s, %(table)s, 'truncate'),"
        " has_column_privilege(%(role)s, %(table)s, 'body', 'update')",
        {"role": role, "table": table},
    ).fetchone()
    assert row == (False, False, False)
