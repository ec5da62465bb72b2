"""What a new release might have read where nothing was recorded: every value it can tell apart is tried.

If no value makes a difference, the case is decided without it; else a person judges. An input without a finite list
(a number, a date) is never guessed: every case that reads it goes to a person.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from carelane.cases.model import View
from carelane.cases.vector import plain
from carelane.facts.fact import Fact
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition, Edge, Input, InputType
from carelane.pathways.guard import Value
from carelane.pathways.judge import fields_of
from carelane.proofs.divergence import Kind, Parting, Way
from carelane.proofs.recorded import ROLE, place

_TRIED_MAX = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """The inputs that were not recorded as the new release declares them, and the values to try."""

    pathway: str
    names: tuple[str, ...]
    tried: tuple[Mapping[str, Value], ...]
    unlisted: tuple[str, ...]

    @classmethod
    def of(cls, definition: Definition, names: Sequence[str]) -> "Doubt":
        """The doubt of a release; inputs that nothing reads leave none."""
        used = read_by(definition)
        names = [name for name in names if name in used]
        inputs = [definition.inputs[name] for name in names]
        listed = [each for each in inputs if _values(each)]
        combinations = list(_combined(listed))[:_TRIED_MAX]
        unlisted = [each.name for each in inputs if not _values(each)]
        if len(combinations) == _TRIED_MAX:
            unlisted += [each.name for each in listed]
        return cls(
            pathway=definition.name,
            names=tuple(names),
            tried=tuple(combinations),
            unlisted=tuple(unlisted),
        )

    def variants(self, fact: Fact, view: View) -> Iterator[tuple[Fact, View]]:
        """The fact and the view as they might have been."""
        for values in self.tried:
            yield _with(fact, self.pathway, values), _known(view, self.pathway, values)

    def parting(self) -> Parting:
        """The difference that a person must judge."""
        return Parting(
            kind=Kind.INPUT,
            what="input not recorded",
            old="",
            new=", ".join(self.names),
            way=Way.JUDGE,
        )


def read_by(definition: Definition) -> frozenset[str]:
    """The names that a release's tables, guards and clocks read."""
    found = {name for table in definition.tables.values() for name in table.inputs}
    starts = [event.start.when for event in definition.events.values() if event.start]
    guards = [*starts, *(branch.when for edge in _edges(definition) for branch in edge.branches)]
    found |= {name for guard in guards for name in fields_of(guard)}
    clocks = [state.clock for state in definition.states.values() if state.clock is not None]
    found |= {clock.start for clock in clocks} | {
        clock.back.before for clock in clocks if clock.back
    }
    return frozenset(found | {definition.urgency})


def _edges(definition: Definition) -> Iterator[Edge]:
    yield definition.start
    yield from definition.everywhere.values()
    for state in definition.states.values():
        yield from (*state.outcomes.values(), *state.on.values(), *state.effect_outcomes.values())
        if state.fallback is not None and state.fallback.edge is not None:
            yield state.fallback.edge


def _values(given: Input) -> tuple[Value, ...]:
    if given.type is InputType.CODE:
        return given.codes
    return (True, False) if given.type is InputType.BOOLEAN else ()


def _combined(inputs: Sequence[Input]) -> Iterator[Mapping[str, Value]]:
    if not inputs:
        return
    for values in product(*((None, *_values(each)) for each in inputs)):
        chosen = {
            each.name: value
            for each, value in zip(inputs, values, strict=True)
            if value is not None
        }
        if chosen:
            yield chosen


def _with(fact: Fact, pathway: str, values: Mapping[str, Value]) -> Fact:
    payload = dict(fact.payload.reveal())
    payload.update(
        (place(pathway, name, same=False), plain(value)) for name, value in values.items()
    )
    return replace(fact, payload=Phi(payload, ROLE))


def _known(view: View, pathway: str, values: Mapping[str, Value]) -> View:
    cases = tuple(
        replace(case, values={**case.values, **values}) if case.pathway == pathway else case
        for case in view.cases
    )
    return replace(view, cases=cases)
