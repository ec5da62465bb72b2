"""The header (MSH) read from bytes without touching the rest: for receiving and decoding."""

from dataclasses import dataclass

from carelane.connect.hl7v2.codec.escapes import unescape
from carelane.connect.hl7v2.codec.problems import HEADER_BYTES_MAX, note, utf16
from carelane.connect.hl7v2.codec.separators import Separators, separators_of
from carelane.facts.problem import Problem

_BOM = b"\xef\xbb\xbf"
_AROUND = b"\x0b\x1c\r\n \t"
_FIELD_OF_CHARSET = 18
_CODE_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """MSH by HL7 field number (`fields[3]` is MSH-3), still as sent."""

    separators: Separators
    fields: tuple[str, ...]

    def raw(self, field: int) -> str:
        """A field as sent, empty where absent."""
        return self.fields[field] if field < len(self.fields) else ""

    def first(self, field: int, component: int = 1) -> str:
        """A component of the first repetition, as sent."""
        parts = (
            self.raw(field).split(self.separators.repetition)[0].split(self.separators.component)
        )
        return parts[component - 1] if component <= len(parts) else ""

    @property
    def charset(self) -> str:
        """MSH-18, the first repetition."""
        raw = self.raw(_FIELD_OF_CHARSET).split(self.separators.repetition)[0]
        return unescape(raw, self.separators)

    @property
    def trigger(self) -> str:
        """Message type and event, as in `ADT^A01`."""
        return f"{coded(self.first(9))}^{coded(self.first(9, 2))}"


def coded(text: str) -> str:
    """A type or event of HL7 tables 0076 and 0003: up to three letters and digits; else `?`.

    It stands in clear with the message and in the answer, so it may be nothing else than a code.
    """
    return (
        text if not text or (len(text) <= _CODE_MAX and text.isascii() and text.isalnum()) else "?"
    )


def bare(raw: bytes) -> tuple[bytes, tuple[Problem, ...]]:
    """The bytes from the header on: without byte-order mark, framing or blanks before it."""
    if raw.startswith(b"MSH"):
        return raw, ()
    body = raw.lstrip(_AROUND)
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body, (utf16(),)
    if not body.startswith(_BOM):
        return body, ()
    found = note("byte-order-mark", "message", "A byte-order mark before the header was skipped.")
    return body[len(_BOM) :].lstrip(_AROUND), (found,)


def header_of(body: bytes) -> Header | None:
    """The header at the start of `body`; None where there is none that can be read."""
    if not body.startswith(b"MSH"):
        return None
    head = body[:HEADER_BYTES_MAX].split(b"\r", 1)[0].split(b"\n", 1)[0]
    text = head.decode("iso8859-1")
    mark = text[3:4]
    if not mark:
        return None
    parts = text.split(mark)
    separators = separators_of(mark, parts[1])
    if separators is None:
        return None
    return Header(separators=separators, fields=("MSH", mark, *parts[1:]))
