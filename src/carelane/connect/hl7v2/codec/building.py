"""A `Message` from values, and its bytes: `parse(build(message))` gives the message back.

Values are texts; None is absent, an empty text is the HL7 null. A field is a value, a tuple of
components (each a value, or a tuple of subcomponents), or a list of such repetitions.
"""

from collections.abc import Sequence
from typing import TypeAlias

from carelane.connect.hl7v2.codec.charsets import declaration_of
from carelane.connect.hl7v2.codec.escapes import NULL, escape
from carelane.connect.hl7v2.codec.message import HEADERS, Message
from carelane.connect.hl7v2.codec.problems import BYTES_MAX
from carelane.connect.hl7v2.codec.separators import STANDARD, Separators
from carelane.facts.errors import LocalFault

Value: TypeAlias = str | None
Component: TypeAlias = Value | tuple[Value, ...]
Field: TypeAlias = Value | tuple[Component, ...] | list[Value | tuple[Component, ...]]


class Unbuildable(LocalFault):
    """A message to be sent breaks the codec's limits: read what it says and report the defect."""

    code = "hl7v2-unbuildable"


def compose(
    *segments: tuple[str, Sequence[Field]],
    separators: Separators = STANDARD,
    charset: str = "utf-8",
) -> Message:
    """A message of (name, fields) pairs. MSH fields begin with MSH-3; MSH-18 is filled in."""
    lines = [segment_text(name, fields, separators=separators) for name, fields in segments]
    if not lines or not lines[0].startswith("MSH"):
        raise Unbuildable("a message begins with MSH")
    declared = declaration_of(charset)
    if declared:
        header = lines[0].split(separators.field)
        header += [""] * (18 - len(header))
        header[17] = header[17] or escape(declared, separators)
        lines[0] = separators.field.join(header)
    return Message(tuple(lines), separators, charset)


def segment_text(name: str, fields: Sequence[Field], *, separators: Separators = STANDARD) -> str:
    """One segment as text. For MSH, FHS and BHS the fields begin with number 3."""
    if len(name) != 3 or not (name.isascii() and name.isalnum() and name.isupper()):  # noqa: PLR2004  # names have 3
        raise Unbuildable("a segment name is three capital letters or digits")
    parts = [name, *(_field(value, separators) for value in fields)]
    if name in HEADERS:
        parts.insert(1, separators.encoding)
    while len(parts) > 2 and not parts[-1]:  # noqa: PLR2004  # the name and one field stay
        parts.pop()
    text = separators.field.join(parts)
    return text if len(parts) > 1 else text + separators.field


def build(message: Message) -> bytes:
    """The message as bytes in its character set, each segment ended by CR."""
    try:
        raw = ("\r".join(message.lines) + "\r").encode(message.charset)
    except UnicodeEncodeError as fault:
        raise Unbuildable(f"the text does not fit into {message.charset}; use UTF-8") from fault
    if len(raw) > BYTES_MAX:
        raise Unbuildable(f"the message is larger than {BYTES_MAX} bytes")
    return raw


def _field(value: Field, separators: Separators) -> str:
    if isinstance(value, list):
        return separators.repetition.join(_repetition(each, separators) for each in value)
    return _repetition(value, separators)


def _repetition(value: Value | tuple[Component, ...], separators: Separators) -> str:
    if isinstance(value, tuple):
        parts = [_component(each, separators) for each in value]
        return _joined(parts, separators.component)
    return _text(value, separators)


def _component(value: Component, separators: Separators) -> str:
    if isinstance(value, tuple):
        return _joined([_text(each, separators) for each in value], separators.subcomponent)
    return _text(value, separators)


def _text(value: Value, separators: Separators) -> str:
    if value is None:
        return ""
    return escape(value, separators) if value else NULL


def _joined(parts: list[str], mark: str) -> str:
    while parts and not parts[-1]:
        parts.pop()
    return mark.join(parts)
