"""Where guards hold and rows answer: sets of worlds, worked out condition by condition."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

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
from tests.rules.brute.domains import NotForMe, compare, dimensions, holds
from tests.rules.brute.texts import fields
from tests.rules.worlds import Known, Worlds, count

WORLDS_MAX = 1_200_000
Facts: TypeAlias = frozenset[tuple[str, Known]]
"""What a place itself says: how regions ended, and other cases."""


@dataclass(slots=True)
class Reading:
    """A pathway's guards and tables over its worlds; the domains may be narrowed."""

    definition: Definition
    narrowed: Mapping[str, Sequence[Known]] = field(default_factory=dict)
    worlds: Worlds = field(init=False)
    outputs: dict[str, dict[Known, int]] = field(default_factory=dict)
    _guards: dict[tuple[Guard, Facts], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = dict(dimensions(self.definition, self.narrowed))
        if count(found) > WORLDS_MAX:
            raise NotForMe(f"{count(found)} worlds")
        self.worlds = Worlds(found)
        for table in self.definition.tables.values():
            self.outputs |= self._answers(table)

    def guard(self, guard: Guard, facts: Facts = frozenset()) -> int:
        """The worlds in which a guard holds, at a place that says these things."""
        asked = fields(guard)
        key = (guard, frozenset(one for one in facts if one[0] in asked))
        if key not in self._guards:
            self._guards[key] = self._guard(guard, key[1])
        return self._guards[key]

    def _guard(self, guard: Guard, facts: Facts) -> int:
        match guard:
            case All(parts):
                found = self.worlds.every
                for part in parts:
                    found &= self.guard(part, facts)
                return found
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

    def _atom(self, guard: Guard, name: str, facts: Facts) -> int:
        if name in self.outputs:
            return union(w for v, w in self.outputs[name].items() if holds(guard, v))
        if "." in name and name not in self.worlds.dimensions:
            return self.worlds.every if holds(guard, dict(facts).get(name)) else 0
        return self.worlds.where(name, lambda value: holds(guard, value))

    def _values(self, name: str, facts: Facts) -> Iterable[tuple[Known, int]]:
        if name in self.outputs:
            return self.outputs[name].items()
        if name not in self.worlds.dimensions:
            return [(dict(facts).get(name), self.worlds.every)]
        return [(one, self._where(name, one)) for one in self.worlds.dimensions[name]]

    def _where(self, name: str, one: Known) -> int:
        return self.worlds.where(name, lambda other: other == one)

    def given(self, table: str, output: str, answer: str) -> int:
        """The worlds in which a collect table has this answer among its answers."""
        rows = self.definition.tables[table].rows
        return union(self.guard(row.when) for row in rows if str(row.then.get(output)) == answer)

    def hits(self, table: Table) -> list[int]:
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
            left &= ~here
        return found

    def _answers(self, table: Table) -> dict[str, dict[Known, int]]:
        hits = self.hits(table)
        found: dict[str, dict[Known, int]] = {}
        for name in table.outputs:
            answered = 0
            by_value: dict[Known, int] = {}
            for row, worlds in zip(table.rows, hits, strict=True):
                value = row.then.get(name)
                by_value[value] = by_value.get(value, 0) | worlds
                answered |= worlds
            by_value[None] = by_value.get(None, 0) | self.worlds.every & ~answered
            found[name] = by_value
        return found


def union(many: Iterable[int]) -> int:
    """All worlds of several sets."""
    found = 0
    for each in many:
        found |= each
    return found
