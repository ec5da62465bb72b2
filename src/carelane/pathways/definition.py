"""What a pathway says, as frozen data. `pathways.load` makes it from YAML; `cases.step` runs it.

Language numbers 1 and 2. Every name refers to something declared in the same file: `load` checks it.
Nothing here knows a connection, a vendor or a wire format. What number 2 added is marked `SINCE_2`: left out
of the canonical JSON where it says nothing, so that the digests of number 1 stay what they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from carelane.facts.fact import SubjectKind, Urgency
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.guard import ALWAYS, Guard, Value

LANGUAGE = 2
LANGUAGES = (1, 2)
SINCE_2 = MappingProxyType({"since": 2})


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

    With `phrases` (phrase -> code, from the approved table `phrase_table`) the path holds text: the
    highest code among the phrases found; the text itself is not kept. `within` is the call of a
    sub-pathway (`caller/`) whose tasks alone may fill it; empty: any.
    """

    name: str
    path: str
    type: InputType = InputType.CODE
    codes: tuple[str, ...] = ()
    ordered: bool = False
    reduce: Reduce = Reduce.FIRST
    raise_only: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)
    phrase_table: str = field(default="", metadata=SINCE_2)
    phrases: Mapping[str, str] = field(default_factory=dict, metadata=SINCE_2)
    within: str = field(default="", metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseTable:
    """An approved list of phrases, each with the code it means; it can only raise (SEMANTICS 9)."""

    name: str
    approvers: tuple[str, ...]
    phrases: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlags:
    """What must never be led to a non-urgent owner, with its own approvers; a release only extends it.

    `inputs` and `outputs` name the codes of inputs and of table outputs that are red flags.
    """

    approvers: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
class PauseRule:
    """What stops a clock: a named state inside the block being open, or an event until another one.

    Exactly one of `state` and `event` is set. The pause ends when the state is left, when `until`
    comes, or after `resume_by` of wall time, whichever is first.
    """

    reason: str
    resume_by: timedelta
    state: str = ""
    event: str = ""
    until: str = ""


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
    pauses: tuple[PauseRule, ...] = field(default=(), metadata=SINCE_2)


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
    calls: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # caller -> sub-pathway
    only_for: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # `site`, `service_line`: in force nowhere else
    lanes: Mapping[str, str] = field(
        default_factory=dict, metadata=SINCE_2
    )  # `referral_type`, `scheduling_lane` -> the input or table output that says which
