"""Sets of worlds, over all combinations of values: nothing in a set is approximate.

Used by `brute`, which judges pathways independently of `carelane.proofs`. A world says one value for every dimension
(an input, a variable, a counter). A set says of each combination of the dimensions that it asks about whether it is in;
the others, about which it says nothing, have an axis of length one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import mul, or_
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from carelane.pathways.guard import Value

Known: TypeAlias = Value | timedelta | None
"""What is known of a field: a value, what is left until a moment, or nothing."""
Bits: TypeAlias = npt.NDArray[np.bool_]
Part: TypeAlias = tuple[int, ...]
"""Which values of a dimension are told apart: equal numbers for those that are not, counted from 0 as they come."""


@dataclass(frozen=True, slots=True, eq=False)
class Some:
    """Some worlds."""

    bits: Bits
    parts: Mapping[int, Part] = field(
        default_factory=dict
    )  # by axis; worked out when it is asked for

    def __and__(self, other: "Some") -> "Some":
        return Some(self.bits & other.bits)

    def __or__(self, other: "Some") -> "Some":
        return Some(self.bits | other.bits)

    def __invert__(self) -> "Some":
        return Some(~self.bits)

    def __bool__(self) -> bool:
        return bool(self.bits.any())

    def told_apart(self) -> Mapping[int, Part]:
        """By axis, which values make a difference to whether a world is in."""
        if not self.parts:
            found = {
                axis: numbered(
                    self.bits.take(n, axis).tobytes() for n in range(self.bits.shape[axis])
                )
                for axis in range(self.bits.ndim)
                if self.bits.shape[axis] > 1
            }
            object.__setattr__(self, "parts", found)
        return self.parts


NONE = Some(np.zeros(1, dtype=np.bool_))


def union(many: Iterable[Some]) -> Some:
    """All worlds of several sets."""
    return reduce(or_, many, NONE)


def numbered(keys: Iterable[Any]) -> Part:
    """Equal numbers for equal keys, counted from 0 as they come."""
    seen: dict[Any, int] = {}
    return tuple(seen.setdefault(key, len(seen)) for key in keys)


@dataclass(slots=True)
class Worlds:
    """All worlds over these dimensions, each with its possible values (None: missing)."""

    dimensions: Mapping[str, Sequence[Known]]
    axes: dict[str, int] = field(init=False)
    every: Some = field(init=False)

    def __post_init__(self) -> None:
        self.axes = {name: axis for axis, name in enumerate(self.dimensions)}
        self.every = Some(np.ones((1,) * max(len(self.axes), 1), dtype=np.bool_))

    def where(self, name: str, holds: Callable[[Known], bool]) -> Some:
        """The worlds in which a dimension's value is such."""
        if name not in self.dimensions:
            return self.every if holds(None) else NONE
        values = self.dimensions[name]
        shape = [1] * len(self.axes)
        shape[self.axes[name]] = len(values)
        return Some(np.array([holds(value) for value in values], dtype=np.bool_).reshape(shape))


def count(dimensions: Mapping[str, Sequence[Known]]) -> int:
    """How many worlds there would be."""
    return reduce(mul, (len(values) for values in dimensions.values()), 1)
