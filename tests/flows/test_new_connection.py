"""A worker sends through a connection that the site adds while it runs; one that can't be opened changes nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from carelane.compose.durability import Guard
from carelane.compose.house import House
from carelane.compose.listening import Listening
from carelane.compose.reading import keep_reading
from carelane.compose.sending import begin
from carelane.connect.hl7v2.codec import frame
from carelane.directory.snapshot import ConnectionRow
from carelane.intake.receive import Receiver
from carelane.testing.hospital.smtp import Sink
from carelane.testing.messages import critical_result, referral
from carelane.testing.mllp import Sender
from tests.flows.conftest import Feed
from tests.flows.fleet import free_port

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


async def _answer(port: int, number: int) -> str:
    [answer] = await Sender(host="127.0.0.1", port=port).send([referral(number)])
    return answer.code


async def test_what_the_site_adds_is_listened_to_without_a_restart(
    house: House, feed: Feed
) -> None:
    """A new port answers, the old one keeps its socket, a taken one stops nobody; what came by one now gone is read."""
    runtime, stop = house.runtime, asyncio.Event()
    rows = dict(runtime.directory.connections)
    old = replace(rows["mllp"], settings={**rows["mllp"].settings, "listen_port": 0})
    _with(house, old)
    receiver = Receiver(runtime, {})
    guard = Guard(house, receiver.receive)
    await guard.look()
    listening = Listening(house, guard, receiver)
    ports = await listening.begin()
    running = [
        asyncio.create_task(work)
        for work in (listening.keep(stop), receiver.write(stop), keep_reading(runtime, stop))
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", ports["mllp"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        blocked = _named(old, "blocked", taken.getsockname()[1])
        new = _named(old, "lab-two", free_port())
        await _made(house, blocked, new)
        _with(house, old, blocked, new)
        try:
            await _until(lambda: _is_open(new))
            assert await _answer(int(str(new.settings["listen_port"])), 1) == "AA"
            assert await _answer(ports["mllp"], 2) == "AA"
            await _until(lambda: not _pending(feed))
            await receiver.receive("lab-two", referral(4))
            _with(house, old)
            await _until(lambda: not _is_open(new))
            writer.write(frame(referral(3)))
            assert b"MSA|AA" in await reader.read(4096)
            await _until(lambda: not _pending(feed))
            assert feed.sql("select count(*) from fact where type = 'referral.received'") == [(4,)]
        finally:
            stop.set()
            for door in ("connections", "interpret"):
                runtime.bell.ring_here(door)
            runtime.bell.ring_each("interpret/")
            await asyncio.gather(*running)
            await listening.close()
            writer.close()


async def _made(house: House, *rows: ConnectionRow) -> None:
    """As loading the site does it."""
    async with house.runtime.worker.transaction() as tx:
        for each in rows:
            await tx.run("intake.make_connection", name=each.name, organisation=house.runtime.organisation,
                         kind=each.kind, site=each.site)  # fmt: skip


def _named(like: ConnectionRow, name: str, port: int) -> ConnectionRow:
    return replace(like, name=name, settings={**like.settings, "listen_port": port})


def _is_open(row: ConnectionRow) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(str(row.settings["listen_port"])))) == 0


def _pending(feed: Feed) -> list[tuple[object, ...]]:
    return feed.sql("select connection, trigger from message where outcome = 'pending'")
