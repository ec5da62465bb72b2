"""Chance by seed and name: the same patient answers the same on both sides, whatever happened before."""

from math import log
from zlib import crc32

from carelane.testing.simulation.dice import Dice

_SCALE = 1 << 53


class Chance:
    """Draws that depend on the seed and on what they are about, and on nothing else."""

    def __init__(self, seed: int, about: str) -> None:
        self._dice = Dice((seed << 32) ^ crc32(about.encode()))

    def share(self) -> float:
        """From 0 to below 1."""
        return self._dice.roll(_SCALE) / _SCALE

    def happens(self, share: float) -> bool:
        """True so often."""
        return self.share() < share

    def spread(self, mean: float) -> float:
        """A time with this mean, exponentially spread."""
        return -mean * log(1.0 - self.share())

    def below(self, count: int) -> int:
        """From 0 to below `count`."""
        return self._dice.roll(count)
