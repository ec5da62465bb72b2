"""The one place that reads the machine's clock, and the clock of a demo, which runs ahead of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """What a process asks for the time: the machine's, plus what a demo's database adds (elsewhere nothing)."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        """The present instant, aware, in UTC."""
        return now() + self.ahead
