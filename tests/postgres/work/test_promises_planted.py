"""What no message can lead to, planted past every wall: waits that nobody owns, messages sent again, mis-routes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Json as Jsonb

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


@pytest.mark.requirement("R63")
async def test_cases_of_which_the_patient_was_told_a_milestone_count_as_portal_status(
    rig: Rig,
) -> None:
    """A message of the case itself; one of a wait, one to the record and one that undoes another are none."""
    told, other = rig.case(), rig.case()
    rig.effect(told, audience="patient")
    rig.effect(told, audience="patient")
    rig.effect(other, audience="record")
    [step] = rig.sql("select id from step where case_id = %(c)s", c=other)[0]
    rig.effect(other, audience="patient", step=step)
    found = {row["pathway"]: row["started"] for row in (await seen(rig)).cases}
    assert found == {"referral": 2, "patient-status": 1}


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


async def test_openings_and_those_who_wait_are_read_with_their_waits(rig: Rig) -> None:
    """A slot that was offered and filled, one that went to a person; a patient with two offers, who took one."""
    rig.sql("begin")
    filled, by_hand, patient = (_case(rig, name, pathway) for name, pathway in WAITLIST)
    for number, (case, state) in enumerate(
        [(filled, "offering"), (by_hand, "by-hand"), (patient, "asking"), (patient, "claiming"), (patient, "asking")]
    ):  # fmt: skip
        _wait(rig, case, state, number)
    values = {"v": 1, "values": {"line": ["c", "cardiology"], "speaks": ["c", "es"]}}
    rig.sql("update pathway_case set state = %(v)s where id = %(c)s", v=Jsonb(values), c=patient)
    rig.sql("commit")
    found = await seen(rig)
    openings = {(row["outcome"], row["offered"], row["by_hand"]) for row in found.openings}
    assert openings == {("filled", True, False), ("filled", False, True)}
    [row] = found.waiting
    assert (row["offers"], row["accepted"], row["first_at"]) == (2, 1, START + timedelta(minutes=2))
    assert (row["service_line"], row["language"], row["visit"]) == ("cardiology", "es", "")
    assert row["urgency"] == "urgent"


WAITLIST = (("one", "slot-fill"), ("two", "slot-fill"), ("three", "waitlist-offer"))


def _case(rig: Rig, name: str, pathway: str) -> UUID:
    id_ = name_id("case", name)
    opened = START + timedelta(seconds=len(name))
    rig.insert(
        "pathway_case", id=id_, organisation=rig.organisation, site=SITE, service_line="", correlation=id_,
        subject=name_id("subject", name), pathway=pathway, version="1", release="r", status="s", opened_at=opened,
        decided_at=opened, closed_at=START + timedelta(hours=1), outcome="filled", revision=1, urgency=1,
        state=Jsonb({"v": 1}),
    )  # fmt: skip
    return id_


def _wait(rig: Rig, case: UUID, state: str, number: int) -> None:
    opened = START + timedelta(minutes=number)
    rig.insert(
        "step", id=name_id("step", f"{case}{number}"), organisation=rig.organisation, site=SITE, service_line="",
        case_id=case, subject=name_id("subject", 1), state=state, opened_at=opened, closed_at=opened, how="x",
        owner_kind="pool", owner_name="desk", clock_kind="wall", started_at=opened, due_at=opened, next_at=opened,
        fallback="f", detail=Jsonb({}),
    )  # fmt: skip


def _message(rig: Rig, at: datetime) -> None:
    rig.insert("message", id=name_id("message", 1), organisation=rig.organisation, site=SITE, connection="hl7",
               received_at=at, digest=b"d", size=1)  # fmt: skip
