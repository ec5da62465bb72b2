"""What survives a crash: ledger, inbox, views, effects, audit, as plain mappings written by whole commits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases.model import Disposition, EffectState, View
from carelane.facts.fact import Fact
from carelane.facts.intent import Audience, Intent
from carelane.testing.simulation.dice import Dice


class Crash(Exception):  # not an error: the process is gone, and with it all it knew
    """The process died here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a source sends: who, when by the source's clock, and about what."""

    source: str
    control: str
    kind: str
    patient: str
    order: int
    detail: int
    retired: str = ""  # a merge: this patient number is no more

    @property
    def key(self) -> tuple[str, str]:
        """What accept-once goes by."""
        return self.source, self.control


@dataclass(slots=True, kw_only=True)
class Stored:
    """A row of the message ledger."""

    message: Message
    seq: int
    at: datetime
    outcome: str = "pending"


@dataclass(slots=True, kw_only=True)
class Effect:
    """A row of the outbox."""

    intent: Intent
    subject: UUID
    state: EffectState = EffectState.READY
    attempts: int = 0
    next_at: datetime
    lease_until: datetime | None = None
    absent_at: datetime | None = None

    @property
    def outlives(self) -> bool:
        """Whether cancellation does not stop it."""
        staff = self.intent.audience is Audience.STAFF
        return staff or self.intent.compensates is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that changed views, with all that decided it: what a replay needs (I15)."""

    what: str  # `decide`, `hold-over`, `merge`
    subject: UUID
    fact: Fact
    now: datetime
    effects: dict[UUID, EffectState] = field(default_factory=dict)
    retired: UUID | None = None


@dataclass(slots=True)
class Store:
    """The durable state. `commit` writes all or nothing, and may be the last thing a process does."""

    dice: Dice
    crash_percent: int = 4
    ledger: dict[tuple[str, str], Stored] = field(default_factory=dict)
    quarantined: list[Message] = field(default_factory=list)
    links: dict[str, UUID] = field(default_factory=dict)
    retired: dict[UUID, UUID] = field(default_factory=dict)
    facts: dict[UUID, Fact] = field(default_factory=dict)
    seqs: dict[UUID, int] = field(default_factory=dict)
    inbox: dict[UUID, list[UUID]] = field(default_factory=dict)
    ended: dict[UUID, Disposition] = field(default_factory=dict)
    views: dict[UUID, View] = field(default_factory=dict)
    effects: dict[UUID, Effect] = field(default_factory=dict)
    history: list[Entry] = field(default_factory=list)
    claims: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    changes: int = 0
    leaves: list[bytes] = field(default_factory=list)
    started_while_cancelled: list[UUID] = field(default_factory=list)

    def commit(self, *writes: Callable[[], object]) -> None:
        """One transaction.

        Raises:
            Crash: Before it (nothing is written) or after it (all is).
        """
        if self.dice.chance(self.crash_percent):
            raise Crash("before a commit")
        for write in writes:
            write()
        if self.dice.chance(self.crash_percent):
            raise Crash("after a commit")

    def changed(self, what: str) -> None:
        """A change and its audit leaf, always within one commit (I4)."""
        self.changes += 1
        self.leaves.append(f"{self.changes} {what}".encode())


HORIZON = timedelta(seconds=60)
LEASE = timedelta(seconds=30)
