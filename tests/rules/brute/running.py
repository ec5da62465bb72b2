"""Sets of worlds carried along steps, forwards and backwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.rules.brute.layouts import Layout, Layouts, firsts
from tests.rules.brute.places import Act, Place, Step
from tests.rules.worlds import Bits, Known, Part, Some

Mask: TypeAlias = tuple[None, Bits]
Move: TypeAlias = tuple[int, Bits]
"""An axis, and from which of its values (rows) to which (columns)."""


@dataclass(slots=True)
class Running:
    """Steps as they are taken with the layouts of the places that they join."""

    layouts: Layouts
    _paths: dict[tuple[tuple[Act, ...], Layout, Layout], Sequence[Mask | Move]] = field(
        default_factory=dict
    )

    def shape(self, place: Place) -> tuple[int, ...]:
        """How many values each dimension has at a place."""
        return tuple(max(part) + 1 for part in self.layouts.at[place])

    def every(self, place: Place) -> Bits:
        """All worlds."""
        return np.ones(self.shape(place), dtype=np.bool_)

    def none(self, place: Place) -> Bits:
        """No world."""
        return np.zeros(self.shape(place), dtype=np.bool_)

    def one(self, place: Place, world: dict[str, Known]) -> Bits:
        """One world."""
        found = self.none(place)
        dimensions = self.layouts.reading.worlds.dimensions
        at = [list(values).index(world[name]) for name, values in dimensions.items()] or [0]
        found[tuple(part[n] for part, n in zip(self.layouts.at[place], at, strict=True))] = True
        return found

    def forward(self, place: Place, step: Step, worlds: Bits) -> Bits | None:
        """Where a step leads from these worlds; nowhere: None."""
        for axis, what in self._path(place, step):
            if axis is not None:
                worlds = _through(worlds, axis, what)
                continue
            worlds = worlds & what
            if not worlds.any():
                return None
        return worlds

    def backward(self, place: Place, step: Step, worlds: Bits) -> Bits:
        """From where a step leads into these worlds."""
        for axis, what in reversed(self._path(place, step)):
            worlds = worlds & what if axis is None else _through(worlds, axis, what.T)
        return worlds

    def _path(self, place: Place, step: Step) -> Sequence[Mask | Move]:
        start, end = self.layouts.at[place], self.layouts.at[step.to]
        key = (step.every, start, end)
        if key not in self._paths:
            self._paths[key] = self._worked_out(*key)
        return self._paths[key]

    def _worked_out(
        self, ops: tuple[Act, ...], start: Layout, end: Layout
    ) -> Sequence[Mask | Move]:
        found: list[Mask | Move] = []
        now = list(start)
        for op, before, after in zip(ops, *_pairs(self.layouts.stages(ops, end)), strict=True):
            found.extend(_coarser(now, before))
            now = list(before)
            if isinstance(op, Some):
                bits = op.bits
                for axis in op.told_apart():
                    bits = bits.take(firsts(before[axis]), axis)
                found.append((None, bits))
            else:
                axis = self.layouts.reading.worlds.axes[op[0]]
                rows = self.layouts.rows(op)
                found.append((axis, _moving(before[axis], rows, after[axis])))
                now[axis] = after[axis]
        return [*found, *_coarser(now, end)]


def _pairs(stages: Sequence[Layout]) -> tuple[Sequence[Layout], Sequence[Layout]]:
    return stages[:-1], stages[1:]


def _coarser(now: Sequence[Part], then: Layout) -> list[Mask | Move]:
    return [
        (axis, _moving(one, tuple(frozenset({n}) for n in range(len(one))), other))
        for axis, (one, other) in enumerate(zip(now, then, strict=True))
        if one != other
    ]


def _moving(before: Part, rows: Sequence[frozenset[int]], after: Part) -> Bits:
    found = np.zeros((max(before) + 1, max(after) + 1), dtype=np.bool_)
    for n, first in enumerate(firsts(before)):
        found[n, [after[to] for to in rows[first]]] = True
    return found


def _through(worlds: Bits, axis: int, moving: npt.NDArray[np.bool_]) -> Bits:
    shape = worlds.shape
    if moving.shape == (1, 1) and moving[0, 0]:
        return worlds
    if shape[axis] == 1 and moving.shape[0] > 1:
        worlds = np.repeat(worlds, moving.shape[0], axis)
    flat = worlds.reshape(prod(shape[:axis]), moving.shape[0], -1)
    found = np.zeros((flat.shape[0], moving.shape[1], flat.shape[2]), dtype=np.bool_)
    for to in range(moving.shape[1]):
        found[:, to] = flat[:, moving[:, to]].any(axis=1)
    return found.reshape(*shape[:axis], moving.shape[1], *shape[axis + 1 :])
