"""A parsed message: segments as text, split only where something is read.

`get` answers None for what is absent and an empty text for the HL7 null (`""`, "delete what you
have"). Made by `reading.parse` and `building.compose`; written out by `building.build`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import final

from carelane.connect.hl7v2.codec.escapes import NULL, unescape
from carelane.connect.hl7v2.codec.header import coded
from carelane.connect.hl7v2.codec.separators import STANDARD, Separators

HEADERS = frozenset({"MSH", "FHS", "BHS"})


@final
class Repetition:
    """One repetition of a field: components and subcomponents, still as sent, split when one is asked for."""

    __slots__ = ("_charset", "_parts", "_plain", "_separators", "raw")

    def __init__(self, raw: str, separators: Separators, charset: str) -> None:
        self.raw = raw
        self._separators = separators
        self._charset = charset
        self._parts: list[str] | None = None
        self._plain = (
            separators.subcomponent not in raw and separators.escape not in raw and NULL not in raw
        )

    @property
    def usual(self) -> bool:
        """Whether `raw` alone says all: the usual separators, no escapes, nulls or subcomponents."""
        return self._plain and self._separators is STANDARD

    def get(self, component: int = 1, subcomponent: int = 1) -> str | None:
        """One component's (sub)value; None where absent, empty where the sender wrote null."""
        parts = self._parts
        if parts is None:
            parts = self._parts = self.raw.split(self._separators.component)
        if component > len(parts):
            return None
        raw = parts[component - 1]
        if self._plain:
            return (raw or None) if subcomponent == 1 else None
        separators = self._separators
        if separators.subcomponent in raw:
            pieces = raw.split(separators.subcomponent, subcomponent)
            raw = pieces[subcomponent - 1] if subcomponent <= len(pieces) else ""
        elif subcomponent != 1:
            return None
        return _value(raw, separators, self._charset)

    def texts(self, number: int) -> list[str | None]:
        """The first so many components, trimmed; None where absent, null or blank."""
        if not self._plain:
            given = (self.get(at) for at in range(1, number + 1))
            return [(text.strip() or None) if text else None for text in given]
        parts = self.raw.split(self._separators.component)
        found = [part.strip() or None for part in parts[:number]]
        return found + [None] * (number - len(found))

    def whole(self) -> str | None:
        """All of it as text, delimiters kept: for free text whose sender forgot to escape them."""
        return _value(self.raw, self._separators, self._charset)


@final
class Segment:
    """One segment; `position` counts segments of the message from 0."""

    __slots__ = ("_charset", "_fields", "name", "position", "separators", "text")

    def __init__(self, text: str, separators: Separators, charset: str, position: int) -> None:
        self.text = text
        self.name = text[:3]
        self.separators = separators
        self.position = position
        self._charset = charset
        self._fields: list[str] | None = None

    def fields(self) -> list[str]:
        """Raw fields by their HL7 number; number 0 is the segment's name."""
        if self._fields is None:
            fields = self.text.split(self.separators.field)
            if self.name in HEADERS:
                fields.insert(1, self.separators.field)
            self._fields = fields
        return self._fields

    def raw(self, field: int) -> str:
        """A field as sent, empty where absent."""
        fields = self._fields or self.fields()
        return fields[field] if field < len(fields) else ""

    def get(self, field: int, component: int = 1, subcomponent: int = 1) -> str | None:
        """A value of the field's first repetition; None where absent, empty where null."""
        fields = self._fields or self.fields()
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return None
        if self.name in HEADERS and field <= 2:  # noqa: PLR2004  # MSH-1 and MSH-2 are the separators
            return raw
        separators = self.separators
        if separators.repetition in raw:
            raw = raw[: raw.index(separators.repetition)]
        if separators.component in raw:
            parts = raw.split(separators.component, component)
            raw = parts[component - 1] if component <= len(parts) else ""
        elif component != 1:
            return None
        if separators.subcomponent in raw:
            parts = raw.split(separators.subcomponent, subcomponent)
            raw = parts[subcomponent - 1] if subcomponent <= len(parts) else ""
        elif subcomponent != 1:
            return None
        if separators.escape in raw or raw == NULL:
            return _value(raw, separators, self._charset)
        return raw or None

    def first(self, field: int) -> Repetition | None:
        """The field's first repetition that is not empty."""
        fields = self._fields or self.fields()
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return None
        if self.separators.repetition in raw:
            raw = next((part for part in raw.split(self.separators.repetition) if part), "")
        return Repetition(raw, self.separators, self._charset) if raw else None

    def repetitions(self, field: int) -> tuple[Repetition, ...]:
        """All repetitions of a field that are not empty."""
        fields = self._fields or self.fields()
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return ()
        if self.separators.repetition not in raw:
            return (Repetition(raw, self.separators, self._charset),)
        parts = raw.split(self.separators.repetition)
        return tuple(Repetition(part, self.separators, self._charset) for part in parts if part)

    def whole(self, field: int) -> str | None:
        """A field as one text, stray delimiters kept; repetitions become lines."""
        parts = [part.whole() or "" for part in self.repetitions(field)]
        return "\n".join(parts) if parts else None


@final
@dataclass(slots=True, unsafe_hash=True)
class Message:
    """A message: its segments as text, its separators, and the character set it was read with."""

    lines: tuple[str, ...] = field(repr=False)
    separators: Separators
    charset: str = field(compare=False)
    _index: dict[str, list[Segment]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __iter__(self) -> Iterator[Segment]:
        made = [segment for found in self._named().values() for segment in found]
        return iter(sorted(made, key=_position))

    def segment(self, name: str) -> Segment | None:
        """The first segment of that name."""
        found = (self._index or self._named()).get(name)
        return found[0] if found else None

    def segments(self, name: str) -> Sequence[Segment]:
        """All segments of that name, in order."""
        return (self._index or self._named()).get(name, ())

    def get(self, name: str, field: int, component: int = 1, subcomponent: int = 1) -> str | None:
        """A value of the first segment of that name; None where anything on the way is absent."""
        found = (self._index or self._named()).get(name)
        return found[0].get(field, component, subcomponent) if found else None

    @property
    def trigger(self) -> str:
        """Message type and event, as in `ADT^A01`; empty parts where the header lacks them."""
        return f"{coded(self.get('MSH', 9, 1) or '')}^{coded(self.get('MSH', 9, 2) or '')}"

    def _named(self) -> dict[str, list[Segment]]:
        index = self._index
        if index is None:
            index = {}
            for position, line in enumerate(self.lines):
                segment = Segment(line, self.separators, self.charset, position)
                found = index.get(segment.name)
                if found is None:
                    index[segment.name] = [segment]
                else:
                    found.append(segment)
            self._index = index
        return index


def _position(segment: Segment) -> int:
    return segment.position


def _value(raw: str, separators: Separators, charset: str) -> str | None:
    if not raw:
        return None
    if raw == NULL:
        return ""
    return unescape(raw, separators, charset)
