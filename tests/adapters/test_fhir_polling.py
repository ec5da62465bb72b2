"""Polling by `_lastUpdated` over loopback: nothing is missed, nothing is received twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from carelane.connect.fhir.mapping.reading import read
from carelane.testing.conformance.fhir_rig import STARTS_AT, FhirRig, open_rig
from carelane.testing.ehr.charts import subject
from tests.adapters.polled import Ledger, cursor, order, poller, seconds_of_polls


@pytest.fixture(params=["a", "b"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[FhirRig]:
    made = await open_rig(request.param)
    made.server.clock.advance(timedelta(hours=2))
    yield made
    await made.client.close()
    await made.server.stop()


@pytest.mark.requirement("R91")
async def test_a_write_that_search_shows_late_is_not_missed(rig: FhirRig) -> None:
    """Twenty writes, each visible up to 30 s late, polled every second: each received once, its patient first."""
    ledger = Ledger()
    one = poller(rig, ledger, "ServiceRequest")
    for number in range(20):
        rig.server.put(order(number))
        await seconds_of_polls(rig, one, 2)
    await seconds_of_polls(rig, one, 35)
    ids = ledger.ids("ServiceRequest")
    assert sorted(ids) == sorted(set(ids))
    assert len(ids) == 20
    first = read(ledger.messages[0][1], received_at=STARTS_AT)[0]
    assert first.drafts[0].type == "patient.updated"


@pytest.mark.requirement("R91")
async def test_without_an_overlap_late_writes_are_missed() -> None:
    """The mutant that shows why: a cursor at the newest change, and no look back."""
    rig = await open_rig("b")
    rig.server.clock.advance(timedelta(hours=2))
    ledger = Ledger()
    one = poller(rig, ledger, "ServiceRequest", overlap=0)
    for number in range(20):
        rig.server.put(order(number))
        await seconds_of_polls(rig, one, 2)
    await seconds_of_polls(rig, one, 35)
    assert len(set(ledger.ids("ServiceRequest"))) < 20
    await rig.client.close()
    await rig.server.stop()


async def test_a_new_version_is_a_new_message_and_a_restart_repeats_nothing(rig: FhirRig) -> None:
    """The cursor is enough to go on from; each version of a resource is one message."""
    ledger = Ledger()
    rig.server.put(order(1))
    await seconds_of_polls(rig, poller(rig, ledger, "ServiceRequest"), 32)
    rig.server.put(order(1, status="revoked"))
    await seconds_of_polls(rig, poller(rig, ledger, "ServiceRequest"), 32)
    ids = ledger.ids("ServiceRequest/new1")
    assert len(ids) == 2
    assert len(set(ids)) == 2


async def test_a_failed_search_moves_nothing(rig: FhirRig) -> None:
    """A busy EHR, or half a page: the cursor stays, and the time to come back is told."""
    ledger = Ledger()
    one = poller(rig, ledger, "ServiceRequest")
    rig.server.put(order(1))
    await rig.wait(timedelta(seconds=31))
    began = rig.now()
    rig.server.faults.add({"mode": "429", "kind": "ServiceRequest", "retry_after": "20"})
    (busy,) = await one.poll(now=rig.now())
    assert (busy.cause, busy.retry_at) == ("http-429", rig.now() + timedelta(seconds=20))
    await rig.wait(timedelta(seconds=21))
    rig.server.faults.add({"mode": "half-json", "kind": "ServiceRequest"})
    (half,) = await one.poll(now=rig.now())
    assert half.cause == "half-body"
    assert cursor(ledger).since == began - one.look_back
    await one.poll(now=rig.now())
    assert len(ledger.ids("ServiceRequest/new1")) == 1


async def test_a_report_comes_with_its_observations(rig: FhirRig) -> None:
    """The message holds what it can't be understood without, and is read as one critical result."""
    ledger = Ledger()
    rig.server.put(
        {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "subject": subject(2),
            "interpretation": [{"coding": [{"code": "HH"}]}],
        }
    )
    rig.server.put(
        {
            "resourceType": "DiagnosticReport",
            "id": "r1",
            "status": "final",
            "subject": subject(2),
            "issued": "2026-11-23T12:00:00Z",
            "result": [{"reference": "Observation/o1"}],
        }
    )
    await seconds_of_polls(rig, poller(rig, ledger, "DiagnosticReport"), 32)
    messages = [raw for _, raw in ledger.messages if b"DiagnosticReport" in raw]
    assert len(messages) == 1
    (draft,) = read(messages[0], received_at=STARTS_AT)[0].drafts
    assert draft.type == "result.reported"
    assert draft.urgency == 3
    assert {one.value for one in draft.identifiers} == {"100002", "p2"}


async def test_received_bytes_are_the_same_whichever_way_they_come(rig: FhirRig) -> None:
    """Keys in order, digits kept: a poll and a notification of one version are one message to accept-once."""
    ledger = Ledger()
    stored = rig.server.put(order(1))
    await seconds_of_polls(rig, poller(rig, ledger, "ServiceRequest"), 32)
    (raw,) = [raw for _, raw in ledger.messages if b"new1" in raw]
    assert raw == msgspec.json.encode(stored, order="deterministic")


def measured(number: int, value: float) -> dict[str, Any]:
    """What the device of the first patient measured."""
    code = {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}
    return {
        "resourceType": "Observation", "id": f"reading{number}", "status": "final", "code": code,
        "category": [{"coding": [{"code": "vital-signs"}]}], "subject": subject(1), "device": {"display": "Cuff"},
        "valueQuantity": {"value": value, "unit": "mmHg"}, "effectiveDateTime": "2026-11-23T11:00:00Z",
    }  # fmt: skip


def limit_in(raw: bytes) -> Any:
    [draft] = read(raw, received_at=STARTS_AT)[0].drafts
    said: Any = draft.payload.reveal()["reading"]
    return said.get("limit")


@pytest.mark.parametrize("asked", [True, False])
async def test_a_reading_brings_the_limits_of_the_patients_goals(
    rig: FhirRig, *, asked: bool
) -> None:
    """Read from the EHR when a reading comes, where the connection says so; what else the goal says stays there."""
    wanted = {
        "measure": measured(1, 0)["code"],
        "detailQuantity": {"value": 140, "comparator": "<", "unit": "mmHg"},
    }
    rig.server.put({"resourceType": "Goal", "id": "mine", "lifecycleStatus": "active", "subject": subject(1),
                    "description": {"text": "Less pressure"}, "target": [wanted]})  # fmt: skip
    rig.server.put({"resourceType": "Goal", "id": "over", "lifecycleStatus": "cancelled", "subject": subject(1),
                    "target": [{**wanted, "detailQuantity": {"value": 90, "comparator": "<"}}]})  # fmt: skip
    rig.server.put(measured(1, 150))
    rig.server.put(measured(2, 120))
    await rig.wait(timedelta(seconds=40))
    ledger = Ledger()
    one = replace(poller(rig, ledger, "Observation"), goals=asked)
    await one.poll(now=rig.now())
    raws = [raw for _, raw in ledger.messages if b"reading" in raw]
    assert [limit_in(raw) for raw in raws] == (["beyond", "within"] if asked else [None, None])
    assert not any(
        b"Less pressure" in raw or b"Goal/over" in raw or b'"over"' in raw for raw in raws
    )


async def test_goals_that_can_not_be_read_hold_no_reading_back(rig: FhirRig) -> None:
    """The EHR refuses the search for goals: the reading comes, without their limits."""
    rig.server.put(measured(1, 150))
    await rig.wait(timedelta(seconds=40))
    rig.server.faults.add({"mode": "500", "method": "POST", "kind": "Goal"})
    ledger = Ledger()
    [polled] = await replace(poller(rig, ledger, "Observation"), goals=True).poll(now=rig.now())
    assert (polled.received, polled.cause) == (1, "")
    [raw] = [raw for _, raw in ledger.messages if b"reading1" in raw]
    assert limit_in(raw) is None
    assert any(each["kind"] == "Goal" and each["fault"] for each in rig.server.requests)
