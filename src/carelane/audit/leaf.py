"""Audit leaves: what one committed transaction did, as canonical JSON without patient data.

A leaf's body (all instants `2026-11-23T11:40:52.123456Z`, all ids lower-case UUIDs):

    {"v": 1, "id": ..., "organisation": ..., "at": ..., "action": "fact.decided",
     "actor": {"kind": "person", "name": "nurse.adams"},
     "subject": ..., "case": ..., "correlation": ..., "purpose": "TREAT",      (where it applies)
     "changes": [["fact", id, "pending", "applied"], ["case", id, "", "open", {"pathway": ...}]]}

A change is `[thing, id, from, to]` with an optional object of codes and counts. `from` is empty for
what is new. For messages, facts, cases and effects the chain of `from` and `to` is unbroken, and
that is why the exported audit alone gives the four laws (`recount`, SEMANTICS 10). Every change of
a transaction stands in exactly one leaf (I4). `tree` hashes the bytes; `store` writes them.

Canonical form: RFC 8785. No floats, no text by hand: ids, codes, counts and keyed hashes only.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import rfc8785

from carelane.audit.actions import Action
from carelane.facts.fact import Actor, Json

VERSION = 1
Detail: TypeAlias = Mapping[str, str | int | bool | Sequence[str]]

_KEYS = frozenset({"v", "id", "organisation", "at", "action", "actor", "subject", "case", "purpose",
                   "correlation", "changes", "detail"})  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/@^+=|#-]{0,199}", re.ASCII)
_HASH = re.compile(r"[0-9a-f]{32,128}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_NUMBERISH = re.compile(r"\d{6,}", re.ASCII)


class Thing(StrEnum):
    """What a change is about. The first four are counted by the four laws."""

    MESSAGE = "message"  # pending, facts, no mapping, quarantined, rejected
    FACT = "fact"  # pending, applied, ignored, held, parked
    CASE = "case"  # open, closed
    EFFECT = "effect"  # ready, sending, unknown, done, withdrawn, dead
    REPEAT = "repeat"  # a message accepted once and sent again: its id, and `seen`
    STEP = "step"
    TASK = "task"
    SUBJECT = "subject"
    IDENTITY = "identity"
    HANDOVER = "handover"
    THREAD = "thread"
    NOTICE = "notice"
    RELEASE = "release"
    ACTIVATION = "activation"
    ACCOUNT = "account"
    SESSION = "session"
    SITE = "site"
    CONNECTION = "connection"


COUNTED: Mapping[Thing, tuple[str, ...]] = {
    Thing.MESSAGE: ("pending", "facts", "no mapping", "quarantined", "rejected"),
    Thing.FACT: ("pending", "applied", "ignored", "held", "parked"),
    Thing.CASE: ("open", "closed"),
    Thing.EFFECT: ("ready", "sending", "unknown", "done", "withdrawn", "dead"),
}
"""The states that the four laws know, by thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing before and after. `before` is empty for what is new."""

    thing: Thing
    id: UUID | str
    before: str = ""
    after: str
    detail: Detail = field(default_factory=dict)

    def row(self) -> list[Json]:
        """`[thing, id, from, to]`, and the detail where there is one."""
        row: list[Json] = [self.thing.value, str(self.id), self.before, self.after]
        return [*row, dict(self.detail)] if self.detail else row


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One leaf. `id` is derived by whoever writes it (from the fact, the message, the request)."""

    id: UUID
    organisation: UUID
    at: datetime
    action: Action
    actor: Actor
    actor_name: str = ""
    changes: tuple[Change, ...] = ()
    subject: UUID | None = None
    case: UUID | None = None
    correlation: UUID | None = None
    purpose: str = ""
    detail: Detail = field(default_factory=dict)


def body(leaf: Leaf) -> dict[str, Json]:
    """The JSON object of a leaf; absent parts are left out."""
    optional: dict[str, Json] = {
        "subject": str(leaf.subject or ""),
        "case": str(leaf.case or ""),
        "correlation": str(leaf.correlation or ""),
        "purpose": leaf.purpose,
        "detail": dict(leaf.detail),
    }
    return {
        "v": VERSION,
        "id": str(leaf.id),
        "organisation": str(leaf.organisation),
        "at": instant(leaf.at),
        "action": leaf.action.value,
        "actor": {"kind": leaf.actor.value, "name": leaf.actor_name},
        "changes": [change.row() for change in leaf.changes],
        **{name: value for name, value in optional.items() if value},
    }


def encode(leaf: Leaf) -> bytes:
    """The bytes that are stored and hashed."""
    return canonical(body(leaf))


def canonical(value: Mapping[str, Json]) -> bytes:
    """RFC 8785 bytes of a JSON object."""
    return rfc8785.dumps(value)


def instant(at: datetime) -> str:
    """The one form of an instant in leaves: UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def faults(value: Mapping[str, Json]) -> tuple[str, ...]:
    """What a leaf may not hold, as sentences with places and no values: the redaction check.

    A text passes if it is an id, an instant, a keyed hash or a short code; a run of six or more
    digits in a code could be a record number and is refused.
    """
    found = [f"{name}: not a part of a leaf" for name in value if name not in _KEYS]
    if value.get("action") not in {each.value for each in Action}:
        found.append("action: not in the vocabulary")
    found.extend(f"{place}: {why}" for place, text in _texts(value, "") if (why := _fault(text)))
    return tuple(found)


def _texts(value: Json, place: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, f"{place}.{name}".lstrip("."))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{number}]")
    else:
        yield place, value


def _fault(value: Json) -> str:
    if isinstance(value, float):
        return "a float: write a count or a code"
    if not isinstance(value, str) or value == "":
        return ""
    if _UUID.fullmatch(value) or _INSTANT.fullmatch(value) or _HASH.fullmatch(value):
        return ""
    if not _CODE.fullmatch(value):
        return "free text: leaves hold ids, codes, counts and keyed hashes"
    return (
        "digits that could be a record number: write a keyed hash"
        if _NUMBERISH.search(value)
        else ""
    )
