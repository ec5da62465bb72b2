"""What a pathway says, as frozen data. `pathways.load` makes it from YAML; `cases.step` runs it.

Language numbers 1 and 2. Every name refers to something declared in the same file: `load` checks it.
Nothing here knows a connection, a vendor or a wire format. What number 2 added is marked `SINCE_2`: left out
of the canonical JSON where it says nothing, so that the digests of number 1 stay what they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from carelane.facts.fact import SubjectKind, Urgency
from carelane.pathways.declared import (
    SINCE_2,
    EffectKind,
    Field,
    FormField,
    Hit,
    Input,
    InputType,
    PhraseTable,
    RedFlags,
    Reduce,
    Row,
    Table,
    TaskKind,
)
from carelane.pathways.guard import ALWAYS, Guard
from carelane.pathways.obligations import (
    ClockKind,
    ClockSpec,
    CountBack,
    Counter,
    Level,
    Owner,
    OwnerKind,
    Pause,
    PauseRule,
)

LANGUAGE = 2
LANGUAGES = (1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """A fact sent to another subject: its kind, the name that says which, fields and keys to carry."""

    fact: str
    to: SubjectKind | str  # a kind, `sender` or `self`
    by: str = ""
    carrying: tuple[str, ...] = ()
    keys: tuple[str, ...] = field(default=(), metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where to go when the guard holds: a state, `stay` (clock goes on) or `again` (enter anew)."""

    then: str
    when: Guard = ALWAYS
    emits: tuple[Emit, ...] = ()
    sets: Mapping[str, str] = field(
        default_factory=dict
    )  # variable -> `sender`, `actor`, `now` or a literal
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The answer to an event: the first branch that holds, or `ignore` with a reason."""

    branches: tuple[Branch, ...] = ()
    ignore: str = ""


class Several(StrEnum):
    """What to do when an event matches several cases."""

    ONE = "one"
    ALL = "all"
    RECENT = "recent"
    FIRST = "first"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One step of a declared order of cases: a field, or `urgency`, `opened`, `entered`.

    What is missing comes first, whichever way: who was never offered anything is not passed over.
    """

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoCase:
    """What to do when an event matches no case: exactly one of the four is set.

    `then` is what follows a hold: `ignore` or a pool's name.
    """

    ignore: str = ""
    hold: timedelta | None = None
    then: str = "ignore"
    person: str = ""
    reply: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """When an event opens a case, and by which of its keys only one case may be open."""

    when: Guard
    unique: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """A closed case may come back at a state for this long."""

    within: timedelta
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event the pathway hears.

    `keys` are fact keys that correlate (any match counts; empty: every open case of the subject).
    `stale_by` names the key whose source time must not go back. With `several: first`, the cases for
    which `where` holds (its field `state` is the case's outermost state) in the declared `order`.
    """

    name: str
    keys: tuple[str, ...]
    start: Start | None = None
    several: Several = Several.ASK
    first: int = 0
    none: NoCase = field(default_factory=NoCase)
    stale_by: str = ""
    reopens: Reopen | None = None
    cancels: bool = (
        False  # cancel-class: durable in the inbox, it stops new effects of the case (I6)
    )
    where: Guard = field(default=ALWAYS, metadata=SINCE_2)
    order: tuple[Order, ...] = field(default=(), metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What an expiry does: take `edge`, or `repeat` to `to` until acknowledged; `tell` others."""

    edge: Edge | None = None
    repeat: bool = False
    to: str = ""
    tell: str = ""


class JoinKind(StrEnum):
    """When a block is over, apart from all its regions having ended: then it always is."""

    ALL = "all"
    ANY = "any"
    AT_LEAST = "at-least"


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """How many regions must end, and with which outcome (`of`; empty: any)."""

    kind: JoinKind
    least: int = 0  # only for `at-least`
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One of the things that go on side by side in a block.

    `states` are its own by name, a nested block among them but not what is inside that one.
    `outcomes` are those of its final states. `answer` is the table's answer it runs for, in `for each`.
    """

    name: str
    start: Edge
    states: tuple[str, ...]
    outcomes: tuple[str, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Regions side by side, and the edge once they are joined; the state it belongs to is the join's wait.

    A `for each` has one region for every answer that its collect table can give (`table`, `output`); those
    of the answers given are opened, and with fewer answers than the join needs `otherwise` is taken.
    Guards read a region's outcome as `block.region`, after a `for each` the number of regions that ended
    with an outcome as `block.outcome`; both after the join only.
    """

    regions: Mapping[str, Region]
    join: Join
    then: Edge
    table: str = ""
    output: str = ""
    otherwise: Edge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A wait for another pathway's case that shares the key `by`: an edge for each of its outcomes.

    That pathway `announces` its end. One that ended up to `within` before this state is entered counts.
    `otherwise` is for an outcome that is not listed.
    """

    pathway: str
    by: str
    within: timedelta
    outcomes: Mapping[str, Edge]
    otherwise: Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state: final, or one that waits with owner, clock and fallback.

    `on` holds its own edges by event; `everywhere` of the definition holds the rest. `region` is where it
    stands: empty, or `block/region` (names of states are unique, so the rest of the way is that block's).
    A final state in a region ends the region, not the case.
    """

    name: str
    title: str
    line: int
    status: str  # the published businessStatus code
    milestone: str = (
        ""  # words for the patient, which `translations` has in other languages; empty: none
    )
    final: bool = False
    outcome: str = ""  # final: how the case ended
    urgency: Urgency | None = None
    task: str = ""
    owner: Owner | None = None
    clock: ClockSpec | None = None
    escalate: tuple[Level, ...] = ()
    fallback: Fallback | None = None
    outcomes: Mapping[str, Edge] = field(default_factory=dict)
    on: Mapping[str, Edge] = field(default_factory=dict)
    effects: tuple[str, ...] = ()
    effect_outcomes: Mapping[str, Edge] = field(default_factory=dict)  # done, refused, needs-person
    counters: tuple[Counter, ...] = ()
    enter: tuple[Emit, ...] = ()
    leave: tuple[Emit, ...] = ()
    pause: Pause | None = None
    wait_form: tuple[str, ...] = ()  # fields a handover out of this state must carry
    region: str = field(default="", metadata=SINCE_2)
    block: Block | None = field(default=None, metadata=SINCE_2)
    waits: Waits | None = field(default=None, metadata=SINCE_2)
    new: tuple[str, ...] = field(default=(), metadata=SINCE_2)  # keys made anew on entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole pathway. `digest` is the release's name: SHA-256 (hex) of its canonical JSON."""

    name: str
    version: str
    language: int
    title: str
    subject: SubjectKind
    touches: tuple[str, ...]
    digest: str
    inputs: Mapping[str, Input]
    fields: Mapping[str, Field]
    variables: Mapping[str, Input]
    tables: Mapping[str, Table]
    events: Mapping[str, Event]
    tasks: Mapping[str, TaskKind]
    effects: Mapping[str, EffectKind]
    pools: Mapping[str, tuple[Urgency, ...]]  # pools used, and the urgencies they serve
    start: Edge
    everywhere: Mapping[str, Edge]
    states: Mapping[str, State]
    urgency: str = ""  # the table or input that gives the case's urgency
    requires: tuple[Mapping[str, str], ...] = ()
    system: bool = False  # a system pathway: opened by Carelane itself
    roles: tuple[str, ...] = ()  # roles that own, are told or stand in
    phrases: Mapping[str, PhraseTable] = field(default_factory=dict, metadata=SINCE_2)
    red_flags: RedFlags | None = field(default=None, metadata=SINCE_2)
    announces: tuple[Emit, ...] = field(default=(), metadata=SINCE_2)  # `case.closed`, at every end
    milestones: str = field(
        default="", metadata=SINCE_2
    )  # the effect that tells each to the patient
    translations: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict, metadata=SINCE_2
    )  # language -> a milestone's words -> the same in that language
    calls: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # caller -> sub-pathway
    only_for: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # `site`, `service_line`: in force nowhere else
    lanes: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # `referral_type`, `scheduling_lane` -> the input or table output that says which


__all__ = [
    "LANGUAGE",
    "LANGUAGES",
    "SINCE_2",
    "Block",
    "Branch",
    "ClockKind",
    "ClockSpec",
    "CountBack",
    "Counter",
    "Definition",
    "Edge",
    "EffectKind",
    "Emit",
    "Event",
    "Fallback",
    "Field",
    "FormField",
    "Hit",
    "Input",
    "InputType",
    "Join",
    "JoinKind",
    "Level",
    "NoCase",
    "Order",
    "Owner",
    "OwnerKind",
    "Pause",
    "PauseRule",
    "PhraseTable",
    "RedFlags",
    "Reduce",
    "Region",
    "Reopen",
    "Row",
    "Several",
    "Start",
    "State",
    "Table",
    "TaskKind",
    "Waits",
]
