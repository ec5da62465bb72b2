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

from carelane.cases.model import Clock, Moved, OpenStep, OwnerRef, RegionView, Undo
from carelane.facts.errors import LocalFault
from carelane.facts.fact import Payload, Urgency
from carelane.pathways.guard import Value

SHAPE = 3
"""The newest. A row is written with the least number that can say it: 2 in blocks, 3 for a case that moved."""


class UnknownShape(LocalFault):
    """A row was written by a newer Carelane: run that version, or restore the matching backup."""

    code = "unknown-shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedShape:
    """What a case was before it moved to its release."""

    release: str
    version: str
    revision: int
    steps: tuple[OpenStep, ...]
    after: tuple[OpenStep, ...]
    status: str
    milestone: str
    urgency: Urgency
    values: dict[str, tuple[str, str | int | float | bool | None]] = field(default_factory=dict)
    regions: dict[str, RegionView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseShape:
    """The clear part of a case. `values` are tagged, because JSON has no dates: `["c", "urgent"]`, `["i", "..."]`."""

    v: int = 1
    values: dict[str, tuple[str, str | int | float | bool | None]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    stale: dict[str, datetime] = field(default_factory=dict)
    undo: Undo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlocksShape(CaseShape):
    """Shape 2: a case whose regions are open, or that owes the undoing of effects."""

    v: int = 2
    regions: dict[str, RegionView] = field(default_factory=dict)
    owed: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WanderedShape(BlocksShape):
    """Shape 3: a case that went to another release, and may still go back."""

    v: int = 3
    moved: MovedShape | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FarUndoShape(WanderedShape):
    """A shape with an undo that brings back more than one wait, or is refused.

    Its number is that of the shape without it: a program that does not know it reads the rest, and takes nothing back.
    """

    undo_far: Undo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShape:
    """Owner and clock of a step, whole."""

    owner: OwnerRef
    clock: Clock
    task_name: str = ""
    v: int = 1


_case = msgspec.json.Decoder(FarUndoShape)
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


def moved_shape(moved: Moved | None) -> MovedShape | None:
    """What a case was, as stored."""
    if moved is None:
        return None
    return MovedShape(
        release=moved.release, version=moved.version, revision=moved.revision, steps=moved.steps, after=moved.after,
        status=moved.status, milestone=moved.milestone, urgency=moved.urgency,
        values={name: tag(value) for name, value in moved.values.items()}, regions=dict(moved.regions),
    )  # fmt: skip


def moved_of(shape: MovedShape | None) -> Moved | None:
    """What a case was, as the core knows it."""
    if shape is None:
        return None
    return Moved(
        release=shape.release, version=shape.version, revision=shape.revision, steps=shape.steps, after=shape.after,
        status=shape.status, milestone=shape.milestone, urgency=shape.urgency,
        values={name: untag(pair) for name, pair in shape.values.items()}, regions=shape.regions,
    )  # fmt: skip


def decode_case(raw: bytes | str) -> FarUndoShape:
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
