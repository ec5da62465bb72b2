"""A worker sends through a connection that the site adds while it runs; one that can't be opened changes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from carelane.compose.house import House
from carelane.compose.sending import begin
from carelane.directory.snapshot import ConnectionRow
from carelane.testing.hospital.smtp import Sink
from carelane.testing.messages import critical_result
from tests.flows.conftest import Feed

pytestmark = pytest.mark.postgres


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Where mail to staff arrives."""
    opened = Sink()
    yield opened
    await opened.close()


def _with(house: House, *rows: ConnectionRow) -> None:
    """The directory in force has these connections from now on, as `keep_current` would bring them."""
    connections = {row.name: row for row in rows}
    house.runtime.directory = replace(house.runtime.directory, connections=connections)
    house.runtime.bell.ring_here("connections")


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


async def test_what_the_site_adds_is_sent_through_without_a_restart(
    house: House, feed: Feed, sink: Sink
) -> None:
    """Known with breaker and quota, then used; a broken one beside it stops nobody."""
    rows = dict(house.runtime.directory.connections)
    staff = rows.pop("staff")
    _with(house, rows["mllp"])
    sending, stop = begin(house), asyncio.Event()
    assert set(sending.outbox.destinations) == {"carelane"}
    running = asyncio.create_task(sending.keep(stop))
    try:
        there = replace(staff, settings={**staff.settings, "port": await sink.open()})
        _with(house, rows["mllp"], there)
        await _until(lambda: "staff" in sending.outbox.destinations)
        broken = ConnectionRow(
            name="later", kind="fhir", serves=("ehr.communication",), settings={}
        )
        _with(house, rows["mllp"], there, broken)
        await feed.send(critical_result(1))
        await _until(lambda: len(sink.mails) > 0)
        assert set(sending.outbox.destinations) == {"carelane", "staff"}
    finally:
        stop.set()
        house.runtime.bell.ring_here("connections")
        await running
        await sending.close()
