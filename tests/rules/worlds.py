"""Sets of worlds as whole numbers, one bit for each combination of values: nothing is merged, nothing is clever.

Used by `brute`, which judges pathways independently of `carelane.proofs`. A world says one value for every dimension
(an input, a variable, a counter); a set of worlds is an `int` whose bit number is the world's number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import reduce
from operator import mul
from typing import TypeAlias

from carelane.pathways.guard import Value

Known: TypeAlias = Value | timedelta | None
"""What is known of a field: a value, what is left until a moment, or nothing."""


@dataclass(slots=True)
class Worlds:
    """All worlds over these dimensions, each with its possible values (None: missing)."""

    dimensions: Mapping[str, Sequence[Known]]
    strides: dict[str, int] = field(default_factory=dict)
    size: int = 1
    _with: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, values in self.dimensions.items():
            self.strides[name] = self.size
            self.size *= len(values)
        for name, values in self.dimensions.items():
            for number in range(len(values)):
                self._with[name, number] = self._pattern(name, number)

    @property
    def every(self) -> int:
        """All worlds."""
        return (1 << self.size) - 1

    def _pattern(self, name: str, number: int) -> int:
        stride, many = self.strides[name], len(self.dimensions[name])
        block = ((1 << stride) - 1) << (number * stride)
        width, full = stride * many, self.size
        while width < full:
            step = min(width, full - width)
            block |= (block & ((1 << step) - 1)) << width
            width += step
        return block

    def where(self, name: str, holds: Callable[[Known], bool]) -> int:
        """The worlds in which a dimension's value is such."""
        if name not in self.dimensions:
            return self.every if holds(None) else 0
        chosen = [n for n, value in enumerate(self.dimensions[name]) if holds(value)]
        return reduce(lambda a, b: a | b, (self._with[name, n] for n in chosen), 0)

    def one(self, values: Mapping[str, Known]) -> int:
        """The one world with these values, missing ones where none is given."""
        place = 0
        for name, known in self.dimensions.items():
            place += list(known).index(values.get(name)) * self.strides[name]
        return 1 << place

    def moved(self, worlds: int, name: str, to: Callable[[int], Iterable[int]]) -> int:
        """The worlds in which a dimension has changed from number n to any of `to(n)`."""
        stride, found = self.strides[name], 0
        for number in range(len(self.dimensions[name])):
            here = worlds & self._with[name, number]
            for other in to(number) if here else ():
                shift = (other - number) * stride
                found |= here << shift if shift >= 0 else here >> -shift
        return found

    def back(self, worlds: int, name: str, to: Callable[[int], Iterable[int]]) -> int:
        """The worlds from which a change by `to` leads into these."""
        stride, found = self.strides[name], 0
        for number in range(len(self.dimensions[name])):
            for other in to(number):
                here = worlds & self._with[name, other]
                shift = (number - other) * stride
                found |= here << shift if shift >= 0 else here >> -shift
        return found


def count(dimensions: Mapping[str, Sequence[Known]]) -> int:
    """How many worlds there would be."""
    return reduce(mul, (len(values) for values in dimensions.values()), 1)
