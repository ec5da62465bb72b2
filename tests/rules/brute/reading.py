"""Where guards hold and rows answer: sets of worlds, worked out condition by condition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import TypeAlias

import numpy as np

from carelane.pathways.definition import Definition, Hit, Table
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Same,
    Until,
    Within,
)
from tests.rules.brute.domains import compare, dimensions, holds
from tests.rules.brute.texts import fields
from tests.rules.worlds import NONE, Known, Some, Worlds, union

Facts: TypeAlias = frozenset[tuple[str, Known]]
"""What a place itself says: how regions ended, and other cases."""


@dataclass(slots=True)
class Reading:
    """A pathway's guards and tables over its worlds; the domains may be narrowed."""

    definition: Definition
    narrowed: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    worlds: Worlds = field(init=False)
    outputs: dict[str, dict[Known, Some]] = field(default_factory=dict)
    _guards: dict[tuple[Guard, Facts], Some] = field(default_factory=dict)

    _given: dict[tuple[str, str, str], Some] = field(default_factory=dict)
    _blurred: dict[tuple[Some, frozenset[int]], Some] = field(default_factory=dict)
    _opposites: dict[Some, Some] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.worlds = Worlds(dict(dimensions(self.definition, self.narrowed)))
        for table in self.definition.tables.values():
            self.outputs |= self._answers(table)

    def guard(self, guard: Guard, facts: Facts = frozenset()) -> Some:
        """The worlds in which a guard holds, at a place that says these things."""
        asked = fields(guard)
        key = (guard, frozenset(one for one in facts if one[0] in asked))
        if key not in self._guards:
            self._guards[key] = self._guard(guard, key[1])
        return self._guards[key]

    def _guard(self, guard: Guard, facts: Facts) -> Some:
        match guard:
            case All(parts):
                return reduce(and_, (self.guard(part, facts) for part in parts), self.worlds.every)
            case Either(parts):
                return union(self.guard(part, facts) for part in parts)
            case Not(part):
                return self.worlds.every & ~self.guard(part, facts)
            case Same(left, op, right):
                return union(
                    these & those
                    for one, these in self._values(left, facts)
                    for other, those in self._values(right, facts)
                    if compare(one, op, other)
                )
            case Elapsed():
                return self.worlds.where("elapsed", lambda value: holds(guard, value))
            case Compare(name) | Within(name) | Missing(name) | Until(name):
                return self._atom(guard, name, facts)

    def _atom(self, guard: Guard, name: str, facts: Facts) -> Some:
        if name in self.outputs:
            return union(w for v, w in self.outputs[name].items() if holds(guard, v))
        if "." in name and name not in self.worlds.dimensions:
            return self.worlds.every if holds(guard, dict(facts).get(name)) else NONE
        return self.worlds.where(name, lambda value: holds(guard, value))

    def _values(self, name: str, facts: Facts) -> Iterable[tuple[Known, Some]]:
        if name in self.outputs:
            return self.outputs[name].items()
        if name not in self.worlds.dimensions:
            return [(dict(facts).get(name), self.worlds.every)]
        return [(one, self._where(name, one)) for one in self.worlds.dimensions[name]]

    def _where(self, name: str, one: Known) -> Some:
        return self.worlds.where(name, lambda other: other == one)

    def opposite(self, worlds: Some) -> Some:
        """All others."""
        if worlds not in self._opposites:
            self._opposites[worlds] = self.worlds.every & ~worlds
        return self._opposites[worlds]

    def blurred(self, worlds: Some, axes: frozenset[int]) -> Some:
        """The worlds that differ from one of these in other dimensions only."""
        key = (worlds, axes)
        if key not in self._blurred:
            gone = tuple(axis for axis in worlds.told_apart() if axis not in axes)
            less = np.logical_or.reduce(worlds.bits, axis=gone, keepdims=True) if gone else None
            self._blurred[key] = worlds if less is None else Some(less)
        return self._blurred[key]

    def given(self, table: str, output: str, answer: str) -> Some:
        """The worlds in which a collect table has this answer among its answers."""
        key = (table, output, answer)
        if key not in self._given:
            rows = self.definition.tables[table].rows
            self._given[key] = self.worlds.every & union(
                self.guard(row.when) for row in rows if str(row.then.get(output)) == answer
            )
        return self._given[key]

    def hits(self, table: Table) -> list[Some]:
        """The worlds in which each row answers."""
        held = [self.guard(row.when) for row in table.rows]
        if table.hit is Hit.UNIQUE:
            return [
                here & ~union(other for n, other in enumerate(held) if n != number)
                for number, here in enumerate(held)
            ]
        left, found = self.worlds.every, []
        for here in held:
            found.append(here & left)
            left = left & ~here
        return found

    def _answers(self, table: Table) -> dict[str, dict[Known, Some]]:
        hits = self.hits(table)
        found: dict[str, dict[Known, Some]] = {}
        for name in table.outputs:
            answered = NONE
            by_value: dict[Known, Some] = {}
            for row, worlds in zip(table.rows, hits, strict=True):
                value = row.then.get(name)
                by_value[value] = by_value.get(value, NONE) | worlds
                answered = answered | worlds
            by_value[None] = by_value.get(None, NONE) | self.worlds.every & ~answered
            found[name] = by_value
        return found
