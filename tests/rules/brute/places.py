"""Where a case can stand, and one thing that can happen to it there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from carelane.facts.fact import Urgency
from tests.rules.brute.reading import Facts
from tests.rules.worlds import Known, Some

To: TypeAlias = Callable[[int], Sequence[int]]
Change: TypeAlias = tuple[str, To]
Act: TypeAlias = Change | Some


@dataclass(frozen=True, slots=True)
class Spot:
    """One open wait: its state, effects whose ends it waits for, and whether one failed.

    `serves`, if watched: which urgencies its pool is for.
    """

    state: str
    pending: frozenset[str] = frozenset()
    failed: bool = False
    serves: frozenset[Urgency] | None = None


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
    ops: tuple[Act, ...] = ()
    after: tuple[Change, ...] = ()
    through: tuple[str, ...] = ()
    alone: bool = False
    name: tuple[str, str] = ("", "")
    opening: frozenset[str] = frozenset()  # blocks of which not every region has begun
    flagged: int = -1  # how urgent a red flag makes it, where that is watched

    @property
    def every(self) -> tuple[Act, ...]:
        """What changes and what must hold, in order."""
        return (*self.ops, *self.after)

    def at(self, place: Place, *through: str) -> "Step":
        """It leads on to here."""
        return replace(self, to=place, through=(*self.through, *through))

    def where(self, worlds: Some, read: set[str]) -> "Step":
        """Only in these worlds; what is asked sees what has been set."""
        if read & {name for name, _ in self.after}:
            return replace(self, ops=(*self.ops, *self.after, worlds), after=())
        return replace(self, ops=(*self.ops, worlds))

    def then(self, *changes: Change) -> "Step":
        """Something is set."""
        return replace(self, after=(*self.after, *changes))


@cache
def plus(most: int) -> To:
    """One more, never past the bound."""
    return lambda number: [min(number + 1, most)]


@cache
def to(number: int) -> To:
    """This one, whatever it was."""
    return lambda _: [number]
