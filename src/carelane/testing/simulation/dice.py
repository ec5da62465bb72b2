"""Chance from a seed: the same seed plays the same history (SplitMix64)."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Dice:
    """A small generator; never used for anything but simulations."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def roll(self, sides: int) -> int:
        """A number from 0 to below `sides`."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % sides

    def chance(self, percent: int) -> bool:
        """True so often in a hundred."""
        return self.roll(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        """One of them."""
        return items[self.roll(len(items))]
