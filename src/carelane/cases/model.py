"""What the core reads and answers, as frozen data: cases with their open steps, views, and one decision.

Ids are derived from case, fact and ordinal, so the same history gives the same ids.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from msgspec import Struct, field

from carelane.facts.fact import Fact, Json, SubjectKind, Urgency
from carelane.facts.intent import Audience, Intent
from carelane.facts.phi import Phi
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import ClockKind, Definition, OwnerKind
from carelane.pathways.guard import Value


class OwnerRef(Struct, frozen=True, kw_only=True):
    """Who owns a step now: pool, role or person by name.

    `version` is the directory's; `trail` says how it was found.
    """

    kind: OwnerKind
    name: str
    version: int = 0
    trail: tuple[str, ...] = ()


class Interval(Struct, frozen=True, kw_only=True):
    """A stretch in which a clock ran: [from_at, to_at)."""

    from_at: datetime
    to_at: datetime


class Clock(Struct, frozen=True, kw_only=True):
    """A running (or paused) obligation. Instants are UTC; `budget` and `accrued` count the clock's own kind of time.

    `due_at` is never missing: while paused it is `resume_by`. `next_at` is the earliest thing that happens
    (warning, next level, due, resume). `level` is the highest level fired; `generation` rises with every start,
    pause, resume and recompute, and on every repeat of a last level.
    """

    kind: ClockKind
    started_at: datetime
    due_at: datetime
    next_at: datetime
    warn_at: datetime | None = None
    warned: bool = False
    safety: bool = False
    budget: timedelta | None = None
    accrued: timedelta = timedelta(0)
    intervals: tuple[Interval, ...] = ()
    paused_at: datetime | None = None
    pause_reason: str = ""
    generation: int = 1
    level: int = 0
    calendar: str = ""
    calendar_version: int = 0
    zone_data: str = ""


class OpenStep(Struct, frozen=True, kw_only=True):
    """One open wait of a case: state, owner, clock, fallback (as text for people), and its task if it has one."""

    id: UUID
    state: str
    opened_at: datetime
    owner: OwnerRef
    clock: Clock
    fallback: str
    task: UUID | None = None
    task_name: str = ""
    entered_by: UUID | None = None  # the fact


class EffectState(StrEnum):
    """Where an effect stands. The core sees it; only `effects` moves it past `ready`."""

    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    DEAD = "dead"


class EffectView(Struct, frozen=True, kw_only=True):
    """What the core knows of an effect of the case."""

    id: UUID
    name: str
    state: EffectState
    step: UUID | None = None
    undo: str = ""
    audience: Audience = Audience.RECORD
    compensates: UUID | None = None  # a compensation: it outlives cancellation


class Undo(Struct, frozen=True, kw_only=True):
    """What a person's last action may still be undone to, until `until`, if nothing else happened since.

    `fact` did it at `revision`; `step` is the wait it closed; `effects` are what it wanted done (held until then).
    `others` are waits that a join closed beside, and `regions` what was known of its regions, as they were before.
    `refused` says why it can't be undone. Codes, ids and instants only: it is stored in clear with the case.
    """

    fact: UUID
    until: datetime
    revision: int
    step: OpenStep
    counters: Mapping[str, int] = field(default_factory=dict)
    effects: tuple[UUID, ...] = ()
    last_actor: str = ""
    others: tuple[OpenStep, ...] = ()
    regions: Mapping[str, "RegionView"] = field(default_factory=dict)
    refused: str = ""


class Moved(Struct, frozen=True, kw_only=True):
    """What a case was before it moved to its release, while its waits are still as the move left them.

    `steps` are the waits before and `after` those it was left with: once they differ, somebody has acted, and there is
    no way back. Codes, ids and instants only: it is stored in clear with the case.
    """

    release: str
    version: str
    revision: int
    steps: tuple[OpenStep, ...]
    after: tuple[OpenStep, ...]
    status: str
    milestone: str
    urgency: Urgency
    values: Mapping[str, Value | None] = field(default_factory=dict)
    regions: Mapping[str, "RegionView"] = field(default_factory=dict)


class RegionView(Struct, frozen=True, kw_only=True):
    """A region of an open block: how it ended (empty: it goes on), and the effects it wanted, oldest first."""

    outcome: str = ""
    effects: tuple[UUID, ...] = ()


class Case(Struct, frozen=True, kw_only=True):
    """One run of one release for one subject. Open if and only if `steps` is not empty.

    `values` are inputs, variables and table outputs last known (codes, never identifying); `fields` the copied
    fields, each declared with authority and time to live; `keys` the correlation tokens by key name; `stale`
    the newest source time applied per entity token. While a block is open, `regions` holds its regions by
    `block/region`; `owed` are effects of regions that were cut off, to be undone if they were done after all.
    """

    id: UUID
    organisation: UUID
    subject: UUID
    pathway: str
    version: str
    release: str
    opened_at: datetime
    correlation: UUID
    site: str = ""
    service_line: str = ""
    status: str = ""
    milestone: str = ""
    urgency: Urgency = Urgency.ROUTINE
    outcome: str = ""
    closed_at: datetime | None = None
    unique: tuple[str, str] | None = None  # (key name, token)
    keys: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, Value | None] = field(default_factory=dict)
    fields: Phi[Mapping[str, Json]] = field(default_factory=lambda: Phi({}, "case fields"))
    counters: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[OpenStep, ...] = ()
    effects: tuple[EffectView, ...] = ()
    stale: Mapping[str, datetime] = field(default_factory=dict)
    last_actor: str = ""
    cancelled: bool = False
    parked_by: UUID | None = None
    duplicate_of: UUID | None = None
    identity: UUID | None = None  # whose key encrypts `fields`
    revision: int = 0  # applications so far
    undo: Undo | None = None
    moved: Moved | None = None
    regions: Mapping[str, RegionView] = field(default_factory=dict)
    owed: tuple[UUID, ...] = ()


class Held(Struct, frozen=True, kw_only=True):
    """A fact that matched nothing yet, and until when it waits; `then` is `ignore` or a pool."""

    fact: Fact
    until: datetime
    then: str
    pathway: str


class View(Struct, frozen=True, kw_only=True):
    """What one decision may read: the subject, its open and recently closed cases, held facts, counters.

    `closed` holds cases closed within a reopen window (by key), and the one that a fact refers to (`task.undone`,
    `effect.settled`). `last_now` is the newest time this subject has been decided at: time never goes back.
    """

    subject: UUID
    kind: SubjectKind
    organisation: UUID
    cases: tuple[Case, ...] = ()
    closed: tuple[Case, ...] = ()
    held: tuple[Held, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    last_now: datetime | None = None


class Late(Protocol):
    """What is late-bound, resolved by `engine` through `directory`; every answer carries its version."""

    def owner(
        self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        """Who that is here and now; always an answer."""

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """The site's calendar: name, version, rows."""

    def setting(self, name: str, site: str) -> timedelta | None:
        """A site's setting for a clock, or None for the pathway's own."""


class Definitions(Struct, frozen=True, kw_only=True):
    """Releases: those pinned in the view by digest, and those active in the fact's scope."""

    pinned: Mapping[str, Definition]
    active: tuple[Definition, ...]


class Disposition(StrEnum):
    """How a fact ended (SEMANTICS 10)."""

    APPLIED = "applied"
    IGNORED = "ignored"
    HELD = "held"
    PARKED = "parked"


class Reason(Struct, frozen=True, kw_only=True):
    """One line of why: the rule (`table triage row 3`, `event referral.received`), what it read, what it decided."""

    rule: str
    inputs: Mapping[str, Value | None] = field(default_factory=dict)
    answer: str = ""
    missed: tuple[str, ...] = ()  # cells that missed in the rows above


class Notice(Struct, frozen=True, kw_only=True):
    """Staff to be told now: a clock's warning, an escalation level, a passed level."""

    case: UUID
    step: UUID
    to: str
    channel: str
    kind: str  # `warn`, `level`, `passed`, `tell`, `expired`
    level: int = 0
    safety: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """One case before and after one fact. What opened and closed is the difference, spelled out for the store."""

    before: Case | None
    after: Case
    opened: tuple[OpenStep, ...] = ()
    closed: tuple[tuple[OpenStep, str], ...] = ()  # (step, how: outcome, event, `expired`, ...)
    retasked: tuple[tuple[OpenStep, OpenStep, str], ...] = ()  # waits that go on with another task
    intents: tuple[Intent, ...] = ()
    withdrawn: tuple[UUID, ...] = ()  # effects that must not start any more
    notices: tuple[Notice, ...] = ()
    reasons: tuple[Reason, ...] = ()
    parked: str = ""  # the stable code of a failure, when this pair (case, fact) is parked
    fact: UUID | None = None  # the fact applied: the decision's own, or a held one it released
    read: Mapping[str, Value | None] = field(default_factory=dict)  # inputs as this fact gave them


class Emission(Struct, frozen=True, kw_only=True):
    """A fact for another subject, inserted in the same transaction.

    `to` is a kind of subject, `sender` (whoever sent the fact) or `self` (this subject: work for a system pathway).
    `case` is the case that emits, or the fact's id where no case matched. `refers` is what the new fact refers to,
    `keys` the correlation tokens it carries.
    """

    fact: str
    to: SubjectKind | str
    by: str
    payload: Phi[Mapping[str, Json]]
    case: UUID
    ordinal: int
    refers: Mapping[str, UUID] = field(default_factory=dict)
    urgency: Urgency = Urgency.ROUTINE
    keys: Mapping[str, str] = field(default_factory=dict)


class Step(Struct, frozen=True, kw_only=True):
    """The answer of one decision about one fact. `released` are held facts that a new case took, in order."""

    fact: Fact
    now: datetime
    disposition: Disposition
    changes: tuple[Change, ...] = ()
    emissions: tuple[Emission, ...] = ()
    released: tuple[Fact, ...] = ()
    reason: str = ""
    held: Held | None = None
    reasons: tuple[Reason, ...] = ()
