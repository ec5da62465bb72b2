"""MLLP over real sockets: acknowledged only after the store has said so, in order, in bounds."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from carelane.connect.hl7v2.codec import envelope, frame
from carelane.connect.hl7v2.transport import Inbound, Listener, NotEncrypted, listen
from carelane.facts.ports import Receipt
from carelane.testing import messages
from carelane.testing.mllp import Sender

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STORED = UUID(int=1)
Receive = Callable[[str, bytes], Awaitable[Receipt]]


async def _accept(_connection: str, _raw: bytes) -> Receipt:
    return Receipt(outcome="accepted", message=STORED)


async def _open(
    receive: Receive,
    *,
    pipelined_max: int = 64,
    connections_max: int = 8,
    bytes_max: int = 64 * 1024 * 1024,
) -> Listener:
    return await listen(
        Inbound(
            connection="his",
            receive=receive,
            now=lambda: AT,
            pipelined_max=pipelined_max,
            connections_max=connections_max,
            bytes_max=bytes_max,
        )
    )


async def _exchange(
    receive: Receive, raws: list[bytes], *, window: int = 1
) -> list[tuple[str, str | None]]:
    listener = await _open(receive)
    try:
        sender = Sender(host="127.0.0.1", port=listener.port, window=window)
        return [(answer.code, answer.control_id) for answer in await sender.send(raws)]
    finally:
        await listener.close()


async def _raw(listener: Listener, data: bytes, *, end: bool = False) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(data)
    if end:
        writer.write_eof()
    answer = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 10)
    writer.close()
    return answer


@pytest.mark.invariant("I1")
@pytest.mark.parametrize(
    ("outcome", "code"),
    [("accepted", "AA"), ("duplicate", "AA"), ("conflict", "AE"), ("rejected", "AR"), ("?", "AE")],
)
def test_the_answer_follows_the_store(outcome: str, code: str) -> None:
    async def receive(_connection: str, _raw: bytes) -> Receipt:
        return Receipt(outcome=outcome, message=None)

    raw = messages.admit(1)
    assert asyncio.run(_exchange(receive, [raw])) == [(code, envelope(raw).control_id)]


async def _answered_early(wrap: Callable[[Receive], Receive]) -> bool:
    """Whether an acknowledgement leaves while the store has not answered."""
    gate, asked = asyncio.Event(), asyncio.Event()

    async def store(_connection: str, _raw: bytes) -> Receipt:
        asked.set()
        await gate.wait()
        return Receipt(outcome="accepted", message=STORED)

    listener = await _open(wrap(store))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(frame(messages.admit(1)))
    await asked.wait()
    answer = asyncio.ensure_future(reader.readuntil(b"\x1c\r"))
    early = bool((await asyncio.wait({answer}, timeout=0.05))[0])
    gate.set()
    assert b"MSA|AA|" in await answer
    writer.close()
    await listener.close()
    return early


@pytest.mark.invariant("I1")
def test_nothing_is_acknowledged_before_it_is_stored() -> None:
    """A store that has not answered holds the acknowledgement back."""
    assert not asyncio.run(_answered_early(lambda store: store))


@pytest.mark.invariant("I1")
def test_an_acknowledgement_before_the_commit_is_caught() -> None:
    """Planted mutant: a listener that hands the message over and does not wait."""
    begun: list[asyncio.Future[Receipt]] = []

    def hasty(store: Receive) -> Receive:
        async def receive(connection: str, raw: bytes) -> Receipt:
            begun.append(asyncio.ensure_future(store(connection, raw)))
            return Receipt(outcome="accepted", message=STORED)

        return receive

    assert asyncio.run(_answered_early(hasty))


def test_a_store_that_fails_is_answered_with_an_error() -> None:
    async def receive(_connection: str, _raw: bytes) -> Receipt:
        raise ConnectionError

    assert asyncio.run(_exchange(receive, [messages.admit(1)]))[0][0] == "AE"


def test_answers_keep_the_order_of_the_messages_though_storing_does_not() -> None:
    async def scenario() -> list[tuple[str, str | None]]:
        seen: list[asyncio.Event] = []

        async def receive(_connection: str, _raw: bytes) -> Receipt:
            mine = asyncio.Event()
            seen.append(mine)
            if len(seen) == 1:
                await mine.wait()  # the first is stored last
            elif len(seen) == 8:
                seen[0].set()
            return Receipt(outcome="accepted", message=STORED)

        return await _exchange(receive, [messages.admit(n) for n in range(8)], window=8)

    expected = [("AA", envelope(messages.admit(n)).control_id) for n in range(8)]
    assert asyncio.run(scenario()) == expected


def test_no_more_than_the_bound_is_stored_at_once() -> None:
    async def scenario() -> int:
        now, most = 0, 0

        async def receive(_connection: str, _raw: bytes) -> Receipt:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            return Receipt(outcome="accepted", message=STORED)

        listener = await _open(receive, pipelined_max=4)
        sender = Sender(host="127.0.0.1", port=listener.port, window=50)
        answers = await sender.send(messages.admit(n) for n in range(200))
        await listener.close()
        assert len(answers) == 200
        return most

    assert asyncio.run(scenario()) == 4


def test_a_batch_in_one_frame_is_split_and_answered_once() -> None:
    async def scenario() -> tuple[list[bytes], bytes]:
        stored: list[bytes] = []

        async def receive(_connection: str, raw: bytes) -> Receipt:
            stored.append(raw)
            return Receipt(outcome="accepted", message=STORED)

        listener = await _open(receive)
        batch = b"BHS|^~\\&|A\r" + messages.admit(1) + messages.admit(2) + b"BTS|2\r"
        answer = await _raw(listener, frame(batch))
        await listener.close()
        return stored, answer

    stored, answer = asyncio.run(scenario())
    assert stored == [messages.admit(1), messages.admit(2)]
    assert b"MSA|AA|ADTA01000000001" in answer


@pytest.mark.parametrize(
    ("sent", "end", "code"),
    [
        (frame(b"rubbish"), False, b"MSA|AR|"),
        (b"\x0b" + messages.admit(1), True, b"MSA|AR|ADTA01000000001"),
        (b"\x0b" + messages.admit(1) + frame(messages.admit(2)), False, b"MSA|AR|ADTA01000000001"),
        (frame(messages.admit(1) + b"x" * 5000), False, b"MSA|AR|ADTA01000000001"),
        (b"noise" + frame(messages.admit(1)), False, b"MSA|AA|ADTA01000000001"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_reason(sent: bytes, end: bool, code: bytes) -> None:  # noqa: FBT001  # a table column
    async def scenario() -> bytes:
        listener = await _open(_accept, bytes_max=4000)
        answer = await _raw(listener, sent, end=end)
        await listener.close()
        return answer

    assert code in asyncio.run(scenario())


def test_closing_lets_what_has_begun_be_answered() -> None:
    async def scenario() -> bytes:
        gate, asked = asyncio.Event(), asyncio.Event()

        async def receive(_connection: str, _raw: bytes) -> Receipt:
            asked.set()
            await gate.wait()
            return Receipt(outcome="accepted", message=STORED)

        listener = await _open(receive)
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(frame(messages.admit(1)))
        await asked.wait()
        closing = asyncio.ensure_future(listener.close())
        gate.set()
        answer = await reader.read()
        await closing
        writer.close()
        return answer

    assert b"MSA|AA|" in asyncio.run(scenario())


def test_closing_in_the_moment_of_a_connection_leaves_no_socket_open() -> None:
    """Whichever turn of the loop the end falls on, what was accepted is closed too, not left to the collector."""

    async def scenario(turns: int) -> list[str]:
        faults: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: faults.append(str(context["message"]))
        )
        asyncio.get_running_loop().set_debug(enabled=True)
        listener = await _open(_accept)
        with socket.create_connection(("127.0.0.1", listener.port)):
            for _ in range(turns):
                await asyncio.sleep(0)
            await listener.close()
        return faults

    assert [asyncio.run(scenario(turns)) for turns in range(6)] == [[]] * 6


def test_too_many_connections_are_turned_away() -> None:
    async def scenario() -> bytes:
        listener = await _open(_accept, connections_max=1)
        first = await asyncio.open_connection("127.0.0.1", listener.port)
        first[1].write(frame(messages.admit(1)))
        await first[0].readuntil(b"\x1c\r")
        second = await asyncio.open_connection("127.0.0.1", listener.port)
        try:
            left = await second[0].read()
        except ConnectionError:
            left = b""
        for _, writer in (first, second):
            writer.close()
        await listener.close()
        return left

    assert asyncio.run(scenario()) == b""


def test_an_address_beyond_this_machine_needs_tls() -> None:
    async def scenario() -> None:
        inbound = Inbound(connection="his", receive=_accept, now=lambda: AT)
        await listen(inbound, host="0.0.0.0")  # noqa: S104  # the point of the test

    with pytest.raises(NotEncrypted):
        asyncio.run(scenario())
