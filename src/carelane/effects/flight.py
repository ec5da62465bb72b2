"""One effect in memory, from its claimed row, and the intent that an adapter gets of it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases.model import EffectState
from carelane.facts.intent import PATIENT_MESSAGE, Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.store.database import Row
from carelane.store.shapes import decode_payload
from carelane.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """An effect as it stood when it was taken. `blocked`: its case is cancelled, so nothing new may start (I6)."""

    id: UUID
    organisation: UUID
    case: UUID
    subject: UUID
    step: UUID | None
    site: str
    service_line: str
    pathway: str
    name: str
    capability: str
    connection: str
    audience: Audience
    if_unknown: IfUnknown
    state: EffectState
    urgency: int
    attempts: int
    budget_from: int
    looks: int
    sent_at: datetime | None
    absent_at: datetime | None
    not_after: datetime | None
    compensates: UUID | None
    correlation: UUID
    identity: UUID | None
    lease_by: str
    blocked: bool
    redriven: bool = False
    maybe: bool = False  # an earlier attempt may have been done
    undo: str = ""
    after: tuple[UUID, ...] = ()
    refers: dict[str, str] = field(default_factory=dict)
    sealed: bytes | None = field(default=None, repr=False)
    identity_key: bytes | None = field(default=None, repr=False)  # wrapped

    @property
    def tries(self) -> int:
        """Attempts since it was wanted, or last redriven."""
        return self.attempts - self.budget_from

    @property
    def troubled(self) -> bool:
        """Whether someone was made its owner before: it was unknown, or dead and redriven."""
        return self.redriven or self.state in (EffectState.UNKNOWN, EffectState.DEAD)

    @property
    def unheard(self) -> bool:
        """Whether it is a message that no step waits for, a milestone: if it never leaves, nothing follows."""
        alone = self.step is None and self.compensates is None
        return alone and self.capability == PATIENT_MESSAGE

    @property
    def may_start(self) -> bool:
        """Compensations and alerts to staff outlive cancellation."""
        return not self.blocked or self.compensates is not None or self.audience is Audience.STAFF


_SAME = (
    "id", "organisation", "subject", "step", "site", "service_line", "pathway", "name", "capability", "connection",
    "urgency", "attempts", "budget_from", "looks", "sent_at", "absent_at", "not_after", "compensates", "correlation",
    "identity", "lease_by", "blocked", "redriven", "maybe", "undo", "refers", "sealed",
    "identity_key",
)  # fmt: skip


def of_row(row: Row) -> Flight:
    """A flight from the columns of `effects.claim` and its like."""
    return Flight(
        case=row["case_id"],
        audience=Audience(row["audience"]),
        if_unknown=IfUnknown(row["if_unknown"]),
        state=EffectState(row["state"]),
        after=tuple(row["after"]),
        **{name: row[name] for name in _SAME},
    )


def intent_of(flight: Flight, vault: Vault) -> Intent:
    """What the adapter sends; the identity's key must have been learnt. Staff is called where the work is."""
    sealed = flight.sealed or b""
    content = (
        vault.open(flight.identity, "effect", flight.id, "sealed", sealed) if sealed else b"{}"
    )
    return Intent(
        id=flight.id,
        case=flight.case,
        step=flight.step,
        name=flight.name,
        capability=flight.capability,
        audience=flight.audience,
        if_unknown=flight.if_unknown,
        content=Phi(decode_payload(content), "effect content"),
        after=flight.after,
        not_after=flight.not_after,
        urgency=flight.urgency,
        undo=flight.undo or None,
        compensates=flight.compensates,
        references=flight.refers
        | (
            {"site": flight.site, "service_line": flight.service_line}
            if flight.audience is Audience.STAFF
            else {}
        ),
    )
