"""Tables of a library in our database: its own SQL, applied once by the owner role, usable by the worker role."""

import psycopg

_DONE = """create table if not exists foreign_schema (
  name text primary key, version text not null, applied_at timestamptz not null default statement_timestamp())"""
_GRANTS = """do $$
declare each record;
begin
  for each in select c.relname, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'public' and c.relname like '{prefix}%' and c.relkind in ('r', 'S') loop
    if each.relkind = 'r' then
      execute format('grant select, insert, update, delete on %I to carelane_worker', each.relname);
    else
      execute format('grant usage, select on sequence %I to carelane_worker', each.relname);
    end if;
  end loop;
end $$"""


def apply_once(url: str, *, name: str, version: str, text: str) -> bool:
    """Apply a library's schema unless it is there; whether it was applied now. `name` is its tables' prefix."""
    with psycopg.connect(url) as connection:
        connection.execute(_DONE)
        if connection.execute("select 1 from foreign_schema where name = %s", (name,)).fetchone():
            return False
        connection.execute(text.encode())
        connection.execute(_GRANTS.replace("{prefix}", name).encode())
        connection.execute(
            "insert into foreign_schema (name, version) values (%s, %s)", (name, version)
        )
    return True
