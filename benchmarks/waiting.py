"""`waiting`: what 100,000 open cases with running clocks cost, in every process and on disk.

The first of them were opened by messages; the others are copies of one of those, row for row in every table
(message, body, fact, identity, tokens, case, step, task; audit leaves in sheaves of 200), made by SQL because only
their number matters.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from benchmarks.house import Bench

DUE = 20
OPEN = "select count(*) from pathway_case where closed_at is null"
_SIZE = "select pg_database_size(current_database())"
_CLOCK_FACTS = "select count(*) from fact where actor = 'clock'"
_BORN = """select s.id from step s join pathway_case c on c.id = s.case_id
  where s.closed_at is null and c.status = 'in-triage' order by c.opened_at limit %(number)s"""
_COME_DUE = """update step set next_at = %(due)s, due_at = %(due)s, detail = jsonb_set(detail, '{clock}',
    detail -> 'clock' || jsonb_build_object('next_at', %(text)s::text, 'due_at', %(text)s::text, 'warned', true))
  where id = %(step)s returning id"""

_PICK = """create temp table model on commit drop as select id, correlation, subject, identity from pathway_case
  where closed_at is null and status = 'in-triage' order by opened_at limit 1"""
_MODEL = "(select id from model)"
_MESSAGE = "(select correlation from model)"
_SUBJECT = "(select subject from model)"
_FACTS = f"(select fact from application where case_id = {_MODEL})"  # noqa: S608  # a constant above
_ABOUT = {
    "message_body": f"message = {_MESSAGE}",
    "message": f"id = {_MESSAGE}",
    "identity": "id = (select identity from model)",
    "identity_link": f"subject = {_SUBJECT}",
    "subject_token": f"subject = {_SUBJECT}",
    "turn": f"subject = {_SUBJECT}",
    "subject": f"id = {_SUBJECT}",
    "fact": f"id in {_FACTS}",
    "decision": f"fact in {_FACTS}",
    "application": f"case_id = {_MODEL}",
    "pathway_case": f"id = {_MODEL}",
    "step": f"case_id = {_MODEL}",
    "task": f"case_id = {_MODEL}",
}
_LEAVES = f"""insert into audit_sheaf (id, organisation, leaves, ids, at, bodies)
  select bench_id(min(l.id::text)::uuid, s), l.organisation, count(*), array_agg(bench_id(l.id, s * 200 + n)),
         array_agg(l.at), array_agg(l.body)
  from (select * from audit_leaf where position({_MODEL}::text::bytea in body) > 0 limit 1) l,
       generate_series(1, %d / 200) s, generate_series(1, 200) n group by s, l.organisation"""  # noqa: S608  # a constant
_MAKE_ID = """create function bench_id(one uuid, n int) returns uuid language sql immutable as $$
  select (substr(one::text, 1, 14) || '8' || substr(md5(one::text || n), 1, 3) || '-8'
          || substr(md5(one::text || n), 4, 3) || '-' || substr(md5(one::text || n), 7, 12))::uuid $$"""
_DROP_ID = "drop function bench_id(uuid, int)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Bytes and seconds; `growth_bytes` is private memory by process since before the cases came."""

    cases: int
    growth_bytes: Mapping[str, int]
    worker_start_s: float
    clock_lateness_s: float
    bytes_per_waiting_case: int

    def shown(self) -> dict[str, object]:
        """For the last line."""
        return asdict(self)


async def waiting(bench: Bench, *, cases: int, before: Mapping[str, int]) -> Waiting:
    """Fill up to so many open cases, then look at memory, at a worker's start and at a clock that comes due."""
    born = [row[0] for row in bench.rows(_BORN, number=DUE)]
    each = fill(bench, cases)
    await asyncio.sleep(3.0)  # every loop has polled, every heartbeat has been written
    after = bench.memory_bytes()
    growth = {name: after[name] - before[name] for name in after if name in before}
    started = await bench.start("work-9")
    await bench.stop("work-9")
    late = await lateness(bench, born)
    return Waiting(bench.count(OPEN), growth, round(started, 2), round(late, 2), each)


async def lateness(bench: Bench, steps: Sequence[UUID], *, ahead_s: float = 4.0) -> float:
    """Seconds from the moment these steps' clocks come due until the last one's expiry can be seen by others."""
    fired = bench.count(_CLOCK_FACTS)
    due = datetime.now(UTC) + timedelta(seconds=ahead_s)
    for each in steps:
        bench.rows(_COME_DUE, step=each, due=due, text=due.isoformat())
    await asyncio.sleep(max(0.0, due.timestamp() - time.time()))
    await bench.until(_CLOCK_FACTS, fired + len(steps), seconds=30)
    return time.time() - due.timestamp()


def fill(bench: Bench, cases: int) -> int:
    """Copy one waiting case with all its rows until there are so many; bytes on disk of each copy."""
    missing = cases - bench.count(OPEN)
    if missing <= 0:
        raise RuntimeError(
            "there are that many waiting cases already: their size can't be measured"
        )
    size = bench.count(_SIZE)
    bench.change(
        _PICK,
        _MAKE_ID,
        *(_copy(bench, table, where, missing) for table, where in _ABOUT.items()),
        _LEAVES % missing,
        _DROP_ID,
    )
    bench.change("analyze")
    return (bench.count(_SIZE) - size) // missing


def _copy(bench: Bench, table: str, where: str, number: int) -> str:
    """The statement that copies the model's rows of a table, under new ids and new tokens."""
    columns = bench.rows(
        """select column_name, data_type from information_schema.columns
           where table_schema = 'public' and table_name = %(table)s and is_identity = 'NO'""",
        table=table,
    )
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(_value(name, kind) for name, kind in columns)
    return f"""insert into {table} ({names}) select {values}
        from (select * from {table} where {where} limit 20) o, generate_series(1, {number}) n"""  # noqa: S608  # our own tables' names


def _value(name: str, kind: str) -> str:
    if kind == "uuid" and name != "organisation":
        return f"bench_id(o.{name}, n)"
    if name in ("token", "control_token", "unique_token"):
        return f"o.{name} || n"
    return f"o.{name}"
