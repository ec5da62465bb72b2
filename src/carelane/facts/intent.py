"""Intents: what the core wants done outside, before an adapter turns it into a request.

The core names a capability (`ehr.referral.update`, `staff.alert`, `patient.letter`), never a
connection, vendor or wire format. `effects` resolves the capability to a connection of the site.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct, field

from carelane.facts.fact import Payload
from carelane.facts.phi import Phi

PATIENT_MESSAGE: Final = "patient.message"
"""A message to a patient: channel, address, words and hour are settled when it is sent (`effects.reaching`)."""
UNREACHED: Final = frozenset(
    {"no-address", "no-channel", "no-consent", "opted-out", "language", "contact-limit"}
)
"""Causes by which no message of ours reaches a patient: whoever must tell them something takes another way."""
STAFF_ALERT: Final = "staff.alert"
"""A call to a person or a role: it says that there is work, and where; never about whom."""


class IfUnknown(StrEnum):
    """What happens to an effect whose outcome nobody knows."""

    RESEND = "resend"  # twice is better than never: a critical alert
    ASK = "ask"  # a person decides
    DROP = "drop"  # never is better than twice: a reminder


class Audience(StrEnum):
    """Whom an effect is for: alerts to staff outlive cancellation and death."""

    STAFF = "staff"
    PATIENT = "patient"
    RECORD = "record"


class EffectClass(StrEnum):
    """What a connection's capability allows us to know about a request (SEMANTICS 7)."""

    KEYED = "keyed"
    SEARCHABLE = "searchable"
    BLIND = "blind"


class Intent(Struct, frozen=True, kw_only=True):
    """One thing to be done outside, at most once. `id` is the business key the other side sees.

    `content` holds FHIR-shaped material and form values; `after` lists effects of the same case that
    must be settled before; `undo` names the effect that compensates it; `held_until` is the undo window.
    """

    id: UUID
    case: UUID
    step: UUID | None
    name: str
    capability: str
    audience: Audience
    if_unknown: IfUnknown
    content: Phi[Payload]
    after: tuple[UUID, ...] = ()
    not_after: datetime | None = None
    held_until: datetime | None = None
    urgency: int = 0
    undo: str | None = None
    compensates: UUID | None = None
    references: Mapping[str, str] = field(default_factory=dict)
