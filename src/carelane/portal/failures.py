"""How many requests of this process failed, and which of them the log hears; no clock of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

RUN = timedelta(minutes=1)
"""After so long without one, the next failure by an absent database begins a new run."""


@dataclass(slots=True)
class Failures:
    """Counted since the process began.

    Of a run at which the database is away the log hears the first, second, fourth, eighth, ...: enough to see, too few
    to drown in.
    """

    number: int = 0
    _run: int = 0
    _last: datetime | None = None

    def next(self) -> int:
        """The number of the failure that happens now, from 1."""
        self.number += 1
        return self.number

    def heard(self, now: datetime) -> bool:
        """Whether the log hears of this failure by an absent database."""
        fresh = self._last is None or now - self._last > RUN
        self._run = 1 if fresh else self._run + 1
        self._last = now
        return self._run & (self._run - 1) == 0
