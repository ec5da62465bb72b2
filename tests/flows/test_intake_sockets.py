"""What a sender hears, and what is kept, whatever it sends: through sockets, on a real database (T12; I1, I2)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from carelane.compose.connections import envelopes
from carelane.connect.hl7v2.codec import Frame, Framer, frame, parse
from carelane.connect.hl7v2.listener import Inbound, Listener, listen
from carelane.intake import replay
from carelane.intake.receive import Receiver
from carelane.testing import messages

Feed = Any  # the fixture's class lives in conftest
pytestmark = pytest.mark.postgres
MEGABYTE = 1024 * 1024


@dataclass
class Door:
    """An open listener in front of the house's real receiver."""

    listener: Listener
    feed: Feed

    async def say(self, *chunks: bytes, answers: int = 1) -> list[tuple[str, str | None]]:
        """Send chunks as they are and read so many answers: (MSA-1, MSA-2) each."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.port)
        framer, heard = Framer(), list[tuple[str, str | None]]()
        try:
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
            while len(heard) < answers:
                async with asyncio.timeout(60):
                    data = await reader.read(65_536)
                assert data, "closed before it answered"
                heard += [
                    _said(each.raw) for each in framer.receive(data) if isinstance(each, Frame)
                ]
        finally:
            writer.close()
        return heard

    def stored(self) -> list[tuple[str, str]]:
        """(outcome, reason) of every message, in receive order."""
        return [
            tuple(row) for row in self.feed.sql("select outcome, reason from message order by seq")
        ]


def _said(raw: bytes) -> tuple[str, str | None]:
    message, _ = parse(raw)
    assert message is not None
    return message.get("MSA", 1) or "?", message.get("MSA", 2)


@pytest.fixture
async def door(feed: Feed) -> AsyncIterator[Door]:
    """A listener on a free port."""
    runtime, stop = feed.house.runtime, asyncio.Event()
    receiver = Receiver(runtime, envelopes(runtime.directory), {"mllp": "north"})
    writing = asyncio.create_task(receiver.write(stop))
    listener = await listen(Inbound(connection="mllp", receive=receiver.receive, now=runtime.now))
    yield Door(listener, feed)
    await listener.close()
    stop.set()
    await writing


async def _work(feed: Feed) -> None:
    await feed.interpret()
    await feed.drain()


async def test_an_unreadable_header_is_refused_and_kept_with_its_digest(door: Door) -> None:
    assert await door.say(frame(b"PID|1||P1\r")) == [("AR", None)]
    assert door.stored() == [("rejected", "hl7v2.header-unreadable")]
    assert door.feed.sql("select octet_length(digest) from message") == [(32,)]


async def test_without_a_control_id_a_message_counts_and_a_repeat_is_known_by_its_bytes(
    door: Door,
) -> None:
    raw = messages.referral(1).replace(b"REFI12000000001", b"")
    assert await door.say(frame(raw), frame(raw), answers=2) == [("AA", None), ("AA", None)]
    await _work(door.feed)
    assert door.stored() == [("facts", "")]


async def test_a_wrong_character_set_is_kept_and_told_never_a_crash(door: Door) -> None:
    """The header promises UTF-8, the bytes are Latin-1: taken in, the name is readable, the problem is recorded."""
    raw = messages.referral(1).replace(b"Brenner", "Brénner".encode("latin-1"))
    raw = raw.replace(b"|P|2.5.1", b"|P|2.5.1||||||UNICODE UTF-8", 1)
    ((code, _),) = await door.say(frame(raw))
    await _work(door.feed)
    assert code == "AA"
    ((outcome, problems),) = door.feed.sql("select outcome, problems::text from message")
    assert outcome in {"facts", "quarantined"}
    assert "charset" in problems


@pytest.mark.requirement("R94")
@pytest.mark.requirement("R91")
@pytest.mark.invariant("I2")
async def test_a_repeat_is_answered_again_without_new_work(door: Door) -> None:
    raw = messages.referral(1)
    assert await door.say(frame(raw)) == [("AA", "REFI12000000001")]
    await _work(door.feed)
    assert await door.say(frame(raw)) == [("AA", "REFI12000000001")]
    await _work(door.feed)
    assert len(door.feed.sql("select from fact where actor = 'system'")) == 1
    assert len(door.stored()) == 1
    ((repeats,),) = door.feed.sql(
        "select count(*) from audit_leaf where position('\"repeat\"'::bytea in body) > 0"
    )
    assert repeats == 1


@pytest.mark.requirement("R87")
@pytest.mark.invariant("I2")
async def test_one_id_with_another_body_is_an_error_and_a_persons(door: Door) -> None:
    first, other = messages.referral(1), messages.referral(1, priority=2)
    assert await door.say(frame(first)) == [("AA", "REFI12000000001")]
    assert await door.say(frame(other)) == [("AE", "REFI12000000001")]
    await _work(door.feed)
    assert door.stored() == [("facts", ""), ("quarantined", "intake.same-id-other-body")]
    rows = door.feed.sql("select s.owner_name, s.due_at > s.opened_at from step s join pathway_case c"
                         " on c.id = s.case_id where c.pathway = 'quarantine' and s.closed_at is null")  # fmt: skip
    assert rows == [("integration-desk", True)]


@pytest.mark.invariant("I2")
async def test_ids_of_two_connections_do_not_meet(door: Door) -> None:
    await door.say(frame(messages.referral(1)))
    (receipt,) = await door.feed.store(messages.referral(1, priority=2), connection="replay")
    assert receipt.outcome == "accepted"


async def test_two_frames_in_one_packet_are_two_messages(door: Door) -> None:
    both = frame(messages.referral(1)) + frame(messages.referral(2))
    answers = await door.say(both, answers=2)
    assert answers == [("AA", "REFI12000000001"), ("AA", "REFI12000000002")]
    assert len(door.stored()) == 2


async def test_a_frame_cut_at_every_byte_is_one_message(door: Door) -> None:
    framed = frame(messages.adt(1, "A08"))
    assert await door.say(*(framed[n : n + 1] for n in range(len(framed)))) == [
        ("AA", "ADTA08000000001")
    ]
    for cut in range(1, len(framed), 7):
        heard = await door.say(framed[:cut], framed[cut:])
        assert heard == [("AA", "ADTA08000000001")]
    assert len(door.stored()) == 1


async def test_a_batch_is_split_before_it_is_stored(door: Door) -> None:
    batch = (
        b"FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r"
        + messages.referral(1)
        + messages.referral(2)
        + b"BTS|2\rFTS|1\r"
    )
    ((code, _),) = await door.say(frame(batch))
    assert code == "AA"
    await _work(door.feed)
    assert door.stored() == [("facts", "")] * 2


async def test_a_segment_of_50_mb_is_taken_in(door: Door) -> None:
    big = (
        messages.critical_result(1).rstrip(b"\r")
        + b"\rOBX|2|ED|PDF^Report^L||"
        + b"A" * (50 * MEGABYTE)
        + b"||||||F\r"
    )
    assert await door.say(frame(big)) == [("AA", "ORUR01000000001")]
    await _work(door.feed)
    assert door.stored() == [("facts", "")]
    assert door.feed.sql("select size > 52000000 from message") == [(True,)]


async def test_more_than_64_mb_is_refused(door: Door) -> None:
    ((code, _),) = await door.say(
        frame(messages.referral(1) + b"NTE|1||" + b"A" * (65 * MEGABYTE) + b"\r")
    )
    assert code == "AR"
    assert door.stored() == []


@pytest.mark.invariant("I1")
async def test_what_cannot_be_stored_is_an_error_and_the_sender_tries_again(door: Door) -> None:
    door.feed.superuser.execute("alter table message_body rename to away")
    assert await door.say(frame(messages.referral(1))) == [("AE", "REFI12000000001")]
    door.feed.superuser.execute("alter table away rename to message_body")
    assert await door.say(frame(messages.referral(1))) == [("AA", "REFI12000000001")]
    assert len(door.stored()) == 1


@pytest.mark.parametrize(
    "raw", [messages.referral(1), b"MSH|^~\\&|A|B|C|D|20260302||REF^I12|X1|P|2.5.1\r"]
)
async def test_any_stored_message_can_be_read_again_without_doing_its_work_twice(
    door: Door, raw: bytes
) -> None:
    await door.say(frame(raw))
    await _work(door.feed)
    ((first, outcome),) = door.feed.sql("select id, outcome from message")
    runtime = door.feed.house.runtime
    found = await replay.again(runtime, first, envelopes(runtime.directory)["mllp"])
    await _work(door.feed)
    rows = door.feed.sql("select id, outcome, replay_of from message order by seq")
    assert rows[1:] == [(found, outcome, first)]
    assert len(door.feed.sql("select from pathway_case where pathway = 'referral-intake'")) <= 1
    assert (
        await replay.again(runtime, runtime.organisation, envelopes(runtime.directory)["mllp"])
        is None
    )
