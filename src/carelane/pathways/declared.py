"""What a pathway declares before any state: inputs, fields, tables, kinds of work and of effects. Frozen data.

Part of `definition`, which the rest of the house imports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.guard import Guard, Value

SINCE_2 = MappingProxyType({"since": 2})
"""Marks what language number 2 added: it is not part of a digest where it says nothing."""


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

    `inputs` and `outputs` name the codes of inputs and of table outputs that are red flags. `instructions` names the
    message whose words a patient at a form or chat is shown at once.
    """

    approvers: tuple[str, ...]
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    instructions: str = field(default="", metadata=SINCE_2)


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
    """Something done outside. `on_failure`: `person`, `level_up` or a state; `sends`: fields.

    `template_by` is the table output that names the template, where it has an answer; else `template` counts.
    """

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
    template_by: str = field(default="", metadata=SINCE_2)
    values: Mapping[str, str] = field(
        default_factory=dict
    )  # element -> code, e.g. status: accepted
