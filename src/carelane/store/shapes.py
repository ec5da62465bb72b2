"""Stored shapes of cases, clocks and payloads, with a number; old numbers stay readable for ever.

JSON by msgspec. Only codes, counts, tokens and instants are stored in clear; copied fields and payloads
are sealed by the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from carelane.cases.model import Clock, OwnerRef, Undo
from carelane.facts.errors import LocalFault
from carelane.facts.fact import Payload
from carelane.pathways.guard import Value

SHAPE = 1


class UnknownShape(LocalFault):
    """A row was written by a newer Carelane: run that version, or restore the matching backup."""

    code = "unknown-shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseShape:
    """The clear part of a case. `values` are tagged, because JSON has no dates: `["c", "urgent"]`, `["i", "..."]`."""

    v: int = SHAPE
    values: dict[str, tuple[str, str | int | float | bool | None]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    stale: dict[str, datetime] = field(default_factory=dict)
    undo: Undo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """Owner and clock of a step, whole."""

    owner: OwnerRef
    clock: Clock
    task_name: str = ""
    v: int = SHAPE


_case = msgspec.json.Decoder(CaseShape)
_step = msgspec.json.Decoder(StepShape)
_json = msgspec.json.Decoder()
encode = msgspec.json.encode
_LETTERS: Mapping[type, str] = {type(None): "n", bool: "b", str: "c", int: "f", float: "f"}


def tag(value: Value | None) -> tuple[str, str | int | float | bool | None]:
    """A value with its type letter: n(one), b(oolean), c(ode), f(number), d(ate), i(nstant)."""
    if isinstance(value, date):
        return ("i" if isinstance(value, datetime) else "d", value.isoformat())
    return (_LETTERS[value.__class__], value)


def untag(pair: tuple[str, Any]) -> Value | None:
    """The value of a tagged pair."""
    letter, value = pair
    if letter == "i":
        return datetime.fromisoformat(value)
    if letter == "d":
        return date.fromisoformat(value)
    checked: Value | None = value
    return checked


def decode_case(raw: bytes | str) -> CaseShape:
    """A stored case shape of any number up to ours."""
    shape = _case.decode(raw)
    if shape.v > SHAPE:
        raise UnknownShape(f"case shape {shape.v} is newer than {SHAPE}")
    return shape


def decode_step(raw: bytes | str) -> StepShape:
    """A stored step shape of any number up to ours."""
    shape = _step.decode(raw)
    if shape.v > SHAPE:
        raise UnknownShape(f"step shape {shape.v} is newer than {SHAPE}")
    return shape


def decode_payload(raw: bytes) -> Payload:
    """A fact's payload or a case's copied fields: a JSON object."""
    payload: Payload = _json.decode(raw)
    return payload


def canonical(body: Mapping[str, object]) -> bytes:
    """RFC 8785 bytes of a leaf: sorted keys, no spaces. Leaves hold no floats, so msgspec's form is canonical."""
    return msgspec.json.encode(body, order="sorted")


def ids(values: Mapping[str, str]) -> dict[str, UUID]:
    """Stored references to our own ids."""
    return {name: UUID(value) for name, value in values.items()}
