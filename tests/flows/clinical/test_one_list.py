"""One list of what to do next, whatever system it came from."""

import json

import pytest

from carelane.testing.message_parts import Origin, patient_number
from carelane.testing.messages import referral
from carelane.worklist.listing import tasks
from carelane.worklist.viewer import Viewer
from tests.flows.clinical.clinic import Clinic

pytestmark = pytest.mark.postgres
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
POOLS = ("refill-nurses", "triage-nurses", "urgent-triage", "scheduling-desk", "call-centre",
         "referral-triage-orthopaedics", "inbox-desk")  # fmt: skip


@pytest.mark.requirement("R57")
async def test_work_of_every_source_stands_in_one_list_in_the_order_of_doing(ward: Clinic) -> None:
    """By HL7 v2, by FHIR, by form and by the portal: each row says what is to be done, the most urgent first."""
    await ward.feed.send(referral(1, person=1, specialty=1, origin=Origin(start=ward.hand())))
    await ward.send(
        "portal", 2, thread="T1", subject="A form", text="Where does it go", topic="form"
    )
    await ward.send("web-form", 3, kind="symptoms", request="RQ-1", reasons=["chest-pain"])
    about = {
        "reference": "Patient/p4",
        "identifier": {"system": "NORTH", "value": patient_number(4)},
    }
    wish = {
        "resourceType": "MedicationRequest", "id": "w1", "status": "draft", "intent": "proposal", "subject": about,
        "meta": {"versionId": "1", "lastUpdated": "2026-03-02T14:00:00Z"},
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "29046"}]},
            "priorPrescription": {"identifier": {"value": "RX1"}},
    }  # fmt: skip
    await ward.feed.send(json.dumps(wish).encode(), connection="ehr")
    viewer = Viewer(person="amara.quill", sites=("north",), pools=POOLS)
    rows = await tasks(ward.house.runtime, viewer)
    assert {row.pathway for row in rows} >= {
        "referral-intake",
        "inbox-message",
        "nurse-triage",
        "refill",
    }
    assert rows[0].pathway == "nurse-triage"
    assert all(row.title and row.due_at for row in rows)
    order = [(-int(row.urgency), row.due_at) for row in rows]
    assert order == sorted(order)
    ways = ward.feed.sql(
        "select distinct connection from fact where connection <> 'carelane' order by 1"
    )
    assert {way for (way,) in ways} >= {"ehr", "mllp", "portal", "web-form"}
