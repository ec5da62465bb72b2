"""Facts: one canonical thing that happened, immutable, whatever format it came in.

A mapper makes `Draft`s (no ids, no subject yet); `intake` identifies them and makes `Fact`s.
Payloads are JSON objects of FHIR R4 shaped resources by role, for example
`{"patient": {Patient}, "request": {ServiceRequest}, "result": {DiagnosticReport, "observation": [...]},
"encounter": {...}, "appointment": {...}, "task": {"outcome": ..., "form": {...}}}`; see `docs/reference/facts.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TypeAlias
from uuid import UUID

from carelane.facts.phi import Phi

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
Payload: TypeAlias = Mapping[str, Json]


class Urgency(IntEnum):
    """How soon work must be seen; ordered, so that rules can only raise it. Names follow FHIR RequestPriority."""

    ROUTINE = 0
    URGENT = 1
    ASAP = 2
    STAT = 3


class SubjectKind(StrEnum):
    """What facts are ordered by."""

    PATIENT = "patient"
    SLOT = "slot"
    CONNECTION = "connection"
    SHARED = "shared"


class Actor(StrEnum):
    """Who caused a fact."""

    SYSTEM = "system"  # an outside system, by a message
    PERSON = "person"
    CLOCK = "clock"
    EFFECT = "effect"
    CARELANE = "carelane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A source identifier: the assigning authority and the value as sent. Never printed."""

    authority: str
    value: str = field(repr=False)
    type: str = "MR"  # HL7 table 0203


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What an identity message says: the identifiers that survive, those that don't, and which way.

    `kind` is `merge` (A40), `link` (A24) or `unlink` (A37).
    """

    kind: str
    survivor: tuple[Identifier, ...]
    retired: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a mapper understood of a message: a fact before identity.

    `keys` are correlation values as sent (`placer_order`, `filler_order`, `referral`, `appointment`,
    `encounter`, `document`, `slot`), still in clear: only intake sees them, it stores keyed hashes.
    `occurred_at` is the source's event time (UTC). `entity` names the key that staleness is judged by.
    """

    type: str
    occurred_at: datetime | None
    payload: Phi[Payload]
    subject: SubjectKind = SubjectKind.PATIENT
    identifiers: tuple[Identifier, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    entity: str | None = None
    urgency: Urgency = Urgency.ROUTINE
    site: str | None = None
    service_line: str | None = None
    merge: Merge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A fact on a subject. `keys` are keyed hashes (hex), safe to compare and to store in clear.

    `recorded_at` is when we stored it: it, not `occurred_at`, decides races with clocks.
    `identity` is the source identity whose key encrypts the payload. `refers` holds our own ids
    (`case`, `step`, `task`, `effect`) where the fact is about our own work. `correlation` goes from
    first byte to last effect. `origin` is the message, effect or person it came from.
    """

    id: UUID
    type: str
    subject: UUID
    organisation: UUID
    occurred_at: datetime
    recorded_at: datetime
    payload: Phi[Payload]
    keys: Mapping[str, str] = field(default_factory=dict)
    refers: Mapping[str, UUID] = field(default_factory=dict)
    entity: str | None = None
    urgency: Urgency = Urgency.ROUTINE
    actor: Actor = Actor.SYSTEM
    actor_name: str = ""
    identity: UUID | None = None
    connection: str | None = None
    origin: UUID | None = None
    correlation: UUID | None = None
    site: str | None = None
    service_line: str | None = None
