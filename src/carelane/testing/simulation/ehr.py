"""An EHR that creates what it is asked to, each time it is asked, and does not always tell the truth in time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from carelane.facts.ports import Verdict
from carelane.testing.simulation.dice import Dice

_SECOND = timedelta(seconds=1)
_REFUSES = 9


@dataclass(slots=True)
class Ehr:
    """Resources by our business identifier, each visible from some instant on. `well` switches faults off."""

    dice: Dice
    well: bool = False
    down_until: datetime | None = None
    resources: dict[UUID, list[datetime]] = field(default_factory=dict)

    def create(self, key: UUID, now: datetime) -> Verdict:
        """Create once more, perhaps late, perhaps saying otherwise."""
        if self.down_until is not None and now < self.down_until:
            return Verdict.RETRY
        mode = 0 if self.well else self.dice.roll(10)
        if mode in {7, 8}:
            return Verdict.RETRY  # 503: nothing was done
        if mode == _REFUSES:
            return Verdict.REFUSED
        late = self.dice.roll(45) * _SECOND  # slow: done or visible only later
        self.resources.setdefault(key, []).append(now if mode == 0 else now + late)
        if mode in {4, 5, 6}:
            return Verdict.UNKNOWN  # done, then a reset, or a lie
        return Verdict.DONE

    def look(self, key: UUID, now: datetime) -> bool:
        """Whether a resource with this identifier can be seen."""
        return any(visible <= now for visible in self.resources.get(key, ()))
