"""Goes everywhere: every place, with the worlds in which a case comes there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from carelane.pathways.definition import Definition
from tests.rules.brute.domains import NotForMe
from tests.rules.brute.entering import Entering
from tests.rules.brute.happening import Happening
from tests.rules.brute.places import Place, Step
from tests.rules.brute.reading import Reading
from tests.rules.worlds import Known

PLACES_MAX = 20_000


@dataclass(slots=True)
class Walk:
    """What has been reached: places with their worlds, and the states entered on the way."""

    places: dict[Place, int] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Pathway:
    """A pathway with all that can happen in it."""

    reading: Reading
    happening: Happening

    @classmethod
    def of(cls, reading: Reading, *, pools: bool = False) -> "Pathway":
        """Read, ready to be walked. `pools`: also by the pool that owns each state."""
        return cls(reading, Happening(Entering(reading, pools)))

    @property
    def definition(self) -> Definition:
        """What it says."""
        return self.reading.definition

    def steps(self, place: Place) -> tuple[Step, ...]:
        """Everything that can happen at a place."""
        return self.happening.steps(place)

    def walk(self, without: frozenset[tuple[str, str]] = frozenset()) -> Walk:
        """Everywhere, by steps that are not named."""
        start = {Place(): self.reading.worlds.one(self.first())}
        found = Walk(dict(start))
        fresh = dict(start)
        while fresh:
            place = next(iter(fresh))
            worlds = fresh.pop(place)
            for step in self.steps(place):
                if step.name not in without:
                    self._take(found, fresh, step, worlds)
        return found

    def _take(self, found: Walk, fresh: dict[Place, int], step: Step, worlds: int) -> None:
        there = step.forward(self.reading, worlds)
        if not there:
            return
        found.entered.update(step.through)
        new = there & ~found.places.get(step.to, 0)
        if new:
            if len(found.places) > PLACES_MAX:
                raise NotForMe(f"more than {PLACES_MAX} places")
            found.places[step.to] = found.places.get(step.to, 0) | new
            fresh[step.to] = fresh.get(step.to, 0) | new

    def first(self) -> Mapping[str, Known]:
        """Nothing is known; no time has passed."""
        known = self.reading.worlds.dimensions
        return {name: None if None in values else values[0] for name, values in known.items()}
