"""The small ports between rooms: what an adapter must offer, and where measurements go."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

from carelane.facts.fact import Draft, Json
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.problem import Problem


class Observer(Protocol):
    """Where measurements go. Labels come from closed vocabularies: never patient data, never free text."""

    def count(self, name: str, labels: Mapping[str, str], by: int = 1) -> None:
        """Add to a counter."""

    def observe(self, name: str, labels: Mapping[str, str], seconds: float) -> None:
        """Record a duration in seconds."""


OPTED_OUT: Final = "opted-out"
"""The cause of a refusal that says: this address wants no messages."""


PENDED: Final = "pended"
"""The cause of a DONE that says: the other side has it and will decide later."""


class Verdict(StrEnum):
    """How one sending ended."""

    DONE = "done"
    RETRY = "retry"  # certainly not done; may be tried again
    UNKNOWN = "unknown"  # may or may not have been done
    REFUSED = "refused"  # certainly not done, and never will be as sent
    CONFLICT = "conflict"  # the EHR holds something newer: a person decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The outcome of a sending or a look-up. `reference` is the other side's id (`Task/12`, `MSA AA`).

    `cause` is a stable code for grouping (`http-503`, `timeout`, `if-match`); `format` says what was
    accepted (`FHIR R4 Task`, `HL7 v2 RRI^I13`). Neither holds patient data.
    """

    verdict: Verdict
    cause: str = ""
    reference: str = ""
    format: str = ""
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What a connection can do for an intent, and how surely its outcome can be known.

    `horizon_s` is the consistency horizon of a searchable capability, in seconds: absent counts only
    when absent twice, the second time after the horizon. `fields` are the elements it may write.
    """

    name: str
    effect_class: EffectClass
    resource: str
    fields: frozenset[str] = frozenset()
    horizon_s: int = 0
    channel: str = ""


class Sender(Protocol):
    """The outgoing half of an adapter. Never raises for what the other side does: every end is a `Sent`."""

    def capabilities(self) -> Mapping[str, Capability]:
        """Capabilities by name."""

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Send once; no retries inside."""

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Ask by our business identifier: DONE with its reference, REFUSED (`absent`), or UNKNOWN."""

    async def close(self) -> None:
        """Let go of sockets."""


@runtime_checkable
class Asking(Protocol):
    """A sender whose other side answers later, and can be asked where it stands. What it says is kept as a message."""

    def asks_every(self) -> Mapping[str, float]:
        """Capabilities whose answer is awaited, with the seconds between two questions."""

    async def ask(self, intent: Intent, *, now: datetime) -> Sent:
        """Ask once: DONE when there is an answer, with the cause `pended` while it isn't the last one."""


class Reader(Protocol):
    """The incoming, pure half of an adapter: stored bytes to drafts."""

    def __call__(self, raw: bytes, *, received_at: datetime) -> tuple["Reading", Sequence[Problem]]:
        """What the bytes say. Never raises on bad bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader made of one message. `outcome` is `facts`, `no mapping`, `quarantined` or `rejected`."""

    outcome: str
    trigger: str
    control_id: str | None
    drafts: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The little that receiving must know of a message before it is stored.

    `control_id` is None where the sender gave none; `split` are the single messages of a batch.
    """

    control_id: str | None
    trigger: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The store's answer to a received message: `accepted`, `duplicate`, `conflict` or `rejected`."""

    outcome: str
    message: UUID | None


Receive = Callable[[str, bytes], Awaitable[Receipt]]
"""Given to inbound transports by `compose`: (connection name, raw bytes) -> receipt, after the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterKind:
    """What `register()` of an adapter returns: its name, its settings' schema and its makers."""

    name: str
    settings: Mapping[str, Json]
    reader: Reader | None
    capabilities: tuple[Capability, ...] = ()
