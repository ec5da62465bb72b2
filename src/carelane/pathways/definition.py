"""What a pathway says, as frozen data. `pathways.load` makes it from YAML; `cases.step` runs it.

Language number 1. Every name refers to something declared in the same file: `load` checks it.
Nothing here knows a connection, a vendor or a wire format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from carelane.facts.fact import SubjectKind, Urgency
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.guard import ALWAYS, Guard, Value

LANGUAGE = 1


class InputType(StrEnum):
    """Types of guard fields; `code` has a finite list or an order."""

    CODE = "code"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"


class Reduce(StrEnum):
    """How a list becomes one value; only declared inputs may do it."""

    FIRST = "first"
    MAX = "max"
    ANY = "any"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A field that guards and tables may read. `path` walks the payload by dots, through lists.

    A CodeableConcept or Coding at its end gives its code. `codes` are the finite codes,
    with `ordered` in order (lowest first). `aliases` maps source codes to them (case folded).
    A code outside reads as missing and is reported. `raise_only` values never go down in a case.
    The last known value of each input is kept with the case (non-identifying, in clear).
    """

    name: str
    path: str
    type: InputType = InputType.CODE
    codes: tuple[str, ...] = ()
    ordered: bool = False
    reduce: Reduce = Reduce.FIRST
    raise_only: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A copied field that tasks show and effects send: encrypted, with authority and lifetime."""

    name: str
    path: str
    label: str
    authority: str  # `ehr`, `payer`, `patient`, `carelane`
    ttl: timedelta
    required_for: tuple[str, ...] = ()


class Hit(StrEnum):
    """Hit policies (DMN names)."""

    UNIQUE = "unique"
    FIRST = "first"
    COLLECT = "collect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: number (from 1), line in the file, condition, and the outputs by name."""

    number: int
    line: int
    when: Guard
    then: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A decision table; `tables.answer` asks it.

    `outputs` maps output name to its type: pool, urgency, stage, duration, template, code or
    boolean; a table with one unnamed output calls it by the table's name. `codes` lists what an
    output can say.
    """

    name: str
    hit: Hit
    inputs: tuple[str, ...]
    outputs: Mapping[str, str]
    rows: tuple[Row, ...]
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emit:
    """A fact sent to another subject: its kind, the name that says which, and fields to carry."""

    fact: str
    to: SubjectKind | str  # a kind, or `sender`
    by: str = ""
    carrying: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """Where to go when the guard holds: a state, `stay` (clock goes on) or `again` (enter anew)."""

    then: str
    when: Guard = ALWAYS
    emits: tuple[Emit, ...] = ()
    sets: Mapping[str, str] = field(
        default_factory=dict
    )  # variable -> `sender`, `actor` or a literal
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
    `stale_by` names the key whose source time must not go back.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A field of a form: `code` (with options), `text`, `boolean`, `date`, `instant`, `person`."""

    name: str
    label: str
    type: str = "text"
    options: tuple[str, ...] = ()
    required_for: tuple[str, ...] = ()  # outcomes that need it


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKind:
    """Work for a person: outcomes (one says it could not be done, with reasons), form, fields."""

    name: str
    title: str
    outcomes: tuple[str, ...]
    could_not: str
    reasons: tuple[str, ...]
    form: tuple[FormField, ...]
    shows: tuple[str, ...]
    undo: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectKind:
    """Something done outside. `on_failure`: `person`, `level_up` or a state; `sends`: fields."""

    name: str
    capability: str
    audience: Audience
    if_unknown: IfUnknown
    on_failure: str = "person"
    after: tuple[str, ...] = ()
    undo: str = ""
    not_after: timedelta | None = None
    sends: tuple[str, ...] = ()
    template: str = ""
    values: Mapping[str, str] = field(
        default_factory=dict
    )  # element -> code, e.g. status: accepted


class OwnerKind(StrEnum):
    """Who owns a step."""

    POOL = "pool"
    ROLE = "role"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Pool, role or person (`last_actor`).

    `table` names a table output that names the pool instead; without an answer `name` holds.
    `otherwise` is who owns when the person is unknown or gone: a pool if `Definition.pools` has the
    name, else a role.
    """

    kind: OwnerKind
    name: str
    table: str = ""
    otherwise: str = ""


class ClockKind(StrEnum):
    """What time a clock counts (SEMANTICS 6)."""

    WALL = "wall"
    BUSINESS = "business"  # opening hours of the site's calendar
    BUSINESS_DAYS = "business-days"  # dates: Monday to Friday less holidays
    CALENDAR_DAYS = "calendar-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBack:
    """A due time counted back from a date or instant input."""

    before: str
    by: timedelta
    if_past: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSpec:
    """A state's clock. Exactly one of `due` and `back` is set.

    `start` is an input holding the start (a result's verification), or empty for entry. `due`,
    `warn` and the levels' `after` count from the start, in the clock's own kind of time. Days are
    24 h in `wall`, and dates in the day kinds. `setting` names a site setting that may
    replace `due`. `latest` bounds a start that lies in the future: due at most so long after entry (wall time).
    """

    kind: ClockKind
    due: timedelta | None = None
    back: CountBack | None = None
    warn: timedelta | None = None
    safety: bool = False
    start: str = ""
    latest: timedelta | None = None
    setting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level: so long after the clock's start, this role, pool or `last_actor` is told."""

    level: int
    after: timedelta
    to: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """What an expiry does: take `edge`, or `repeat` to `to` until acknowledged; `tell` others."""

    edge: Edge | None = None
    repeat: bool = False
    to: str = ""
    tell: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The state is entered with its clock paused: why, and the longest (wall time) it may last."""

    reason: str
    resume_by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A bounded counter, added to by an outcome, or by `enter`."""

    name: str
    add: str
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state: final, or one that waits with owner, clock and fallback.

    `on` holds its own edges by event; `everywhere` of the definition holds the rest.
    """

    name: str
    title: str
    line: int
    status: str  # the published businessStatus code
    milestone: str = ""  # words for the patient's status page; empty: none
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
    only_for: Mapping[str, str] = field(
        default_factory=dict
    )  # `site`, `service_line`: in force nowhere else
    lanes: Mapping[str, str] = field(
        default_factory=dict
    )  # `referral_type`, `scheduling_lane` -> the input or table output that says which
