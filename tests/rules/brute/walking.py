"""Goes everywhere: every place, with the worlds in which a case comes there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carelane.pathways.definition import Definition
from tests.rules.brute.domains import NotForMe
from tests.rules.brute.entering import Entering
from tests.rules.brute.happening import Happening
from tests.rules.brute.layouts import Layouts, everywhere
from tests.rules.brute.places import Place, Step
from tests.rules.brute.reading import Reading
from tests.rules.brute.running import Running
from tests.rules.worlds import Bits, Some

PLACES_MAX = 20_000
Steps = Mapping[Place, tuple[Step, ...]]


@dataclass(slots=True)
class Walk:
    """What has been reached: places with their worlds, and the states entered on the way."""

    places: dict[Place, Bits] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pathway:
    """A pathway with all that can happen in it."""

    reading: Reading
    happening: Steps
    running: Running

    @classmethod
    def of(cls, reading: Reading, *, whole: bool = False) -> "Pathway":
        """Read, ready to be walked. `whole`: with every value by itself, everywhere."""
        return cls.having(reading, possible(reading), whole=whole)

    @classmethod
    def having(cls, reading: Reading, steps: Steps, *, whole: bool = False) -> "Pathway":
        """With what can happen, place by place."""
        return cls(reading, steps, Running(Layouts(reading, steps, whole)))

    @property
    def definition(self) -> Definition:
        """What it says."""
        return self.reading.definition

    def steps(self, place: Place) -> tuple[Step, ...]:
        """Everything that can happen at a place."""
        return self.happening[place]

    def first(self) -> Bits:
        """Nothing is known; no time has passed."""
        known = self.reading.worlds.dimensions
        world = {name: None if None in values else values[0] for name, values in known.items()}
        return self.running.one(Place(), world)

    def walk(self, without: frozenset[tuple[str, str]] = frozenset()) -> Walk:
        """Everywhere, by steps that are not named."""
        found = Walk({Place(): self.first()})
        fresh = dict(found.places)
        while fresh:
            place = next(iter(fresh))
            worlds = fresh.pop(place)
            for step in self.steps(place):
                if step.name not in without:
                    self._take(found, fresh, place, step, worlds)
        return found

    def _take(
        self, found: Walk, fresh: dict[Place, Bits], place: Place, step: Step, worlds: Bits
    ) -> None:
        there = self.running.forward(place, step, worlds)
        if there is None:
            return
        found.entered.update(step.through)
        known = found.places.get(step.to)
        new = there if known is None else there & ~known
        if new.any():
            found.places[step.to] = there if known is None else known | there
            fresh[step.to] = fresh[step.to] | new if step.to in fresh else new


def possible(reading: Reading, *, pools: bool = False) -> dict[Place, tuple[Step, ...]]:
    """All that can happen, once each. `pools`: also by what the pool that owns a state is for."""
    happening = Happening(Entering(reading, pools))

    def steps(place: Place) -> tuple[Step, ...]:
        every = happening.steps(place)
        return tuple(dict.fromkeys(step for step in every if not _never(step)))

    found = everywhere(Place(), steps, PLACES_MAX)
    if len(found) > PLACES_MAX:
        raise NotForMe(f"more than {PLACES_MAX} places")
    return found


def _never(step: Step) -> bool:
    return any(isinstance(op, Some) and not op for op in step.ops)
