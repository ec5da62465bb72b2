"""Recorded decisions as a file: a first line that says under what they were taken, then one JSON line per subject.

`releases.events` writes it from the database; `backtest` replays it. It holds codes, counts, times, keyed hashes,
our own ids and names of staff, never patient data. A folder of such files is one recording, partitioned by subject.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from carelane.cases.model import Clock, OwnerRef
from carelane.directory.snapshot import CalendarRow, Coverage, Person, Place, Pool, Snapshot
from carelane.facts.errors import SetupFault

FORMAT = 2
"""2 has merges; recordings of 1 are read, too."""


class EventsFault(SetupFault):
    """The events can't be read: the message says which file and line, and why."""

    code = "events"


class _Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stored shape; what has its default is left out."""


class Text(_Shape, frozen=True, kw_only=True):
    """A release's text by its digest."""

    digest: str
    content: str


class Active(_Shape, frozen=True, kw_only=True):
    """A release in force in a scope (empty: everywhere) for a time."""

    release: str
    pathway: str
    site: str = ""
    service_line: str = ""
    referral_type: str = ""
    scheduling_lane: str = ""
    from_at: datetime
    to_at: datetime | None = None


class Staff(_Shape, frozen=True, kw_only=True):
    """A member of staff as far as ownership goes: no name to show, no address."""

    name: str
    roles: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    service_lines: tuple[str, ...] = ()
    active: bool = True


class Directory(_Shape, frozen=True, kw_only=True):
    """One version of what is late-bound: pools, roles, coverage, calendars, settings."""

    version: int
    organisation: str
    loaded_at: datetime
    sites: dict[str, Place] = {}
    people: tuple[Staff, ...] = ()
    pools: dict[str, Pool] = {}
    coverage: tuple[Coverage, ...] = ()
    calendars: dict[str, CalendarRow] = {}
    settings: dict[str, dict[str, timedelta]] = {}


class Header(_Shape, frozen=True, kw_only=True):
    """The first line: format, which pathway, which releases and directories were in force when."""

    carelane_events: int
    pathway: str
    organisation: UUID
    since: datetime | None = None
    releases: tuple[Text, ...]
    activations: tuple[Active, ...]
    directories: tuple[Directory, ...]


class Applied(_Shape, frozen=True, kw_only=True):
    """What a fact did to a case: revision after it, why (rule and answer), and the code if it was parked.

    `release` is the one that decided; empty in recordings from before it was written down.
    """

    case: UUID
    revision: int
    release: str = ""
    why: tuple[tuple[str, str], ...] = ()
    parked: str = ""


class Ended(_Shape, frozen=True, kw_only=True):
    """How a fact ended: when, in which place of the subject's decisions, by which directory."""

    at: datetime
    order: int
    how: str
    why: str = ""
    directory: int
    seen: dict[str, str] = {}


class Heard(_Shape, frozen=True, kw_only=True):
    """A fact, what was read of it, and how it ended (more than once if it was held, or parked and redriven)."""

    id: UUID
    type: str
    occurred_at: datetime
    recorded_at: datetime
    ends: tuple[Ended, ...]
    applied: tuple[Applied, ...] = ()
    read: dict[str, dict[str, Any]] = {}
    said: dict[str, Any] = {}
    keys: dict[str, str] = {}
    refers: dict[str, UUID] = {}
    entity: str = ""
    urgency: int = 0
    actor: str = "system"
    actor_name: str = ""
    connection: str = ""
    origin: UUID | None = None
    correlation: UUID | None = None
    identity: UUID | None = None
    site: str = ""
    service_line: str = ""


class CaseEnd(_Shape, frozen=True, kw_only=True):
    """A case as it stands at the end of the recording."""

    id: UUID
    pathway: str
    release: str
    status: str
    milestone: str = ""
    urgency: int = 0
    outcome: str = ""
    opened_at: datetime
    closed_at: datetime | None = None
    revision: int
    cancelled: bool = False
    parked_by: UUID | None = None
    last_actor: str = ""
    values: dict[str, Any] = {}
    counters: dict[str, int] = {}
    keys: dict[str, tuple[str, ...]] = {}
    stale: dict[str, datetime] = {}


class StepEnd(_Shape, frozen=True, kw_only=True):
    """A step, open or closed; owner and clock of an open one stand as they are now."""

    id: UUID
    case: UUID
    state: str
    opened_at: datetime
    closed_at: datetime | None = None
    how: str = ""
    fallback: str
    task: UUID | None = None
    entered_by: UUID | None = None
    owner: OwnerRef | None = None
    clock: Clock | None = None


class EffectEnd(_Shape, frozen=True, kw_only=True):
    """An effect that was wanted."""

    id: UUID
    case: UUID
    name: str
    capability: str
    audience: str
    created_at: datetime
    step: UUID | None = None


class Told(_Shape, frozen=True, kw_only=True):
    """A notice to staff."""

    case: UUID
    step: UUID
    to: str
    channel: str = ""
    kind: str
    level: int = 0
    at: datetime


class Merge(_Shape, frozen=True, kw_only=True):
    """A merge that was not taken back: in which place of the decisions, who became whom, which identities moved."""

    order: int
    survivor: UUID
    retired: UUID
    identities: tuple[UUID, ...]


class History(_Shape, frozen=True, kw_only=True):
    """One subject: its facts in the order in which they were first decided, and what came of them.

    Who was merged into it is in it, with `merges` oldest first. `left_out` says why a subject's history can't be
    replayed (`unmerged`, `merged`, `swept`, `before-vectors`); then it is empty.
    """

    subject: UUID
    kind: str = "patient"
    left_out: str = ""
    facts: tuple[Heard, ...] = ()
    cases: tuple[CaseEnd, ...] = ()
    steps: tuple[StepEnd, ...] = ()
    effects: tuple[EffectEnd, ...] = ()
    told: tuple[Told, ...] = ()
    merges: tuple[Merge, ...] = ()


_header = msgspec.json.Decoder(Header)
_history = msgspec.json.Decoder(History)
_encoder = msgspec.json.Encoder(order="deterministic")
HEAD = b'{"carelane_events":'


def encode(shape: msgspec.Struct) -> bytes:
    """One line, without its end; the same shape gives the same bytes."""
    return _encoder.encode(shape)


def read_header(line: bytes, place: str) -> Header:
    """The first line of a recording.

    Raises:
        EventsFault: it is none, or of a newer format.
    """
    try:
        header = _header.decode(line)
    except msgspec.DecodeError as cause:
        raise EventsFault(
            f"{place}: line 1 is no head of recorded events ({type(cause).__name__})."
            " Remedy: write them by `carelane pathway events`"
        ) from None
    if header.carelane_events > FORMAT:
        raise EventsFault(
            f"{place}: format {header.carelane_events} is newer than {FORMAT}."
            " Remedy: use the Carelane that wrote it"
        )
    return header


def read_history(line: bytes, place: str) -> History:
    """One subject.

    Raises:
        EventsFault: the line is damaged.
    """
    try:
        return _history.decode(line)
    except msgspec.DecodeError as cause:
        raise EventsFault(
            f"{place} is no recorded subject ({type(cause).__name__}). Remedy: write the events again"
        ) from None


def reduced(snapshot: Snapshot, loaded_at: datetime) -> Directory:
    """A directory without addresses, display names and connections."""
    people = tuple(
        Staff(
            name=each.name,
            roles=each.roles,
            pools=each.pools,
            sites=each.sites,
            service_lines=each.service_lines,
            active=each.active,
        )
        for each in snapshot.people.values()
    )
    return Directory(
        version=snapshot.version,
        organisation=snapshot.organisation,
        loaded_at=loaded_at,
        sites=dict(snapshot.sites),
        people=people,
        pools=dict(snapshot.pools),
        coverage=snapshot.coverage,
        calendars=dict(snapshot.calendars),
        settings={site: dict(own) for site, own in snapshot.settings.items()},
    )


def snapshot_of(directory: Directory) -> Snapshot:
    """The directory as owners are asked of it."""
    return Snapshot(
        organisation=directory.organisation,
        title="",
        version=directory.version,
        sites=directory.sites,
        people={each.name: _person(each) for each in directory.people},
        pools=directory.pools,
        coverage=directory.coverage,
        calendars=directory.calendars,
        settings=directory.settings,
    )


def _person(staff: Staff) -> Person:
    return Person(
        name=staff.name,
        display="",
        roles=staff.roles,
        pools=staff.pools,
        sites=staff.sites,
        service_lines=staff.service_lines,
        active=staff.active,
    )
