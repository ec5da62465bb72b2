"""What a worker or a person asks for by id is looked up by id, whatever the statistics said when the plan was made.

A plan made before a table was ever analyzed is kept while it grows: one that walks everything open does so for each
batch (SEMANTICS 12, 2).
"""

import re
from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from carelane.store.queries import names, sql
from carelane.store.roles import DatabaseUrls

ROOMS = ("commit", "effects", "engine", "facts", "intake", "messaging", "worklist")
WALKS = {
    "effects.claim": "counts what is being sent, which is bounded",
    "effects.dead_groups": "a person looks at all dead letters",
    "effects.dead_letters": "a person looks at some of all dead letters",
    "effects.redrive": "a person sends some of all dead letters again",
    "effects.with_unsettled": "the head of an index for each destination",
    "effects.with_waiting": "the head of an index for each destination",
    "engine.crowded": "stops at the first facts beyond a number",
    "engine.due_turns": "the first that are due, of those that are held",
    "engine.merges": "a person looks at all merges",
    "engine.oldest_waiting": "the head of the queue",
    "engine.parked_facts": "a person looks at one parked case",
    "engine.turns": "the head of the queue",
    "intake.backlog": "a count, seldom",
    "intake.connections_pending": "each connection, once",
    "intake.merges_of": "merges are few, and asked for by each of them only",
    "intake.misplaced": "once for each merge",
    "intake.near": "merges are few",
    "intake.with_pending": "the head of an index for each connection",
    "worklist.counts": "a list of all that is open",
    "worklist.following": "a list of all that is open",
    "worklist.handovers": "a list of all that is offered",
    "worklist.list": "a list of all that is open",
}
"""What walks an index or a table on purpose, and why that may be."""
STEADY = """select set_config('carelane.organisation', %s, true), set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"""
_VALUE = re.compile(r"%\((\w+)\)[sbt]")
_SCAN = re.compile(
    r"^( *)(?:->)? *(?:Index (?:Only )?Scan|Bitmap Index Scan|Seq Scan)\b.* on (\w+)"
)


def _numbered(text: str) -> str:
    """The query as the server reads it: `$1` for the first name."""
    known: dict[str, int] = {}

    def place(found: re.Match[str]) -> str:
        return f"${known.setdefault(found[1], len(known) + 1)}"

    return _VALUE.sub(place, text).replace("%%", "%")


def _walked(plan: list[str]) -> Iterator[str]:
    """The tables or indexes that a plan walks without looking for anything in them."""
    for number, line in enumerate(plan):
        if found := _SCAN.match(line):
            deep = len(line) - len(line.lstrip(" ->"))
            own = []
            for below in plan[number + 1 :]:
                if "->" in below or len(below) - len(below.lstrip()) < deep:
                    break
                own.append(below)
            if not any("Index Cond" in each for each in own):
                yield found[2]


@pytest.fixture
def planner(database: DatabaseUrls) -> Iterator["psycopg.Connection[tuple[str]]"]:
    """A worker's connection with plans as its decisions have them."""
    with psycopg.connect(database.worker) as connection:
        connection.execute(STEADY, (str(UUID(int=1)),))
        yield connection


def _plan(planner: "psycopg.Connection[tuple[str]]", text: str) -> list[str]:
    asked = f"explain (generic_plan, costs off) {_numbered(text)}"
    with planner.transaction():
        return [line for (line,) in planner.execute(asked.encode()).fetchall()]


def _walks(planner: "psycopg.Connection[tuple[str]]") -> dict[str, list[str]]:
    found = {}
    for name in names():
        if name.partition(".")[0] in ROOMS and not sql(name).splitlines()[-1].startswith("set "):
            found[name] = list(_walked(_plan(planner, sql(name))))
    return {name: walked for name, walked in found.items() if walked}


def test_nothing_is_walked_that_can_be_looked_up(
    planner: "psycopg.Connection[tuple[str]]",
) -> None:
    found = _walks(planner)
    assert {name: walked for name, walked in found.items() if name not in WALKS} == {}


@pytest.mark.parametrize(
    ("name", "unguarded", "guarded"),
    [
        ("effects.end_unheard", "e.state = 'ready'", "coalesce(e.state, '') = 'ready'"),
        ("commit.change_tasks", "t.closed_at is null", "coalesce(t.closed_at, 'infinity') = 'infinity'"),
        ("worklist.claim", "closed_at is null", "coalesce(closed_at, 'infinity') = 'infinity'"),
    ],
)  # fmt: skip
def test_a_query_that_lets_a_plan_walk_is_found(
    planner: "psycopg.Connection[tuple[str]]", name: str, unguarded: str, guarded: str
) -> None:
    assert guarded in sql(name)
    assert list(_walked(_plan(planner, sql(name).replace(guarded, unguarded))))


def test_each_walk_that_is_allowed_is_there() -> None:
    assert WALKS.keys() <= set(names())
