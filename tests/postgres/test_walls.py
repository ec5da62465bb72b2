"""The second wall (I12): whatever the application forgets, the database shows no foreign row."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from carelane.facts.ids import name_id
from carelane.store.database import Database
from carelane.store.roles import DatabaseUrls

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
def catalogue(module_database: DatabaseUrls) -> Iterator[Superuser]:
    """A superuser's connection to a database that these tests share; what each does is undone."""
    assert module_database.superuser is not None
    with psycopg.connect(module_database.superuser) as connection:
        yield connection
        connection.rollback()


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


@pytest.mark.requirement("R104")
@pytest.mark.requirement("R114")
def test_every_table_is_walled_also_for_its_owner(catalogue: Superuser) -> None:
    open_tables = {row[0] for row in catalogue.execute(_UNWALLED)}
    assert open_tables == _OPEN


def test_a_table_without_a_wall_would_be_found(catalogue: Superuser) -> None:
    catalogue.execute("create table forgotten (organisation uuid)")
    catalogue.execute("create table not_forced (organisation uuid)")
    catalogue.execute("alter table not_forced enable row level security")
    assert {row[0] for row in catalogue.execute(_UNWALLED)} == {"forgotten", "not_forced", *_OPEN}


@pytest.mark.usefixtures("ward")
async def test_no_scope_no_rows_also_after_a_scoped_transaction(worker: Database) -> None:
    async with worker.transaction() as tx:
        connection = await tx.begun()
        inside = await (await connection.execute("select name from ward")).fetchall()
    after = await (
        await connection.execute("select name from ward")
    ).fetchall()  # the very same one
    await connection.rollback()
    async with worker.pool.connection() as connection:
        never = await (await connection.execute("select name from ward")).fetchall()
    assert (inside, after, never) == ([("ours",)], [], [])


@pytest.mark.usefixtures("ward")
async def test_foreign_rows_can_be_neither_changed_nor_written(worker: Database) -> None:
    async with worker.transaction() as tx:
        changed = await (await tx.begun()).execute(
            "update ward set name = 'x' where name = 'theirs'"
        )
        assert changed.rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with worker.transaction() as tx:
            await (await tx.begun()).execute("insert into ward values (%s, 'x')", (ELSEWHERE,))


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
            await (await tx.begun()).execute(
                "insert into subject (id, organisation, kind, site) values (%s, %s, 'patient', %s)",
                (name_id("subject", site), worker.organisation, site),
            )
    async with app.transaction(sites=sites) as tx:
        found = await (await (await tx.begun()).execute("select site from subject")).fetchall()
    assert len(found) == seen


@pytest.mark.invariant("I14")
@pytest.mark.parametrize("role", ["carelane_app", "carelane_worker", "carelane_audit"])
@pytest.mark.parametrize("table", ["audit_sheaf", "access_sheaf"])
def test_no_role_changes_or_removes_a_leaf(catalogue: Superuser, role: str, table: str) -> None:
    row = catalogue.execute(
        "select has_table_privilege(%(role)s, %(table)s, 'delete'),"
        " has_table_privilege(%(role)s, %(table)s, 'truncate'),"
        " has_column_privilege(%(role)s, %(table)s, 'bodies', 'update')",
        {"role": role, "table": table},
    ).fetchone()
    assert row == (False, False, False)


_TABLES = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname in ('organisation', 'site') and not a.attisdropped
where n.nspname = 'public' and c.relkind in ('r', 'p') and a.attname = %s and c.relname <> 'ward'
order by 1"""
_ROLES = ("carelane_owner", "carelane_app", "carelane_worker", "carelane_audit")
_AUDIT = ("audit_sheaf", "access_sheaf", "audit_tree", "checkpoint")
_RIGHTS = ("insert", "update", "delete", "truncate")


def with_column(superuser: Superuser, column: str) -> list[str]:
    """The tables that have this column."""
    return [str(row[0]) for row in superuser.execute(_TABLES, (column,)).fetchall()]


def counted(
    superuser: Superuser, role: str, table: str, *, scope_: str = "", sites: str = ""
) -> int:
    """How many rows of a table a role sees in a scope."""
    with superuser.transaction(force_rollback=True):
        superuser.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
        superuser.execute("select set_config('carelane.organisation', %s, true)", (scope_,))
        superuser.execute("select set_config('carelane.sites', %s, true)", (sites,))
        row = superuser.execute(
            sql.SQL("select count(*) from {}").format(sql.Identifier(table))
        ).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.fixture
def peopled(catalogue: Superuser, organisation: UUID) -> list[str]:
    """Every table with an organisation holds a row of ours and one of strangers; their names."""
    tables = [
        name
        for name in with_column(catalogue, "organisation")
        if not name.startswith("procrastinate")
    ]
    catalogue.execute("set session_replication_role = replica")  # rows without their neighbours
    for owner in (organisation, ELSEWHERE):
        catalogue.execute(
            "insert into organisation (id, name) values (%s, 'x') on conflict do nothing", (owner,)
        )
        for table in tables:
            _plant(catalogue, table, owner)
    catalogue.execute("set session_replication_role = default")
    return tables


_COLUMNS = """
select a.attname, format_type(a.atttypid, null) from pg_attribute a
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull
  and not a.atthasdef and a.attidentity = ''"""
_VALUES = {
    "uuid": "gen_random_uuid()", "text": "gen_random_uuid()::text", "jsonb": "'{}'", "bytea": "'\\x00'",
    "boolean": "false", "uuid[]": "array[gen_random_uuid()]", "bytea[]": "array['\\x00'::bytea]",
    "timestamp with time zone[]": "array[now()]",
    "timestamp with time zone": "now()", "integer": "1", "smallint": "1", "bigint": "1",
    "double precision": "1", "xid8": "'1'",
}  # fmt: skip


def _plant(superuser: Superuser, table: str, owner: UUID) -> None:
    """One row of `owner`, whatever the table's checks on words say."""
    checks = "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c'"
    for (check,) in superuser.execute(checks, (table,)).fetchall():
        superuser.execute(f'alter table {table} drop constraint "{check}"'.encode())
    rows = superuser.execute(_COLUMNS, (table,)).fetchall()
    columns = {str(name): str(kind) for name, kind in rows}
    del columns["organisation"]
    names = ", ".join(["organisation", *columns])
    values = ", ".join([f"'{owner}'", *(_value(*each) for each in columns.items())])
    superuser.execute(f"insert into {table} ({names}) values ({values})".encode())  # noqa: S608  # names of our own schema


def _value(name: str, kind: str) -> str:
    return "''" if name == "site" else _VALUES[kind]


@pytest.mark.invariant("I11")
@pytest.mark.parametrize("role", _ROLES)
def test_without_a_scope_no_role_sees_a_row_of_any_table(
    catalogue: Superuser, peopled: list[str], role: str
) -> None:
    seen = {
        table: counted(catalogue, role, table)
        for table in peopled
        if _may(catalogue, role, table, "select")
    }
    assert len(seen) > 20
    assert {table: number for table, number in seen.items() if number} == {}


@pytest.mark.invariant("I11")
@pytest.mark.usefixtures("peopled")
@pytest.mark.parametrize("view", ["audit_leaf", "access_leaf"])
@pytest.mark.parametrize("role", _ROLES[1:])
def test_a_view_shows_no_more_than_its_table(
    catalogue: Superuser, organisation: UUID, role: str, view: str
) -> None:
    assert counted(catalogue, role, view) == 0
    assert counted(catalogue, role, view, scope_=str(organisation)) == 1


@pytest.mark.parametrize("role", ["carelane_app", "carelane_worker"])
def test_every_table_shows_our_rows_only_and_changes_no_other(
    catalogue: Superuser, organisation: UUID, peopled: list[str], role: str
) -> None:
    for table in peopled:
        if not _may(catalogue, role, table, "select"):
            continue
        assert counted(catalogue, role, table, scope_=str(organisation)) == 1, table
        if not _may(catalogue, role, table, "update"):
            continue
        with catalogue.transaction(force_rollback=True):
            catalogue.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            catalogue.execute(
                "select set_config('carelane.organisation', %s, true)", (str(organisation),)
            )
            changed = catalogue.execute(
                sql.SQL("update {} set organisation = organisation where organisation = %s").format(
                    sql.Identifier(table)
                ),
                (ELSEWHERE,),
            )
            assert changed.rowcount == 0, table


def test_a_mutant_policy_that_lets_everything_pass_is_caught(
    catalogue: Superuser, peopled: list[str]
) -> None:
    assert "task" in peopled
    catalogue.execute("create policy loose on task using (true)")
    assert counted(catalogue, "carelane_app", "task", sites="") == 2


def test_every_table_with_a_site_is_walled_by_site_for_people(catalogue: Superuser) -> None:
    """All but the tables by which people are told which sites there are."""
    walled = {
        str(row[0])
        for row in catalogue.execute(
            "select polrelid::regclass::text from pg_policy where polname = 'site' and not polpermissive"
        ).fetchall()
    }
    assert set(with_column(catalogue, "site")) - walled == {
        "activation",
        "connection",
        "release_approval",
        "shadow",
    }


@pytest.mark.requirement("R29", "R32")
@pytest.mark.requirement("R105")
@pytest.mark.usefixtures("peopled")
def test_people_of_another_site_see_and_change_nothing(
    catalogue: Superuser, organisation: UUID
) -> None:
    catalogue.execute("set session_replication_role = replica")  # the rows have no neighbours
    catalogue.execute("update task set site = 'north'")
    ours = str(organisation)
    assert counted(catalogue, "carelane_app", "task", scope_=ours, sites="south") == 0
    assert counted(catalogue, "carelane_app", "task", scope_=ours, sites="north,south") == 1
    assert counted(catalogue, "carelane_worker", "task", scope_=ours) == 1


def test_no_role_of_ours_is_or_becomes_one_that_walls_do_not_hold(catalogue: Superuser) -> None:
    rows = catalogue.execute(
        "select rolname from pg_roles where rolname like 'carelane%' and (rolsuper or rolbypassrls or rolreplication"
        " or (rolname <> 'carelane_owner' and (rolcreaterole or rolcreatedb)))"
    ).fetchall()
    members = catalogue.execute(
        "select member::regrole::text from pg_auth_members where member::regrole::text like 'carelane%'"
    ).fetchall()
    assert (rows, members) == ([], [])


def _may(superuser: Superuser, role: str, table: str, right: str) -> bool:
    row = superuser.execute(
        "select has_table_privilege(%s, %s, %s)", (role, table, right)
    ).fetchone()
    return row == (True,)


@pytest.mark.invariant("I14")
def test_audit_is_added_to_by_whoever_acts_and_numbered_by_the_sequencer_alone(
    catalogue: Superuser,
) -> None:
    rights = {
        (role.removeprefix("carelane_"), table, right)
        for role in _ROLES[1:]
        for table in _AUDIT
        for right in _RIGHTS
        if _may(catalogue, role, table, right)
    }
    assert rights == {
        ("app", "audit_sheaf", "insert"), ("app", "access_sheaf", "insert"),
        ("worker", "audit_sheaf", "insert"), ("worker", "access_sheaf", "insert"),
        ("audit", "audit_tree", "insert"), ("audit", "audit_tree", "update"),
        ("audit", "checkpoint", "insert"), ("audit", "checkpoint", "update"),
    }  # fmt: skip


@pytest.mark.invariant("I14")
@pytest.mark.parametrize("role", ["carelane_app", "carelane_worker", "carelane_audit"])
@pytest.mark.parametrize(
    "statement",
    ["update audit_sheaf set bodies = '{x}'", "delete from audit_sheaf", "truncate audit_sheaf",
     "delete from message", "delete from fact", "delete from decision",
     "alter table audit_sheaf disable row level security",
     "drop policy organisation on audit_sheaf"],
)  # fmt: skip
def test_statements_that_would_undo_the_record_are_refused(
    catalogue: Superuser, role: str, statement: str
) -> None:
    catalogue.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        catalogue.execute(statement.encode())
