"""What no message can lead to, planted past every wall: waits that nobody owns, messages sent again, mis-routes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from carelane.facts.ids import name_id
from carelane.measures.promises.reading import Read, began, read
from tests.postgres.work.conftest import SITE, START, Rig

CHECKS = "select conname from pg_constraint where conrelid = 'step'::regclass and contype = 'c'"
PERIOD = (START - timedelta(hours=1), START + timedelta(days=2))


async def seen(rig: Rig, *, moved: tuple[str, ...] = ()) -> Read:
    definitions = rig.runtime.releases.published
    async with rig.runtime.worker.snapshot() as tx:
        return await read(tx, definitions, PERIOD, [], moved)


async def test_nothing_is_unowned_where_the_constraints_hold(rig: Rig) -> None:
    rig.case()
    found = await seen(rig)
    assert found.unowned == []
    assert [dict(row) for row in found.cases] == [
        {"pathway": "referral", "started": 1, "closed": 0, "open": 1}
    ]
    assert [(row["owner_name"], row["urgent"]) for row in found.owned] == [("referral-desk", False)]


@pytest.mark.parametrize(
    ("planted", "lacks"),
    [
        ("update step set closed_at = now(), how = 'lost'", "no open wait"),
        ("update step set owner_name = ''", "no owner"),
        ("update step set fallback = ''", "no fallback"),
        ("update step set clock_kind = ''", "no clock"),
    ],
)
async def test_mutant_a_wait_without_owner_or_clock_is_counted(
    rig: Rig, planted: str, lacks: str
) -> None:
    """The constraints and the trigger that forbid it are taken away first."""
    rig.case()
    for (name,) in rig.sql(CHECKS):
        rig.sql(f"alter table step drop constraint {name}")
    rig.sql("set session_replication_role = replica")
    rig.sql(planted)
    assert [row["lacks"] for row in (await seen(rig)).unowned] == [lacks]


async def test_messages_that_went_out_twice_by_declaration_are_apart(rig: Rig) -> None:
    case = rig.case()
    said: dict[str, Any] = {"audience": "patient", "if_unknown": "resend", "attempts": 3}
    rig.effect(case, **said)
    rig.effect(case, **{**said, "if_unknown": "drop"})
    found = await seen(rig)
    assert found.resends == {"effects": 1, "times": 2}
    assert found.urgent == {"cases": 1, "urgent": 0}


async def test_the_case_of_a_task_that_was_moved_on_purpose_is_known(rig: Rig) -> None:
    task = await rig.referral()
    [row] = (await seen(rig, moved=(str(task),))).misrouted
    assert row["case_id"] == rig.value("select case_id from task where id = %(t)s", t=task)


async def test_the_history_begins_with_its_first_message(rig: Rig) -> None:
    async with rig.runtime.worker.snapshot() as tx:
        assert await began(tx) is None
    await rig.referral()
    first = START - timedelta(minutes=5)
    _message(rig, first)
    async with rig.runtime.worker.snapshot() as tx:
        assert await began(tx) == first


def _message(rig: Rig, at: datetime) -> None:
    rig.insert("message", id=name_id("message", 1), organisation=rig.organisation, site=SITE, connection="hl7",
               received_at=at, digest=b"d", size=1)  # fmt: skip
