"""What was typed again and what is free ahead, read from planted rows as they are stored."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Json as Jsonb

from carelane.facts.ids import name_id
from carelane.measures.counted import count, history
from carelane.testing.core.pathways import referral
from tests.postgres.work.conftest import SITE, Rig
from tests.postgres.work.test_measures import (
    CASE_A,
    SNAPSHOT,
    WEEK,
    Planted,
    counted,
    monday,
    releases,
)


async def test_forms_are_read_with_what_the_case_was_told_before(rig: Rig) -> None:
    """Told of its specialty by a message; a person typed it again, then undid it, then typed it and a note."""
    rows = Planted(rig)
    rig.sql("begin")
    rows.case(CASE_A, "cardiology", monday(9), release=referral().digest)
    first = rows.wait(CASE_A, "triage", monday(9), monday(13), ended=monday(10), how="accept")
    again = rows.wait(CASE_A, "triage", monday(9), monday(13), ended=monday(11), how="accept")
    rig.sql("update step set closed_at = null where id = %(s)s", s=again)
    rows.fact(CASE_A, "referral.received", monday(9), told={"specialty": "neurology"})
    rows.fact(CASE_A, "task.completed", monday(10), "ana", step=first, form={"pool": "x"})
    rows.fact(CASE_A, "task.undone", monday(10.1), "ana", step=first)
    rows.fact(CASE_A, "task.completed", monday(11), "ana", step=again, form={"pool": "y", "note": "+"})  # fmt: skip
    rig.sql("commit")
    async with rig.runtime.worker.snapshot() as tx:
        found = await history(tx, WEEK, releases().values())
    [row] = found.typed
    assert (row["task"], row["form"], row["before"]) == (
        "triage-referral", {"pool": "y", "note": "+"}, [{"specialty": "neurology"}],
    )  # fmt: skip
    figures = count(found, WEEK, SNAPSHOT, releases())
    kept = [each for each in figures if each.measure == "typed"]
    typed = {each.what["field"]: (each.n, each.of) for each in kept}
    assert {each.sources for each in kept} == {(row["source"],)}
    assert typed == {"note": (1, 2), "pool": (1, 2)}


@pytest.mark.requirement("R150")
async def test_a_slot_stands_as_it_was_last_told_of(rig: Rig) -> None:
    """Three free slots ahead, one of them taken since; the record's own time decides, not when it was heard."""
    for number in range(4):
        start = WEEK.to_at + timedelta(days=number + 1)
        _told(rig, number, "slot.freed", monday(8), {"slot_start": start.isoformat(), "slot_minutes": 30})  # fmt: skip
    _told(rig, 3, "slot.taken", monday(9), {})
    _told(rig, 2, "slot.taken", monday(7), {})  # heard late: it was freed after
    figures = await counted(rig)
    capacity = [(each.what["day"], each.n, each.total) for each in figures if each.measure == "capacity"]  # fmt: skip
    assert capacity == [("2026-03-05", 1, 30.0), ("2026-03-06", 1, 30.0), ("2026-03-07", 1, 30.0)]
    [third] = (each for each in figures if each.measure == "third_next")
    assert (third.n, third.median) == (1, 3.0)
    assert third.sources == (f"fact {name_id('fact', '2slot.freed')}",)
    assert [each.sources for each in figures if each.measure == "capacity"][2] == third.sources


def _told(rig: Rig, number: int, type_: str, at: datetime, read: Mapping[str, object]) -> None:
    subject, fact = name_id("slot", number), name_id("fact", f"{number}{type_}")
    where = {"organisation": rig.organisation, "site": SITE, "service_line": "cardiology"}
    rig.sql("insert into subject (id, organisation, kind) values (%(s)s, %(o)s, 'slot') on conflict do nothing",
            s=subject, o=rig.organisation)  # fmt: skip
    _fact(rig, fact, subject, type_, at, where)
    rig.insert("decision", fact=fact, **where, subject=subject, disposition="ignored", reason="x", decided_at=at,
               read=Jsonb({"read": {"slot-fill": dict(read)}} if read else {}))  # fmt: skip


def _fact(  # noqa: PLR0917  # a builder
    rig: Rig, fact: UUID, subject: UUID, type_: str, at: datetime, where: Mapping[str, object]
) -> None:
    rig.insert("fact", id=fact, **where, subject=subject, type=type_, occurred_at=at, recorded_at=monday(10),
               actor="system")  # fmt: skip
