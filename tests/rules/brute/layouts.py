"""Which values make no difference any more at a place, so that a set of worlds there need not tell them apart.

Two values of a dimension are one at a place if everything that can happen there asks the same of both and leads on
alike: to the same places, into values that are one there again. That is worked out backwards until it changes nothing.
It drops no world and chooses none: what is reached, stuck or endless is so with and without it (`test_brute`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from tests.rules.brute.places import Act, Change, Place, Step
from tests.rules.brute.reading import Reading
from tests.rules.worlds import Part, Some, numbered

Layout: TypeAlias = tuple[Part, ...]
Rows: TypeAlias = tuple[frozenset[int], ...]
"""Where each value of a dimension may go."""


@dataclass(slots=True)
class Layouts:
    """The layout of each place; `whole`: every value by itself, everywhere."""

    reading: Reading
    steps: Mapping[Place, tuple[Step, ...]]
    whole: bool = False
    at: dict[Place, Layout] = field(default_factory=dict)
    _rows: dict[Change, Rows] = field(default_factory=dict)
    _stages: dict[tuple[tuple[Act, ...], Layout], Sequence[Layout]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = [len(values) for values in self.reading.worlds.dimensions.values()] or [1]
        same = tuple(tuple(range(n)) if self.whole else (0,) * n for n in sizes)
        self.at = dict.fromkeys(self.steps, same)
        into: dict[Place, set[Place]] = {}
        for place, steps in self.steps.items():
            for step in steps:
                into.setdefault(step.to, set()).add(place)
        waiting: dict[Place, None] = dict.fromkeys(reversed([*self.steps]))
        while waiting:
            place, _ = waiting.popitem()
            finer = self._finer(place)
            if finer != self.at[place]:
                self.at[place] = finer
                waiting |= dict.fromkeys(into.get(place, ()))

    def _finer(self, place: Place) -> Layout:
        found = self.at[place]
        for step in self.steps[place]:
            first = self.stages(step.every, self.at[step.to])[0]
            if first != found:
                found = tuple(map(meet, found, first))
        return found

    def stages(self, ops: tuple[Act, ...], after: Layout) -> Sequence[Layout]:
        """The layout before each op, and the one after all."""
        key = (ops, after)
        if key not in self._stages:
            found = [after]
            for op in reversed(ops):
                now = list(found[-1])
                if isinstance(op, Some):
                    for axis, part in op.told_apart().items():
                        now[axis] = meet(now[axis], part)
                else:
                    axis = self.reading.worlds.axes[op[0]]
                    now[axis] = pulled(now[axis], self.rows(op))
                found.append(tuple(now))
            self._stages[key] = found[::-1]
        return self._stages[key]

    def rows(self, change: Change) -> Rows:
        """Where a change may lead each value."""
        if change not in self._rows:
            name, to = change
            values = range(len(self.reading.worlds.dimensions[name]))
            self._rows[change] = tuple(frozenset(to(number)) for number in values)
        return self._rows[change]


@cache
def meet(one: Part, other: Part) -> Part:
    """What either tells apart."""
    return one if one == other else numbered(zip(one, other, strict=True))


@cache
def pulled(part: Part, rows: Rows) -> Part:
    """Which values a change leads into different ones."""
    return numbered(frozenset(part[n] for n in row) for row in rows)


@cache
def firsts(part: Part) -> tuple[int, ...]:
    """One value for each number."""
    return tuple(part.index(n) for n in range(max(part) + 1))


def everywhere(
    start: Place, steps: Callable[[Place], tuple[Step, ...]], most: int
) -> dict[Place, tuple[Step, ...]]:
    """All places that steps lead to, whatever the worlds; too many of them are cut off after `most`."""
    found: dict[Place, tuple[Step, ...]] = {}
    fresh = [start]
    while fresh and len(found) <= most:
        place = fresh.pop()
        if place not in found:
            found[place] = steps(place)
            fresh.extend(step.to for step in found[place])
    return found
