"""What a definition implies, worked out once per release: key names, tables in order, what is copied and sent.

Pure: the answer depends on the definition alone; the cache only saves time (SEMANTICS 12).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from carelane.facts.fact import Urgency
from carelane.facts.intent import PATIENT_MESSAGE
from carelane.pathways import fields
from carelane.pathways.definition import Definition, Fallback, Table

_ROUTINE = Urgency.ROUTINE
_RANKS = {urgency.name.lower(): urgency for urgency in Urgency}
_KEPT_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A definition with its look-ups. `tables` come after the tables they read.

    `urgency` is the value that holds the urgency (an input or a table's output), `scoped` whether some inputs are
    filled inside one call only, `sent` what each effect sends at its place, `writing` the states that write to the
    patient themselves, `fallbacks` what happens at the end of each state's time, as a person reads it.
    """

    definition: Definition
    key_names: frozenset[str]
    tables: tuple[Table, ...]
    urgency: str
    scoped: bool
    copied: fields.Copied
    sent: Mapping[str, fields.Places]
    writing: frozenset[str]
    fallbacks: Mapping[str, str]


_KEPT: dict[int, Prepared] = {}


def prepare(definition: Definition) -> Prepared:
    """The definition with its look-ups."""
    kept = _KEPT.get(id(definition))
    if kept is None:
        if len(_KEPT) >= _KEPT_MAX:
            _KEPT.clear()
        # The entry holds the definition, so its id can't be given to another while it is here.
        kept = _KEPT[id(definition)] = _prepare(definition)
    return kept


def rank(value: object) -> Urgency:
    """An urgency from its code; anything else is routine."""
    if isinstance(value, str):
        return _RANKS.get(value, _ROUTINE)
    return value if isinstance(value, Urgency) else _ROUTINE


def _prepare(definition: Definition) -> Prepared:
    names = {name for event in definition.events.values() for name in event.keys}
    names |= {event.start.unique for event in definition.events.values() if event.start}
    return Prepared(
        definition=definition,
        key_names=frozenset(names),
        tables=tuple(_in_order(definition.tables)),
        urgency=_urgency(definition),
        scoped=any(one.within for one in definition.inputs.values()),
        copied=fields.copied(definition.fields),
        sent={
            kind.name: fields.places(definition.fields, kind.sends)
            for kind in definition.effects.values()
            if definition.fields.keys() >= set(kind.sends)  # else the case that needs it is parked
        },
        writing=frozenset(_writing(definition)),
        fallbacks={name: _fallback(state.fallback) for name, state in definition.states.items()},
    )


def _fallback(fallback: Fallback | None) -> str:
    """Never empty, so that the row's check holds."""
    if fallback is None:
        return "a person looks"
    if fallback.repeat:
        told = f", telling {fallback.tell}" if fallback.tell else ""
        return f"repeats to {fallback.to or 'the owner'} until acknowledged{told}"
    names = " or ".join(branch.then for branch in fallback.edge.branches) if fallback.edge else ""
    return f"goes to {names}" if names else "a person looks"


def _writing(definition: Definition) -> Iterator[str]:
    for name, state in definition.states.items():
        kinds = (definition.effects.get(effect) for effect in state.effects)
        if any(kind is not None and kind.capability == PATIENT_MESSAGE for kind in kinds):
            yield name


def _urgency(definition: Definition) -> str:
    table = definition.tables.get(definition.urgency)
    if table is None or definition.urgency in table.outputs:
        return definition.urgency
    outputs = table.outputs.items()
    return next((name for name, kind in outputs if kind == "urgency"), definition.urgency)


def _in_order(tables: Mapping[str, Table]) -> list[Table]:
    """Tables after the tables whose outputs they read; `load` has refused circles."""
    made_by = {output: name for name, table in tables.items() for output in table.outputs}
    done: dict[str, Table] = {}

    def visit(name: str, above: frozenset[str]) -> None:
        if name in done or name in above:
            return
        for read in tables[name].inputs:
            if read in made_by:
                visit(made_by[read], above | {name})
        done[name] = tables[name]

    for name in tables:
        visit(name, frozenset())
    return list(done.values())
