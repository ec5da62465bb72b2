"""The chart read on demand beside a task: pre-filled, what is missing named, recorded, and nothing of it kept."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from carelane.compose.house import House
from carelane.compose.serve import desk_of
from carelane.connect.fhir.chart import FhirChart
from carelane.connect.fhir.mapping.people import Local
from carelane.portal.app import build
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.doorstep import standing
from carelane.testing.ehr.history import history
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.messages import discharge
from tests.flows.conftest import Feed, Hand
from tests.flows.documents.writing import ChartOf, Portal, patient_of
from tests.flows.outside import SharedClock

pytestmark = [pytest.mark.postgres, pytest.mark.requirement("R55")]
BORN = "1951-09-07"  # of person 1 in the feed
SAID = ("Penicillin", "Type 2 diabetes", "Metformin", "Potassium", "Follow-up of diabetes")


@pytest.fixture
async def portal(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Portal]:
    """A portal, a visit that has ended, and the record of its patient."""
    async with AsyncExitStack() as stack:
        ehr = EhrServer(profile=PROFILES["a"], clock=SharedClock(hand))
        client = signed_client(ehr, await ehr.start())
        stack.push_async_callback(ehr.stop)
        chart = FhirChart(connection="ehr", client=client, local=Local(), limit_s=2)
        stack.push_async_callback(chart.close)
        url = await stack.enter_async_context(standing(build(desk_of(house, ChartOf(chart=chart)))))
        await feed.send(discharge(1, person=1))
        yield Portal(house=house, ehr=ehr, url=url)


def fill(portal: Portal, *, born: str = BORN) -> None:
    """Put the patient's history into the record; with `born` a birth date of somebody else."""
    portal.ehr.put(patient_of(1, born=born))
    for resource in history({"reference": "Patient/hp1", "type": "Patient"}, key="1"):
        portal.ehr.put(resource)


def task_of(feed: Feed) -> Any:
    """The open task of the note, and who owns it."""
    [(task, owner)] = feed.sql(
        "select id, owner_name from task where name = 'write-note' and closed_at is null"
    )
    return task, owner


def accesses(feed: Feed) -> list[str]:
    """What the access leaves say was read, oldest first."""
    rows = feed.sql("select body from access_leaf order by seq")
    bodies = [msgspec.json.decode(bytes(body)) for (body,) in rows]
    return [_screen(one) for one in bodies if one["action"] == "access.read"]


def _screen(leaf: Any) -> str:
    """The screen that a leaf of the access tree names."""
    return str(leaf.get("detail", {}).get("screen", ""))


def everything_stored(feed: Feed) -> str:
    """Every row of every table, as text."""
    tables = feed.sql(
        "select quote_ident(table_name) from information_schema.tables"
        " where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    return "\n".join(
        str(row)
        for (table,) in tables
        for row in feed.sql(f"select t::text from {table} t")  # noqa: S608  # the catalogue's own names
    )


async def test_a_note_is_prefilled_and_what_is_missing_is_named(
    portal: Portal, feed: Feed, capfd: pytest.CaptureFixture[str]
) -> None:
    """The author sees it beside the task; a leaf says so; no table, and no log, holds a word of it."""
    fill(portal)
    task, owner = task_of(feed)
    status, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    said = msgspec.json.decode(body)
    assert status == 200
    text = said["text"]
    assert all(word in text for word in SAID)
    assert said["missing"] == ["Assessment", "Plan and follow-up"]
    assert [one["entries"][0]["text"] for one in said["sections"] if one["name"] == "results"] == [
        "Potassium 4.2 mmol/L"
    ]
    status, page = await portal.get(f"/tasks/{task}/chart", owner, part=True)
    assert (status, "Still missing" in page, "Penicillin: hives" in page) == (200, True, True)
    status, whole = await portal.get(f"/tasks/{task}", owner)
    assert (status, f"/tasks/{task}/chart" in whole, "Penicillin" in whole) == (200, True, False)
    assert accesses(feed).count("chart") == 2
    stored = everything_stored(feed)
    assert "write-note" in stored
    printed = "".join(capfd.readouterr())
    assert not [word for word in SAID if word in stored or word in printed]
    asked = [one for one in portal.ehr.requests if one["kind"] != "token"]
    assert {one["method"] for one in asked} == {"GET"}


@pytest.mark.parametrize(
    "mode", ["503", "reset-before", "slow-loris", "outcome-error", "half-json"]
)
async def test_a_record_that_does_not_answer_is_said_so(
    portal: Portal, feed: Feed, mode: str
) -> None:
    """Within its time limit, in words that say what to do; the attempt is recorded, the task goes on."""
    fill(portal)
    task, owner = task_of(feed)
    portal.ehr.faults.add({"mode": mode, "count": 50, "kind": "Patient"})
    status, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    said = msgspec.json.decode(body)
    assert (status, said["code"]) == (503, "chart-no-answer")
    assert "does not answer" in said["message"]
    status, page = await portal.get(f"/tasks/{task}/chart", owner, part=True)
    assert (status, "does not answer" in page, "Try again" in page) == (200, True, True)
    assert accesses(feed).count("chart") == 2
    status, _ = await portal.get(f"/tasks/{task}", owner)
    assert status == 200


async def test_a_part_that_can_not_be_read_leaves_the_others(portal: Portal, feed: Feed) -> None:
    fill(portal)
    task, owner = task_of(feed)
    portal.ehr.faults.add({"mode": "500", "kind": "AllergyIntolerance"})
    status, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    said = msgspec.json.decode(body)
    assert status == 200
    assert {one["name"]: one["cause"] for one in said["sections"] if one["cause"]} == {
        "allergies": "no-answer"
    }
    assert "Metformin" in said["text"]


@pytest.mark.parametrize(("born", "code"), [("1999-01-01", "chart-not-certain"), ("", "")])
async def test_another_patients_record_is_never_shown(
    portal: Portal, feed: Feed, born: str, code: str
) -> None:
    """A birth date that contradicts ours: not shown. One that is not known contradicts nothing."""
    fill(portal, born=born)
    task, owner = task_of(feed)
    status, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    assert (status, msgspec.json.decode(body).get("code", "")) == (503 if code else 200, code)
    assert ("Penicillin" in body) == (not code)


async def test_an_unknown_patient_and_two_of_one_number(portal: Portal, feed: Feed) -> None:
    task, owner = task_of(feed)
    _, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    assert msgspec.json.decode(body)["code"] == "chart-not-found"
    fill(portal)
    portal.ehr.put({**patient_of(1, born=BORN), "id": "hp2"})
    _, body = await portal.get(f"/api/tasks/{task}/chart", owner)
    assert msgspec.json.decode(body)["code"] == "chart-not-certain"


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(
    ("person", "status"),
    [("bo.tarrant", 403), ("jonas.weald", 403), ("dev.okafor", 403), ("cleo.marsh", 404)],
)
async def test_only_whoever_does_the_work_may_read(
    portal: Portal, feed: Feed, person: str, status: int
) -> None:
    """A scheduler, an engineer, a nurse of another pool, another site: denied, recorded, the record is not asked."""
    fill(portal)
    task, _ = task_of(feed)
    before = len(portal.ehr.requests)
    got, body = await portal.get(f"/api/tasks/{task}/chart", person)
    assert got == status
    assert "Penicillin" not in body
    assert len(portal.ehr.requests) == before
    denied = feed.sql(
        "select count(*) from access_leaf where convert_from(body, 'UTF8') like '%%chart.read%%'"
    )
    assert denied == [(1,)]
    assert accesses(feed).count("chart") == 0


async def test_a_task_without_a_note_has_no_chart(portal: Portal, feed: Feed) -> None:
    """The discharge call of the same patient stands beside no note template."""
    rows = feed.sql(
        "select id, owner_name from task where pathway <> 'documentation' and closed_at is null"
    )
    assert rows
    for task, _ in rows:
        status, _body = await portal.get(f"/api/tasks/{task}/chart", "dev.okafor")
        assert status in {403, 404}
