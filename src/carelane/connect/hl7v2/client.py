"""MLLP client: one connection, one message at a time, and honesty about what is not known.

`NotSent` means that no byte of the message left; `NoAnswer` that it may have arrived. A connection
is dropped after any trouble, so that a late answer is never taken for another message's.
"""

import asyncio
import ssl
from dataclasses import dataclass, field

from carelane.connect.hl7v2.codec import Frame, Framer, envelope, frame, parse
from carelane.facts.errors import RemoteFault

_CHUNK_BYTES = 65_536
_ANSWER_BYTES_MAX = 1024 * 1024


class NotSent(RemoteFault):
    """The other side can't be reached; nothing was sent. Check host, port and certificates."""

    code = "hl7v2-not-sent"


class NoAnswer(RemoteFault):
    """No acknowledgement came in time; the message may or may not have arrived."""

    code = "hl7v2-no-answer"


@dataclass(eq=False, kw_only=True)
class Client:
    """A sender of messages. `connect_s` and `answer_s` are time limits in seconds."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    connect_s: float = 5.0
    answer_s: float = 30.0
    _reader: asyncio.StreamReader | None = field(default=None, init=False)
    _writer: asyncio.StreamWriter | None = field(default=None, init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def send(self, raw: bytes) -> bytes:
        """Send one message and return its acknowledgement. Raises `NotSent` or `NoAnswer`."""
        control_id = envelope(raw).control_id
        async with self._turn:
            reader, writer = await self._connected()
            try:
                async with asyncio.timeout(self.answer_s):
                    writer.write(frame(raw))
                    await writer.drain()
                    return await _answer(reader, control_id)
            except (OSError, TimeoutError, EOFError) as fault:
                await self._drop()
                raise NoAnswer("the message was sent, but no acknowledgement came") from fault
            except BaseException:
                await self._drop()
                raise

    async def close(self) -> None:
        """Let go of the socket."""
        async with self._turn:
            await self._drop()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is not None and self._writer is not None:
            if not self._reader.at_eof() and not self._writer.is_closing():
                return self._reader, self._writer
            await self._drop()
        try:
            async with asyncio.timeout(self.connect_s):
                self._reader, self._writer = await asyncio.open_connection(
                    self.host,
                    self.port,
                    ssl=self.tls,
                    server_hostname=(self.server_name or self.host) if self.tls else None,
                )
        except (OSError, TimeoutError) as fault:  # ssl.SSLError is an OSError
            raise NotSent("no connection could be made, so nothing was sent") from fault
        return self._reader, self._writer

    async def _drop(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is None:
            return
        writer.transport.abort()
        try:
            await writer.wait_closed()
        except OSError:
            return


async def _answer(reader: asyncio.StreamReader, control_id: str | None) -> bytes:
    framer = Framer(_ANSWER_BYTES_MAX)
    while True:
        data = await reader.read(_CHUNK_BYTES)
        if not data:
            raise EOFError
        for event in framer.receive(data):
            if isinstance(event, Frame) and _answers(event.raw, control_id):
                return event.raw


def _answers(raw: bytes, control_id: str | None) -> bool:
    message, _ = parse(raw)
    if message is None:
        return False
    named = message.get("MSA", 2)
    return named is None or control_id is None or named == control_id
