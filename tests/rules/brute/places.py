"""Where a case can stand, and one thing that can happen to it there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from tests.rules.brute.reading import Facts, Reading
from tests.rules.worlds import Known

To: TypeAlias = Callable[[int], Sequence[int]]
Change: TypeAlias = tuple[str, To]


@dataclass(frozen=True, slots=True)
class Spot:
    """One open wait: its state, effects whose ends it waits for, whether one failed, and (if watched) its pool."""

    state: str
    pending: frozenset[str] = frozenset()
    failed: bool = False
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands: nowhere yet, in one or more states at once, or at its end."""

    spots: frozenset[Spot] = frozenset()
    ended: frozenset[tuple[str, str]] = frozenset()  # regions of open blocks that are over: outcome
    facts: Facts = frozenset()
    cancelled: bool = False
    final: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is an open case."""
        return bool(self.spots)

    def spot(self, state: str) -> Spot | None:
        """The open wait in this state."""
        return next((each for each in self.spots if each.state == state), None)

    def told(self, facts: Mapping[str, Known]) -> "Place":
        """The same place that says this; what is missing is not said."""
        others = {name: value for name, value in self.facts if name not in facts}
        known = {name: value for name, value in facts.items() if value is not None}
        return replace(self, facts=frozenset({**others, **known}.items()))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: values come in, branches ask, values are set, and where the case then stands.

    `ops` are what changes (a name and how) and what must hold (worlds), in order; `after` is what is set at the end.
    `through` are the states entered. `alone`: clocks or effects did it. `name` is the task's outcome or effect's end.
    """

    to: Place
    ops: tuple[Change | int, ...] = ()
    after: tuple[Change, ...] = ()
    through: tuple[str, ...] = ()
    alone: bool = False
    name: tuple[str, str] = ("", "")
    opening: frozenset[str] = frozenset()  # blocks of which not every region has begun

    def at(self, place: Place, *through: str) -> "Step":
        """It leads on to here."""
        return replace(self, to=place, through=(*self.through, *through))

    def where(self, worlds: int, read: set[str]) -> "Step":
        """Only in these worlds; what is asked sees what has been set."""
        if read & {name for name, _ in self.after}:
            return replace(self, ops=(*self.ops, *self.after, worlds), after=())
        return replace(self, ops=(*self.ops, worlds))

    def then(self, *changes: Change) -> "Step":
        """Something is set."""
        return replace(self, after=(*self.after, *changes))

    def heard(self, reading: Reading, worlds: int) -> int:
        """The worlds once its values are in and its branches have asked, before it sets anything."""
        for op in self.ops:
            worlds = worlds & op if isinstance(op, int) else reading.worlds.moved(worlds, *op)
            if not worlds:
                return 0
        return worlds

    def led(self, reading: Reading, worlds: int) -> int:
        """Where it leads, once it has been heard."""
        for name, to in self.after:
            worlds = reading.worlds.moved(worlds, name, to)
        return worlds

    def forward(self, reading: Reading, worlds: int) -> int:
        """Where it leads from these worlds."""
        return self.led(reading, self.heard(reading, worlds))

    def backward(self, reading: Reading, worlds: int) -> int:
        """From where it leads into these worlds."""
        for op in reversed((*self.ops, *self.after)):
            if not worlds:
                return 0
            worlds = worlds & op if isinstance(op, int) else reading.worlds.back(worlds, *op)
        return worlds


def plus(most: int) -> To:
    """One more, never past the bound."""
    return lambda number: [min(number + 1, most)]


def to(number: int) -> To:
    """This one, whatever it was."""
    return lambda _: [number]
