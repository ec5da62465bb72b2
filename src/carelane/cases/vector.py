"""What one decision read, without anything that identifies a patient (SEMANTICS 11): kept in clear beside the decision.

Declared inputs as this fact gave them, a person's codes, an effect's outcome, and how effects stood that the outcome
of a cancellation or settlement depends on. `proofs.recorded` makes a payload of it that decides the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from carelane.cases.model import EffectState, Step
from carelane.cases.words import (
    CASE_CLOSED,
    CASE_MIGRATED,
    EFFECT_SETTLED,
    ROUTING_OVERRIDDEN,
    TASK_COMPLETED,
    TASK_ESCALATED,
    TASK_PAUSED,
    TASK_REASSIGNED,
    TASK_RESUMED,
    TASK_UNDONE,
)
from carelane.facts.fact import Actor, Fact, Json, Payload, Urgency
from carelane.pathways import inputs
from carelane.pathways.definition import Definition, OwnerKind
from carelane.pathways.guard import ALWAYS, Value

Vector: TypeAlias = dict[str, Json]

GIVEN = "+"
"""Stands for words a person wrote: that something was given counts, what it says is not kept."""

_OUTCOMES = frozenset({"done", "refused", "needs-person", "withdrawn"})
_TASKS = frozenset(
    {
        TASK_COMPLETED,
        TASK_UNDONE,
        TASK_ESCALATED,
        TASK_REASSIGNED,
        TASK_PAUSED,
        TASK_RESUMED,
        ROUTING_OVERRIDDEN,
    }
)
_OURS = {CASE_CLOSED: "closed", CASE_MIGRATED: "migration"}
_URGENCIES = frozenset(each.name.lower() for each in Urgency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The codes that releases declare: only these are kept of what people enter."""

    codes: frozenset[str]
    options: Mapping[str, frozenset[str]]  # by form field
    starting: Mapping[str, tuple[Definition, ...]]  # by fact type: the newest release of each name
    cancelling: frozenset[str]


_KEPT: dict[int, tuple[Mapping[str, Definition], int, Vocabulary]] = {}


def vocabulary(definitions: Mapping[str, Definition]) -> Vocabulary:
    """The vocabulary of published releases, worked out once for each set of them."""
    kept = _KEPT.get(id(definitions))
    if kept is None or kept[0] is not definitions or kept[1] != len(definitions):
        _KEPT.clear()
        kept = _KEPT[id(definitions)] = (definitions, len(definitions), _of(definitions.values()))
    return kept[2]


def vector(step: Step, known: Vocabulary) -> Vector:
    """What this decision read; empty parts are left out."""
    fact = step.fact
    found: Vector = {}
    if read := _read(step, known):
        found["read"] = read
    if said := _said(fact, known):
        found["said"] = said
    if seen := _seen(step, known):
        found["seen"] = seen
    return found


def released(step: Step, fact: Fact) -> Vector:
    """What was read of a held fact that this decision's new case took."""
    read = _of_changes(step, fact)
    return {"read": read} if read else {}


def _read(step: Step, known: Vocabulary) -> dict[str, Json]:
    read = _of_changes(step, step.fact)
    payload: Payload | None = None
    for definition in known.starting.get(step.fact.type, ()):
        if definition.name not in read:  # it was asked whether it starts a case, and did not
            payload = step.fact.payload.reveal() if payload is None else payload
            _keep(read, definition.name, inputs.read(definition.inputs, payload))
    return read


def _of_changes(step: Step, fact: Fact) -> dict[str, Json]:
    read: dict[str, Json] = {}
    for change in step.changes:
        if change.read and change.fact == fact.id:
            _keep(read, change.after.pathway, change.read)
    return read


def _keep(read: dict[str, Json], pathway: str, values: Mapping[str, Value | None]) -> None:
    kept = {name: plain(value) for name, value in values.items() if value is not None}
    before = read.get(pathway)
    read[pathway] = {**before, **kept} if isinstance(before, dict) else kept


def plain(value: Value) -> Json:
    """A value as JSON has it: dates and instants as ISO text."""
    return value.isoformat() if isinstance(value, date) else value


def _said(fact: Fact, known: Vocabulary) -> dict[str, Json]:
    if fact.actor is Actor.CLOCK:
        return _part(fact, "clock")
    if fact.type in _OURS:  # our own words about cases: pathways, outcomes, releases, states
        return _part(fact, _OURS[fact.type])
    if fact.type == EFFECT_SETTLED:
        outcome = _part(fact, "effect").get("effect")
        told = outcome.get("outcome") if isinstance(outcome, Mapping) else None
        return {"effect": {"outcome": told}} if told in _OUTCOMES else {}
    if fact.type in _TASKS:
        task = _part(fact, "task").get("task")
        return {"task": dict(_task(fact, task, known))} if isinstance(task, Mapping) else {}
    return {}


def _part(fact: Fact, role: str) -> dict[str, Json]:
    part = fact.payload.reveal().get(role)
    return {role: part} if part else {}


def _task(fact: Fact, task: Mapping[str, Json], known: Vocabulary) -> Iterator[tuple[str, Json]]:
    outcome = task.get("outcome")
    if outcome:
        yield "outcome", outcome if outcome in known.codes else GIVEN
    if task.get("licensed") is True:
        yield "licensed", True
    if reason := task.get("reason"):
        yield "reason", reason if reason in known.codes else GIVEN
    form = task.get("form")
    if isinstance(form, Mapping):
        yield "form", {name: _entered(fact, name, value, known) for name, value in form.items()}


def _entered(fact: Fact, name: str, value: Json, known: Vocabulary) -> Json:
    """A form's value where it is a declared code, a flag, or a name of ours; else only whether it was given."""
    if value is None or isinstance(value, bool) or value == "":
        return value
    if not isinstance(value, str):
        return GIVEN
    if value in known.options.get(name, ()) or (name == "urgency" and value in _URGENCIES):
        return value
    ours = fact.type == TASK_REASSIGNED and name in {kind.value for kind in OwnerKind}
    routed = fact.type == ROUTING_OVERRIDDEN and name in {"pool", "state"}
    return value if ours or (routed and value in known.codes) else GIVEN


def _seen(step: Step, known: Vocabulary) -> dict[str, Json]:
    """How effects stood, where the decision depends on it: sending moves them outside any decision."""
    fact = step.fact
    depends = fact.type in {EFFECT_SETTLED, TASK_UNDONE} or fact.type in known.cancelling
    about = fact.refers.get("effect")
    return {
        str(effect.id): effect.state.value
        for change in step.changes
        if change.before is not None
        for effect in change.before.effects
        if effect.state is not EffectState.READY
        and effect.id != about
        # a block cuts off; a milestone, which no step waits for, is told again where it was taken back
        and (depends or change.before.regions or effect.step is None)
    }


def _of(definitions: Iterable[Definition]) -> Vocabulary:
    codes: set[str] = set()
    options: dict[str, set[str]] = {}
    newest: dict[str, Definition] = {}
    cancelling: set[str] = set()
    for each in definitions:
        newest[each.name] = each
        codes |= {*each.pools, *each.roles, *each.states}
        cancelling |= {name for name, event in each.events.items() if event.cancels}
        for task in each.tasks.values():
            codes |= {*task.outcomes, *task.reasons}
            for field in task.form:
                options.setdefault(field.name, set()).update(field.options)
    starting: dict[str, list[Definition]] = {}
    for each in newest.values():
        for name, event in each.events.items():
            if event.start is not None or event.where != ALWAYS or event.order:
                starting.setdefault(name, []).append(each)
    return Vocabulary(
        codes=frozenset(codes),
        options={name: frozenset(values) for name, values in options.items()},
        starting={name: tuple(found) for name, found in starting.items()},
        cancelling=frozenset(cancelling),
    )
