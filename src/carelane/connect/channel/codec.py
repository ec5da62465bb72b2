"""Bytes to a typed message, or what is wrong with them: the field, why, and the remedy; never the value. Pure."""

import re
from typing import Final

import msgspec

from carelane.connect.channel.schema import CHANNELS, Said
from carelane.facts.problem import Problem

_DECODERS: Final = {name: msgspec.json.Decoder(type_) for name, type_ in CHANNELS.items()}
_PLACE: Final = re.compile(r" - at `(?:key in )?(\$[^`]*)`$")
_NAME: Final = re.compile(r"field `([A-Za-z_]{1,40})`")
_EXPECTED: Final = re.compile(
    r"^Expected `[a-z0-9 |]{1,60}`(?:, got `[a-z]{1,20}`)?(?: of length (?:<=|>=) \d+)?"
)
_SEE = "Compare it with the schema: GET this address."


def decode(channel: str, raw: bytes) -> tuple[Said | None, tuple[Problem, ...]]:
    """The message, or the first thing that is wrong. Never raises on bad bytes."""
    try:
        return _DECODERS[channel].decode(raw), ()
    except msgspec.ValidationError as fault:
        return None, (_problem(str(fault)),)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, (UNREADABLE,)


def id_of(raw: bytes) -> str | None:
    """The message's own number, even where the rest can't be used."""
    try:
        return msgspec.json.decode(raw, type=_Head).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def language_of(raw: bytes) -> str:
    """The two letters of the language that the patient is said to speak; empty where none is."""
    try:
        spoken = msgspec.json.decode(raw, type=_Spoken).patient.language
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return spoken.partition("-")[0].lower()


class _Head(msgspec.Struct):
    id: str


class _Speaks(msgspec.Struct):
    language: str = ""


class _Spoken(msgspec.Struct):
    patient: _Speaks


UNREADABLE = Problem(
    code="channel.not-json",
    place="$",
    message="The bytes are no JSON document.",
    remedy="Send one JSON object in UTF-8, as `application/json`.",
)


def _problem(fault: str) -> Problem:
    """A decoder's sentence without the value it may hold."""
    found = _PLACE.search(fault)
    place, text = (found[1], fault[: found.start()]) if found else ("$", fault)
    named = _NAME.search(text)
    field = f"{place}.{named[1]}" if named else place
    if text.startswith("Object missing"):
        return _wrong("missing", field, "This field must be there.", f"Add it. {_SEE}")
    if text.startswith("Object contains"):
        return _wrong(
            "unknown-field", field, "This field means nothing here.", f"Leave it out. {_SEE}"
        )
    if text.startswith("Invalid enum"):
        return _wrong("not-listed", place, "This value is not one of those allowed.", _SEE)
    expected = _EXPECTED.match(text)
    said = f"{expected[0]}." if expected else "This value is not as it must be."
    return _wrong("wrong", place, said, f"Correct it. {_SEE}")


def _wrong(code: str, place: str, message: str, remedy: str) -> Problem:
    return Problem(code=f"channel.{code}", place=place, message=message, remedy=remedy)
