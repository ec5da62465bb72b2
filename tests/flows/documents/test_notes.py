"""A visit's note from the end of the visit to its coding: drafted, chased, signed, and what it asks for done."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from carelane.compose.house import House
from carelane.testing.message_parts import patient_number
from carelane.testing.messages import discharge
from tests.flows.conftest import Feed, Hand
from tests.flows.documents.writing import PATHWAY, note
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = [pytest.mark.postgres, pytest.mark.requirement("R55")]


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house and an EHR."""
    opened = await open_outside(house, feed, hand, profile="a")
    try:
        yield opened
        assert nobody_waits(opened)
    finally:
        await close_outside(opened)


def nobody_waits(outside: Outside) -> bool:
    """Whether every open case has an open step with owner and clock; a discharge has several at once."""
    rows = outside.feed.sql(
        "select c.id from pathway_case c left join step s on s.case_id = c.id and s.closed_at is null"
        " and s.owner_name <> '' and s.due_at is not null where c.closed_at is null"
        " group by c.id having count(s.id) = 0"
    )
    return rows == []


async def done(outside: Outside, task: str, outcome: str, *, by: str, **form: Any) -> None:
    """A person finishes the open task of the note."""
    await outside.do(task, outcome, by=by, form=form, pathway=PATHWAY)


async def test_drafted_signed_referred_taught_and_coded(outside: Outside) -> None:
    """TXA-17 says that it is being written, then that it is signed; then its work is somebody's, one after another."""
    await outside.feed.send(discharge(1, person=1))
    assert outside.state(pathway=PATHWAY) == "open"
    await outside.feed.send(note(2, person=1, completion="IP"))
    assert outside.state(pathway=PATHWAY) == "drafted"
    await outside.feed.send(note(3, person=1, completion="AU"))
    assert outside.state(pathway=PATHWAY) == "follow-up"
    await done(
        outside, "say-what-follows", "said", by="bo.tarrant", follow="both", wanted="Foot care"
    )
    assert outside.state(pathway=PATHWAY) == "referring"
    await done(outside, "send-referral", "sent", by="bo.tarrant", wanted="Podiatry")
    assert outside.state(pathway=PATHWAY) == "educating"
    await done(outside, "give-education", "given", by="bo.tarrant", wanted="Leaflet")
    await done(outside, "review-coding", "query", by="amara.quill", query="Which side?")
    assert outside.state(pathway=PATHWAY) == "queried"
    await outside.feed.send(note(4, person=1, completion="AU", event="T06"))
    assert outside.state(pathway=PATHWAY) == "coding"
    await done(outside, "review-coding", "agreed", by="amara.quill")
    assert outside.state(pathway=PATHWAY) == "closed: signed"


@pytest.mark.requirement("R6")
async def test_an_unsigned_note_is_chased_and_then_signed(outside: Outside) -> None:
    """After a day the author hears of it, after two business days medical records; a late signature ends it."""
    await outside.feed.send(discharge(1, person=1), note(2, person=1, completion="DI"))
    assert outside.state(pathway=PATHWAY) == "drafted"
    await outside.forward(timedelta(hours=25))
    assert outside.state(pathway=PATHWAY) == "unsigned"
    chased = outside.feed.sql(
        "select count(*) from effect where capability = 'staff.alert' and name = 'remind'"
    )
    assert chased[0][0] >= 1
    await outside.forward(timedelta(days=5))
    assert outside.state(pathway=PATHWAY) == "unsigned-long"
    await outside.feed.send(note(3, person=1, completion="LA"))
    assert outside.state(pathway=PATHWAY) == "follow-up"


async def test_a_note_in_the_record_by_fhir(outside: Outside) -> None:
    """Encounter finished, DocumentReference preliminary, then final: the same states as by HL7 v2."""
    about = {
        "reference": "Patient/p1",
        "identifier": {"system": "NORTH", "value": patient_number(1)},
    }
    visit = {
        "resourceType": "Encounter", "id": "e9", "status": "finished", "class": {"code": "AMB"}, "subject": about,
        "identifier": [{"system": "NORTH", "value": "V0000001"}],
    }  # fmt: skip
    written = {
        "resourceType": "DocumentReference", "id": "d9", "status": "current", "subject": about,
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "masterIdentifier": {"system": "HIS", "value": "NOTE1"},
        "context": {"encounter": [{"identifier": {"system": "NORTH", "value": "V0000001"}}]},
    }  # fmt: skip
    at = {"versionId": "1", "lastUpdated": "2026-03-02T15:00:00Z"}
    later = {"versionId": "2", "lastUpdated": "2026-03-02T16:00:00Z"}
    for resource in (
        {**visit, "meta": at},
        {**written, "meta": at, "docStatus": "preliminary"},
        {**written, "meta": later, "docStatus": "final"},
    ):
        await outside.feed.send(json.dumps(resource).encode(), connection="ehr")
    assert outside.state(pathway=PATHWAY) == "follow-up"
