"""MLLP listener: frames in, stored messages, answers out, in the order of the frames.

Several frames of one connection are stored at once (the store commits them together), up to
`pipelined_max`; then the socket is not read until answers have left. Framing is `codec.Framer`'s,
the answers are `answers`'.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from itertools import count
from typing import cast, final

from typing_extensions import override

from carelane.connect.hl7v2.answers import answer_broken, answer_failed, answer_frame
from carelane.connect.hl7v2.codec import (
    BYTES_MAX,
    Broken,
    Event,
    Frame,
    Framer,
    Garbage,
    frame,
    stamp,
)
from carelane.facts.errors import SetupFault
from carelane.facts.ports import Observer, Receive

PIPELINED_MAX = 64
CONNECTIONS_MAX = 512


class NotEncrypted(SetupFault):
    """A listener outside this machine needs TLS: set tls_certificate and tls_key."""

    code = "hl7v2-not-encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """What a listener needs. `connection` is its name; `now` is read for each acknowledgement."""

    connection: str
    receive: Receive
    now: Callable[[], datetime]
    observer: Observer | None = None
    pipelined_max: int = PIPELINED_MAX
    connections_max: int = CONNECTIONS_MAX
    bytes_max: int = BYTES_MAX


@final
class Listener:
    """An open listener. `port` is the bound one; `close` lets what is being stored finish."""

    def __init__(self, inbound: Inbound) -> None:
        self.inbound = inbound
        self.sockets: set[_Socket] = set()
        self._numbers = count(1)
        self._server: asyncio.Server | None = None

    async def open(self, *, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Bind. Raises `NotEncrypted` for an address beyond this machine without TLS."""
        require_encrypted(host, tls)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Socket(self), host, port, ssl=tls)

    @property
    def port(self) -> int:
        """The bound port; 0 when closed."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    def control_id(self, now: datetime) -> str:
        """A control id of our own acknowledgements: unique while the process runs."""
        return f"{stamp(now)[:14]}{next(self._numbers) % 1_000_000:06d}"

    async def close(self) -> None:
        """Stop accepting, answer what has begun, then close."""
        if self._server is not None:
            await _accept_no_more(self._server)
            self._server.close()
        begun = [task for socket in self.sockets for task in socket.stop()]
        if begun:
            await asyncio.wait(begun)
        await asyncio.sleep(0)  # the last answers are written by callbacks of those tasks
        for socket in tuple(self.sockets):
            socket.hang_up()
        if self._server is not None:
            await self._server.wait_closed()


async def _accept_no_more(server: asyncio.Server) -> None:
    """Let what has been accepted come up: asyncio lets go of a socket whose server closes before it has."""
    loop = asyncio.get_running_loop()
    for each in server.sockets:
        loop.remove_reader(each.fileno())
    await asyncio.sleep(0)


async def listen(
    inbound: Inbound, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> Listener:
    """Open a listener; port 0 takes a free one."""
    listener = Listener(inbound)
    await listener.open(host=host, port=port, tls=tls)
    return listener


@dataclass(eq=False)
class _Socket(asyncio.Protocol):
    """One sender's connection."""

    listener: Listener
    _waiting: deque[Broken | Frame] = field(default_factory=deque)
    _begun: deque[tuple[asyncio.Task[bytes], Broken | Frame]] = field(default_factory=deque)
    _transport: asyncio.Transport | None = None
    _paused: bool = False
    _slow_peer: bool = False
    _ended: bool = False

    def __post_init__(self) -> None:
        self._framer = Framer(self.listener.inbound.bytes_max)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports don't inherit from asyncio's, so no isinstance here.
        self._transport = cast("asyncio.Transport", transport)
        if len(self.listener.sockets) >= self.listener.inbound.connections_max:
            self._transport.abort()
            return
        self.listener.sockets.add(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._take(self._framer.receive(data))

    @override
    def eof_received(self) -> bool:
        self._ended = True
        self._take(self._framer.close())
        encrypted = self._transport is not None and self._transport.get_extra_info("sslcontext")
        return bool(self._begun or self._waiting) and not encrypted  # TLS has no half-close

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._waiting.clear()
        self._transport = None
        self.listener.sockets.discard(self)

    @override
    def pause_writing(self) -> None:
        self._slow_peer = True
        self._pace()

    @override
    def resume_writing(self) -> None:
        self._slow_peer = False
        self._begin()
        self._pace()

    def stop(self) -> list[asyncio.Task[bytes]]:
        """Take nothing more; what is being stored."""
        self._ended = True
        self._waiting.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        return [task for task, _ in self._begun]

    def hang_up(self) -> None:
        """Close after what was written has left."""
        if self._transport is not None:
            self._transport.close()

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Garbage):
                self._count("garbage")
            else:
                self._waiting.append(event)
        self._begin()
        self._pace()

    def _begin(self) -> None:
        most = self.listener.inbound.pipelined_max
        while self._waiting and len(self._begun) < most and not self._slow_peer:
            event = self._waiting.popleft()
            task = asyncio.ensure_future(self._answer(event))
            self._begun.append((task, event))
            task.add_done_callback(self._flush)

    def _flush(self, _: asyncio.Task[bytes]) -> None:
        answers = []
        while self._begun and self._begun[0][0].done():
            answers.append(self._result(*self._begun.popleft()))
        if self._transport is not None and answers:
            self._transport.write(b"".join(answers))
        self._begin()
        self._pace()
        if self._ended and not self._begun and not self._waiting:
            self.hang_up()

    def _pace(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._ended:
            return
        full = self._slow_peer or bool(self._waiting)
        if full and not self._paused:
            transport.pause_reading()
        elif self._paused and not full:
            transport.resume_reading()
        self._paused = full

    def _result(self, task: asyncio.Task[bytes], event: Broken | Frame) -> bytes:
        if not task.cancelled() and task.exception() is None:
            return task.result()
        now = self.listener.inbound.now
        raw = event.raw if isinstance(event, Frame) else event.head
        code, answer = answer_failed(raw, now=now, control_id=self.listener.control_id(now()))
        self._count(code)
        return frame(answer)

    async def _answer(self, event: Broken | Frame) -> bytes:
        inbound = self.listener.inbound
        control_id = self.listener.control_id(inbound.now())
        if isinstance(event, Frame):
            code, answer = await answer_frame(
                event.raw,
                connection=inbound.connection,
                receive=inbound.receive,
                now=inbound.now,
                control_id=control_id,
            )
        else:
            code, answer = answer_broken(event, now=inbound.now, control_id=control_id)
        self._count(code)
        return frame(answer)

    def _count(self, outcome: str) -> None:
        observer = self.listener.inbound.observer
        if observer is not None:
            labels = {"connection": self.listener.inbound.connection, "outcome": outcome}
            observer.count("carelane_mllp_frames", labels)


def require_encrypted(host: str, tls: ssl.SSLContext | None) -> None:
    """Refuse an address beyond this machine without TLS: raises `NotEncrypted`."""
    if tls is None and not _loopback(host):
        raise NotEncrypted(f"refusing to listen on {host} without TLS: set tls_certificate")


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
