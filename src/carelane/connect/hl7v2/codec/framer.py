"""MLLP frames out of arbitrary chunks (HL7 transport, release 2): bytes in, events out.

A frame is VT, message, FS, CR. FS alone ends a frame too; what follows up to the next VT is
skipped.
A new VT inside a frame means that the end of the one before was lost. Memory stays under
`bytes_max` and one chunk. The socket's half is `carelane.connect.hl7v2.transport`.
"""

from dataclasses import dataclass, field
from typing import TypeAlias, final

from carelane.connect.hl7v2.codec.problems import BYTES_MAX, HEADER_BYTES_MAX

START = b"\x0b"
END = b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole message."""

    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """A frame that can't be taken: `too-large` or `unfinished`; `head` lets it be answered."""

    reason: str
    head: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes between frames that are neither CR nor LF; counted and dropped."""

    length: int


Event: TypeAlias = Frame | Broken | Garbage


def frame(raw: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + raw + END


@final
class Framer:
    """Feed it what the socket gave; it answers with the events that are complete."""

    __slots__ = ("_body", "_bytes_max", "_inside", "_oversize")

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._body = bytearray()
        self._inside = False
        self._oversize = False

    def receive(self, data: bytes) -> list[Event]:
        """Events completed by `data`, in order."""
        events: list[Event] = []
        at = 0
        while at < len(data):
            at = self._within(data, at, events) if self._inside else self._between(data, at, events)
        return events

    def close(self) -> list[Event]:
        """The connection has ended: what was left unfinished."""
        left = bytes(self._body[:HEADER_BYTES_MAX])
        inside, self._inside = self._inside, False
        self._body.clear()
        return [Broken("unfinished", left)] if inside else []

    def _between(self, data: bytes, at: int, events: list[Event]) -> int:
        start = data.find(START, at)
        skipped = data[at : start if start >= 0 else len(data)]
        useless = len(skipped.strip(b"\r\n"))
        if useless:
            events.append(Garbage(useless))
        if start < 0:
            return len(data)
        self._inside = True
        self._oversize = False
        self._body.clear()
        return start + 1

    def _within(self, data: bytes, at: int, events: list[Event]) -> int:
        stop = data.find(b"\x1c", at)
        again = data.find(START, at, stop if stop >= 0 else len(data))
        if again >= 0:
            self._take(data, at, again)
            reason = "too-large" if self._oversize else "unfinished"
            events.append(Broken(reason, bytes(self._body[:HEADER_BYTES_MAX])))
            self._body.clear()
            self._oversize = False
            return again + 1
        if stop < 0:
            self._take(data, at, len(data))
            return len(data)
        self._finish(data, at, stop, events)
        return stop + 1

    def _finish(self, data: bytes, at: int, stop: int, events: list[Event]) -> None:
        if not self._body and not self._oversize and stop - at <= self._bytes_max:
            events.append(Frame(data[at:stop]))
        else:
            self._take(data, at, stop)
            body = bytes(self._body)
            events.append(Broken("too-large", body) if self._oversize else Frame(body))
        self._body.clear()
        self._inside = False

    def _take(self, data: bytes, at: int, end: int) -> None:
        if self._oversize:
            return
        if len(self._body) + end - at > self._bytes_max:
            self._body += data[at : at + HEADER_BYTES_MAX]
            del self._body[HEADER_BYTES_MAX:]
            self._oversize = True
            return
        self._body += data[at:end]
