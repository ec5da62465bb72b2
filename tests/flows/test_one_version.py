"""A result that the EHR tells of and that is polled as well does its work once, on the real ledger (I2)."""

from typing import Any

import pytest

from carelane.connect.fhir.codec import canonical
from carelane.connect.fhir.mapping.company import told
from tests.flows.conftest import Feed

pytestmark = pytest.mark.postgres
NUMBERED = [{"type": {"coding": [{"code": "PLAC"}]}, "system": "urn:x:orders", "value": "4711"}]


def result(**more: Any) -> dict[str, Any]:
    """A critical value that answers an order."""
    return {
        "resourceType": "Observation", "id": "o1", "meta": {"versionId": "3"}, "status": "final",
        "issued": "2026-03-02T13:59:00Z", "subject": {"reference": "Patient/p1"},
        "basedOn": [{"reference": "ServiceRequest/s1"}],
        "interpretation": [{"coding": [{"code": "HH"}]}], **more,
    }  # fmt: skip


def polled(one: dict[str, Any], **more: Any) -> bytes:
    """The same as a poll brings it, with its order."""
    order = {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "meta": {"versionId": "1"},
        "status": "active",
    }
    return canonical(told(one, [{**order, **more}]))


@pytest.mark.invariant("I2")
@pytest.mark.requirement("R91")
async def test_notified_and_polled_is_one_message_and_another_body_is_held_apart(
    feed: Feed,
) -> None:
    """The poll is answered as a repeat; the same version with other content is quarantined, whichever way it comes."""
    notified = await feed.send(canonical(result()), connection="ehr")
    repeated = await feed.send(polled(result()), connection="ehr")
    assert [each.outcome for each in (*notified, *repeated)] == ["accepted", "duplicate"]
    assert feed.sql("select count(*) from message where connection = 'ehr'") == [(1,)]
    cases = feed.sql("select outcome from pathway_case where pathway = 'critical-result'")
    assert cases == [("",)]

    [other] = await feed.send(polled(result(status="amended")), connection="ehr")
    assert other.outcome == "conflict"
    outcomes = feed.sql("select outcome from message where connection = 'ehr' order by seq")
    assert outcomes == [("facts",), ("quarantined",)]


@pytest.mark.invariant("I2")
async def test_a_poll_that_says_more_is_heard_by_the_same_case(feed: Feed) -> None:
    """It brings the order's number, so it is a message of its own; nobody is called twice for one value."""
    await feed.send(canonical(result()), connection="ehr")
    [fuller] = await feed.send(polled(result(), identifier=NUMBERED), connection="ehr")
    assert fuller.outcome == "accepted"
    assert feed.sql("select count(*) from pathway_case where pathway = 'critical-result'") == [(1,)]
    heard = feed.sql(
        "select f.type from application a join fact f on f.id = a.fact join pathway_case c on c.id = a.case_id"
        " where c.pathway = 'critical-result' order by a.revision"
    )
    assert heard == [("result.reported",), ("result.reported",)]
    assert feed.sql("select count(*) from task where pathway = 'critical-result'") == [(1,)]
