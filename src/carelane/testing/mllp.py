"""The synthetic hospital's HL7 v2 ends: a sender with a window of unanswered messages, a receiver.

Both speak only over sockets. The receiver keeps what it got and can be told to misbehave; the
sender is pipelined, for the bench, or one at a time, as most interface engines are.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, islice

from carelane.connect.hl7v2.codec import (
    Frame,
    Framer,
    acknowledge,
    envelope,
    frame,
    parse,
)

_CHUNK_BYTES = 262_144
FAULTS = ("refuse", "error", "busy", "silent", "cut", "half", "garbage", "stale", "cut-before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the other side said of one message: MSA-1, MSA-2, and how long it took (seconds)."""

    code: str
    control_id: str | None
    seconds: float


@dataclass(kw_only=True)
class Sender:
    """One connection that sends messages in order and reads their acknowledgements.

    `window` is how many may be unanswered: 1 waits for each answer. `answer_s` limits each wait.
    """

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    window: int = 1
    answer_s: float = 30.0

    async def send(self, messages: Iterable[bytes]) -> list[Answer]:
        """Send all and return the answers in order. Raises `ConnectionError` or `TimeoutError`."""
        reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        try:
            return await self._exchange(reader, writer, messages)
        finally:
            writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        messages: Iterable[bytes],
    ) -> list[Answer]:
        clock = asyncio.get_running_loop().time
        framer, answers, sent = Framer(), list[Answer](), deque[float]()
        waiting = iter(messages)
        while True:
            frames = [frame(raw) for raw in islice(waiting, self.window - len(sent))]
            if frames:  # what the window has room for goes in one write
                writer.write(b"".join(frames))
                sent.extend([clock()] * len(frames))
                await writer.drain()
            if not sent:
                return answers
            await self._read(reader, framer, sent, answers)

    async def _read(
        self,
        reader: asyncio.StreamReader,
        framer: Framer,
        sent: deque[float],
        answers: list[Answer],
    ) -> None:
        async with asyncio.timeout(self.answer_s):
            data = await reader.read(_CHUNK_BYTES)
        if not data:
            raise ConnectionError("the other side closed before it answered")
        now = asyncio.get_running_loop().time()
        answers += [
            _answer(event.raw, now - sent.popleft())
            for event in framer.receive(data)
            if isinstance(event, Frame)
        ]


def _answer(raw: bytes, seconds: float) -> Answer:
    message, _ = parse(raw)
    found = message.segment("MSA") if message else None
    code, control_id = (found.get(1), found.get(2)) if found else (None, None)
    return Answer(code=code or "?", control_id=control_id, seconds=seconds)


@dataclass(kw_only=True)
class Receiver:
    """A hospital's own MLLP listener. Keeps every message; a repeated control id is kept once.

    `faults` are used up one per message: `refuse` (AR), `error` (AE), `busy` (AE with ERR 207),
    `silent` (no answer), `cut` (kept, then the connection is reset), `cut-before` (reset, not
    kept), `half` (kept, half an answer, then the end), `garbage` (an answer that is none first),
    `stale` (another message's answer first).
    """

    now: Callable[[], datetime]
    tls: ssl.SSLContext | None = None
    faults: deque[str] = field(default_factory=deque)
    received: list[bytes] = field(default_factory=list, repr=False)
    kept: dict[str, bytes] = field(default_factory=dict, repr=False)
    arrived: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _server: asyncio.Server | None = None
    _numbers: "count[int]" = field(default_factory=lambda: count(1), repr=False)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set, repr=False)

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Bind and return the port."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self.tls)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop, and let go of every connection."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def until(self, number: int, *, seconds: float = 30.0) -> None:
        """Wait until that many different messages are kept."""
        async with asyncio.timeout(seconds):
            while len(self.kept) < number:
                self.arrived.clear()
                await self.arrived.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        self._writers.add(writer)
        try:
            while data := await reader.read(_CHUNK_BYTES):
                for event in framer.receive(data):
                    if isinstance(event, Frame):
                        writer.write(self._take(event.raw, writer))
                await writer.drain()
        except OSError:
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    def _take(self, raw: bytes, writer: asyncio.StreamWriter) -> bytes:
        fault = self.faults.popleft() if self.faults else ""
        self.received.append(raw)
        if fault == "cut-before":
            writer.transport.abort()
            return b""
        if fault not in {"refuse", "error", "busy"}:
            self.kept[envelope(raw).control_id or f"#{len(self.kept)}"] = raw
        self.arrived.set()
        if fault == "cut":
            writer.transport.abort()
        return self._answer(raw, fault)

    def _answer(self, raw: bytes, fault: str) -> bytes:
        if fault in {"silent", "cut"}:
            return b""
        if fault == "half":
            return self._said(raw, "")[:40]
        if fault == "garbage":
            return frame(b"not an answer") + self._said(raw, "")
        if fault == "stale":
            other = b"MSH|^~\\&|X|X|X|X|||ADT^A01|ANOTHER|P|2.5.1\r"
            return self._said(other, "") + self._said(raw, "")
        return self._said(raw, fault)

    def _said(self, raw: bytes, fault: str) -> bytes:
        code = {"refuse": "AR", "error": "AE", "busy": "AE"}.get(fault, "AA")
        problem = {"refuse": "100", "error": "101", "busy": "207"}.get(fault, "")
        number = f"H{next(self._numbers)}"
        return frame(
            acknowledge(raw, code=code, now=self.now(), control_id=number, problem=problem)
        )
