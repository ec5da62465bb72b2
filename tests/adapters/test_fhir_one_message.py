"""One version of a resource is one message, whether the EHR tells of it or is asked (I2), unless one says more."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.connect.fhir.codec import canonical
from carelane.connect.fhir.mapping.company import told
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import envelope, read
from carelane.connect.fhir.subscription import SubscriptionDoor
from carelane.testing.conformance.fhir_rig import STARTS_AT, FhirRig, open_rig
from carelane.testing.ehr.charts import subject
from tests.adapters.polled import Ledger, order, poller, seconds_of_polls

SECRET = "s" * 40
NUMBERED = {"type": {"coding": [{"code": "PLAC"}]}, "system": "urn:x:orders", "value": "4711"}
HIGH = [{"coding": [{"code": "HH"}]}]


@pytest.fixture
async def rig() -> AsyncIterator[FhirRig]:
    made = await open_rig("a")
    made.server.clock.advance(timedelta(hours=2))
    yield made
    await made.client.close()
    await made.server.stop()


def observed(**more: Any) -> dict[str, Any]:
    """A critical value that answers an order."""
    return {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": subject(1), "interpretation": HIGH,
        "basedOn": [{"reference": "ServiceRequest/new1"}], "issued": "2026-11-23T12:00:00Z", **more,
    }  # fmt: skip


async def notified(ledger: Ledger, body: bytes) -> None:
    """The EHR tells of a resource at our door."""
    door = SubscriptionDoor(connection="ehr", secret=SECRET, receive=ledger.receive)
    sent: list[Any] = []

    async def source() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def sink(message: Any) -> None:
        sent.append(message)

    headers = [(b"x-carelane-secret", SECRET.encode())]
    await door({"type": "http", "method": "POST", "headers": headers}, source, sink)
    assert sent[0]["status"] == 200


def about(ledger: Ledger, kind: str) -> list[bytes]:
    """The messages about one kind."""
    return [raw for _, raw in ledger.messages if (envelope(raw).control_id or "").startswith(kind)]


@pytest.mark.requirement("R91")
@pytest.mark.invariant("I2")
@pytest.mark.parametrize("wrapped", [False, True])
async def test_an_observation_that_is_notified_and_polled_is_one_message(
    rig: FhirRig, *, wrapped: bool
) -> None:
    """The order that comes along with a poll says nothing that its reference doesn't: the same bytes, the same id."""
    ledger = Ledger()
    rig.server.put(order(1))
    stored = rig.server.put(observed())
    body: dict[str, Any] = stored
    if wrapped:  # as R5 and its backport tell of it
        status = {"resourceType": "SubscriptionStatus", "type": "event-notification"}
        body = {
            "resourceType": "Bundle",
            "type": "history",
            "entry": [{"resource": status}, {"resource": stored}],
        }
    await notified(ledger, msgspec.json.encode(body))
    await seconds_of_polls(rig, poller(rig, ledger, "Observation"), 32)
    one, other = about(ledger, "Observation/o1")
    assert one == other == canonical(stored)
    assert envelope(one).control_id == f"Observation/o1/{stored['meta']['versionId']}"


async def test_an_order_that_adds_its_number_is_taken_along(rig: FhirRig) -> None:
    """Then the poll says more than the notification: dropped, the result would never close its order."""
    ledger = Ledger()
    rig.server.put(order(1, identifier=[NUMBERED]))
    stored = rig.server.put(observed())
    await notified(ledger, msgspec.json.encode(stored))
    await seconds_of_polls(rig, poller(rig, ledger, "Observation"), 32)
    alone, fuller = about(ledger, "Observation/o1")
    assert envelope(alone).control_id != envelope(fuller).control_id
    assert keys(alone)["placer_order"] == "ServiceRequest/new1"
    assert keys(fuller)["placer_order"] == "URN:X:ORDERS|4711"
    assert (
        keys(alone)["filler_order"] == keys(fuller)["filler_order"]
    )  # by which a pathway knows it again


async def test_a_report_without_its_values_says_less(rig: FhirRig) -> None:
    """A report that is told of alone is routine; with the values that a poll brings along it is critical."""
    ledger = Ledger()
    rig.server.put(observed())
    report = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": subject(1),
              "issued": "2026-11-23T12:00:00Z", "result": [{"reference": "Observation/o1"}]}  # fmt: skip
    stored = rig.server.put(report)
    await notified(ledger, msgspec.json.encode(stored))
    await seconds_of_polls(rig, poller(rig, ledger, "DiagnosticReport"), 32)
    urgencies = [drafts(raw)[0].urgency for raw in about(ledger, "DiagnosticReport/r1")]
    assert urgencies == [0, 3]


@pytest.mark.invariant("I2")
def test_another_body_under_the_same_version_keeps_its_id() -> None:
    """So that accept-once holds it apart: company that adds nothing hides no other body behind another id."""
    versioned = observed(meta={"versionId": "3"})
    other = {**versioned, "status": "amended"}
    along = [order(1, meta={"versionId": "1"})]
    ids = {envelope(canonical(told(one, along))).control_id for one in (versioned, other)}
    assert ids == {"Observation/o1/3"}
    assert canonical(told(versioned, along)) != canonical(told(other, along))


def test_company_is_judged_by_the_connections_own_names() -> None:
    """Two systems that the site calls the same make the same number; otherwise each says something of its own."""
    referred = {
        "reference": "ServiceRequest/new1",
        "identifier": {"system": "urn:y:orders", "value": "4711"},
    }
    one = observed(basedOn=[referred])
    along = [order(1, identifier=[NUMBERED])]
    same = Local(authorities={"urn:x:orders": "ORD", "urn:y:orders": "ORD"})
    assert told(one, along, same) == one
    assert told(one, along)["resourceType"] == "Bundle"


KINDS = st.sampled_from(["plain", "numbered", "value", "patient", "stranger"])


@given(st.lists(KINDS, max_size=5), st.sampled_from(["Observation", "DiagnosticReport"]))
def test_what_is_left_out_changes_nothing_that_is_understood(
    kinds: list[str], focused: str
) -> None:
    """Whatever comes along, the message says the same as with all of it."""
    along = [_companion(kind, number) for number, kind in enumerate(kinds)]
    named = [{"reference": f"{one['resourceType']}/{one['id']}"} for one in along]
    focus = observed(basedOn=named, meta={"versionId": "3"}, result=named, resourceType=focused)
    everything = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in (focus, *along)],
    }
    assert shown(canonical(told(focus, along))) == shown(canonical(everything))


def _companion(kind: str, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"c{number}",
        "meta": {"versionId": "1"},
        "resourceType": "ServiceRequest",
    }
    if kind == "numbered":
        return {**made, "identifier": [{**NUMBERED, "value": str(number)}]}
    if kind == "value":
        return {**made, "resourceType": "Observation", "status": "final", "interpretation": HIGH}
    return {
        **made,
        "resourceType": {"patient": "Patient", "stranger": "Basic"}.get(kind, "ServiceRequest"),
    }


def drafts(raw: bytes) -> Sequence[Any]:
    """What a message says."""
    return read(raw, received_at=STARTS_AT)[0].drafts


def keys(raw: bytes) -> Any:
    """The keys of the one thing it says."""
    [draft] = drafts(raw)
    return draft.keys


def shown(raw: bytes) -> list[tuple[Any, ...]]:
    """What a message says, to compare."""
    return [
        (one.type, one.payload.reveal(), one.keys, one.urgency, one.identifiers)
        for one in drafts(raw)
    ]
