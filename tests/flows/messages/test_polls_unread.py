"""What a poll could not read is somebody's work on the real ledger, and `doctor` says how far polls got (I9)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from carelane.cli.doctor import _polls
from carelane.compose.incoming import Cursors
from carelane.connect.fhir.polling import Poller
from carelane.connect.fhir.progress import Progress, holding, name_of, saved
from carelane.connect.fhir.transport import Limits
from carelane.facts.ports import Receipt
from carelane.testing.conformance.fhir_rig import open_rig
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.ehr.charts import subject

Feed = Any  # the fixture's class lives in conftest
pytestmark = pytest.mark.postgres
KIND = "ServiceRequest"


def order(key: str, size: int) -> dict[str, Any]:
    return {
        "resourceType": KIND, "id": key, "status": "active", "code": {"text": "cardiology"}, "subject": subject(1),
        "note": [{"text": "x" * size}],
    }  # fmt: skip


def poller(feed: Feed, client: Any) -> Poller:
    """Polls into the house's own ledger, with the cursor that the store holds."""

    async def receive(connection: str, raw: bytes) -> Receipt:
        [receipt] = await feed.store(raw, connection=connection)
        found: Receipt = receipt
        return found

    cursors = Cursors(feed.house.runtime, "ehr")
    return Poller(connection="ehr", client=client, receive=receive, cursors=cursors, kinds=(KIND,))


def quarantine(feed: Feed) -> list[tuple[str, ...]]:
    """Each message that was held back, with its reason and where."""
    found: list[tuple[str, ...]] = feed.sql(
        "select reason, problems -> 0 ->> 'place' from message where outcome = 'quarantined' order by seq"
    )
    return found


@pytest.mark.invariant("I9")
async def test_what_is_too_large_becomes_a_task_and_is_read_once_the_limit_is_raised(
    feed: Feed,
) -> None:
    """The books balance all the while (the house's fixture audits them); the others' work has begun long before."""
    rig = await open_rig("b", limits=Limits(response_bytes_max=20_000))
    rig.server.clock.advance(timedelta(hours=2))
    for key, size in (("first", 10), ("large", 30_000), ("last", 10)):
        rig.server.put(order(key, size))
    await rig.wait(timedelta(seconds=35))
    for _ in range(3):
        [polled] = await poller(feed, rig.client).poll(now=rig.now())
        assert polled.cause == ""
    await feed.interpret(connection="ehr")
    await feed.drain()
    assert quarantine(feed) == [("fhir.too-large", f"ehr {KIND}/large")]
    assert feed.sql("select name, title from task where pathway = 'quarantine'") != []
    assert len(feed.sql("select from pathway_case where pathway = 'order-tracking'")) == 2

    await rig.client.close()
    client = signed_client(rig.server, rig.server.base)
    [polled] = await poller(feed, client).poll(now=rig.now())
    assert (polled.cause, polled.received) == ("", 1)
    await feed.interpret(connection="ehr")
    await feed.drain()
    assert len(quarantine(feed)) == 1
    assert len(feed.sql("select from pathway_case where pathway = 'order-tracking'")) == 3
    await client.close()
    await rig.server.stop()


@pytest.mark.invariant("I9")
async def test_a_type_that_is_not_read_for_an_hour_is_one_task(feed: Feed) -> None:
    """Whatever the cause, and however often the poller is begun anew."""
    rig = await open_rig("a")
    rig.server.faults.add({"mode": "500", "kind": KIND, "count": 9})
    for _ in range(9):
        await poller(feed, rig.client).poll(now=rig.now())
        await rig.wait(timedelta(minutes=20))
    await feed.interpret(connection="ehr")
    await feed.drain()
    assert quarantine(feed) == [("fhir.not-read", f"ehr {KIND}")]
    assert len(feed.sql("select from pathway_case where pathway = 'quarantine'")) == 1
    await rig.client.close()
    await rig.server.stop()


@pytest.mark.parametrize(("minutes", "well"), [(59, True), (61, False)])
async def test_doctor_says_how_far_each_poll_got(feed: Feed, minutes: int, *, well: bool) -> None:
    runtime = feed.house.runtime
    row = runtime.directory.connections["ehr"]
    polling = replace(row, settings={**row.settings, "poll": [KIND, "Patient"]})
    runtime.directory = replace(
        runtime.directory, connections={**runtime.directory.connections, "ehr": polling}
    )
    large = {"resourceType": KIND, "id": "1", "meta": {"versionId": "1"}}
    at = runtime.now()
    progress = holding(Progress(since=at, read_at=at), large, 10)
    await Cursors(runtime, "ehr").save(name_of("ehr", KIND), saved(progress))
    feed.hand.forward(timedelta(minutes=minutes))
    found, not_begun = await _polls(feed.house)
    assert (found.what, found.well) == (f"poll of {KIND} by ehr", well)
    assert "2026-03-02 14:00 UTC; 1 too large to read" in found.says
    assert ("Remedy" in found.says) is not well
    assert (not_begun.well, not_begun.says) == (True, "not begun yet")
