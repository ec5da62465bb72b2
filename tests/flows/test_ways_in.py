"""The same two pathways, whatever the format: OMG^O19, ORM^O01 and a FHIR ServiceRequest; an Observation by FHIR."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from carelane.compose.house import House
from carelane.testing.message_parts import patient_number, referral_number
from carelane.testing.messages import appointment_booked, order, register, report
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
NURSE = "edda.voss"
CRITICAL = "critical-result"


@pytest.fixture(params=["a", "b"])
async def outside(
    house: House, feed: Feed, hand: Hand, request: pytest.FixtureRequest
) -> AsyncIterator[Outside]:
    """A house beside an EHR of each profile."""
    opened = await open_outside(house, feed, hand, profile=request.param)
    yield opened
    await close_outside(opened)


def _identifier(kind: str, value: str, system: str) -> dict[str, Any]:
    return {"type": {"coding": [{"code": kind}]}, "system": system, "value": value}


def _resource(kind: str, at: datetime, **more: Any) -> bytes:
    """A resource of the EHR about synthetic patient 1, as polling brings it."""
    patient = {"identifier": _identifier("MR", patient_number(1), "NORTH"), "display": "Someone"}
    stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"resourceType": kind, "id": f"{kind.lower()}-1", "subject": patient,
                                "meta": {"versionId": "1", "lastUpdated": stamp}, **more})  # fmt: skip


def _omg(_: datetime) -> tuple[bytes, str]:
    return order(1, consult=True), "mllp"


def _orm(_: datetime) -> tuple[bytes, str]:
    older = order(1, consult=True).replace(b"OMG^O19^OMG_O19", b"ORM^O01^ORM_O01")
    assert b"ORM^O01" in older
    return older, "mllp"


def _fhir(at: datetime) -> tuple[bytes, str]:
    service = {"coding": [{"system": "http://snomed.info/sct", "code": "183519002"}],
               "text": "Referral to cardiology service"}  # fmt: skip
    request = _resource("ServiceRequest", at, status="active", intent="order", priority="routine",
                        identifier=[_identifier("PLAC", referral_number(1), "HIS")], code=service,
                        reasonCode=[{"text": "Chest pain"}])  # fmt: skip
    return request, "ehr"


@pytest.mark.requirement("R25")
@pytest.mark.requirement("R78")
@pytest.mark.requirement("R50")
@pytest.mark.parametrize("way", [_omg, _orm, _fhir], ids=["OMG^O19", "ORM^O01", "ServiceRequest"])
async def test_a_referral_goes_its_whole_way_whatever_it_came_in(
    outside: Outside, way: Callable[[datetime], tuple[bytes, str]]
) -> None:
    """Arrived, triaged, booked, attended, answered, closed; the EHR is told twice, each once."""
    raw, connection = way(outside.hand())
    await outside.feed.send(raw, connection=connection)
    outside.owned()
    assert outside.state() == "triage"
    task, _ = outside.task("triage-referral")
    owner = outside.feed.sql("select owner_name from task where id = %s", task)
    assert owner == [("referral-triage-cardiology",)]
    await outside.do("triage-referral", "accepted", by=NURSE)
    await outside.settle()
    await outside.feed.send(appointment_booked(2, of=1, person=1))
    await outside.feed.send(register(3, person=1, appointment=2))
    assert outside.state() == "report-pending"
    await outside.feed.send(report(4, of=1, person=1))
    await outside.settle()
    outside.owned()
    assert outside.state() == "closed: report-received"
    assert list(outside.held().values()) == [1, 1]


async def test_a_critical_observation_by_fhir_is_called_acted_on_and_told(outside: Outside) -> None:
    """The clock starts at `issued`; read back, acted on, the patient told, closed."""
    issued = outside.hand().isoformat().replace("+00:00", "Z")
    critical = {"coding": [{"code": "HH"}]}
    observation = _resource("Observation", outside.hand(), status="final", issued=issued, interpretation=[critical],
                            identifier=[_identifier("FILL", "F1", "LIS")], code={"text": "Potassium"},
                            valueQuantity={"value": 7.1, "unit": "mmol/L"})  # fmt: skip
    await outside.feed.send(observation, connection="ehr")
    outside.owned()
    assert outside.state(pathway=CRITICAL) == "call"
    [(due, started)] = outside.feed.sql(
        "select due_at, started_at from step where closed_at is null"
    )
    assert due - started == timedelta(minutes=30)
    assert started.isoformat().replace("+00:00", "Z") == issued
    await outside.do("take-result", "acknowledged", by="gwen.ashby", pathway=CRITICAL,
                     form={"received_by": "Gwen Ashby", "read_back": True})  # fmt: skip
    await outside.do(
        "act-on-result", "acted", by="gwen.ashby", pathway=CRITICAL, form={"action": "Called"}
    )
    await outside.do("inform-patient", "informed", by=NURSE, pathway=CRITICAL,
                     form={"told_by": "Edda Voss", "told_how": "phone"})  # fmt: skip
    await outside.settle()
    assert outside.state(pathway=CRITICAL).startswith("closed")
    assert set(outside.held().values()) == {1}


async def test_a_redirected_referral_is_another_pools_to_triage(outside: Outside) -> None:
    """The person's choice counts before what was sent; the first pool has it no more, and nothing was said outside."""
    await outside.feed.send(order(1, consult=True))
    await outside.do("triage-referral", "redirected", by=NURSE, form={"service": "orthopaedics"})
    outside.owned()
    assert outside.state() == "triage"
    task, _ = outside.task("triage-referral")
    assert outside.feed.sql("select owner_name from task where id = %s", task) == [
        ("referral-triage-orthopaedics",)
    ]
    await outside.settle()
    assert outside.effects() == []
    await outside.do("triage-referral", "accepted", by="dev.okafor")
    await outside.settle()
    assert list(outside.held().values()) == [1]
