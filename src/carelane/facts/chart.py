"""Reading a chart at its source for one person's page: what is asked, what comes, why nothing came.

Nothing of it is stored or logged; no value here prints itself.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from carelane.facts.fact import Identifier

SECTIONS: Final = ("visits", "problems", "medications", "allergies", "results", "documents")
NO_CONNECTION: Final = "no-connection"
NO_ANSWER: Final = "no-answer"
NOT_FOUND: Final = "not-found"
NOT_CERTAIN: Final = "not-certain"  # several records, or one with another birth date
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whose chart, and which sections of it. `birth_date` must not contradict the record that is found."""

    identifiers: tuple[Identifier, ...] = field(repr=False)
    sections: tuple[str, ...]
    birth_date: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a section, newest first; `at` is a date or empty."""

    text: str = field(repr=False)
    at: str = field(default="", repr=False)
    status: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the chart. `cause` says why it could not be read; then the others may still be there."""

    name: str
    entries: tuple[Entry, ...] = field(default=(), repr=False)
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the record says now, and which connection it came by."""

    connection: str
    read_at: datetime
    sections: tuple[Section, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoChart:
    """Why there is nothing to show."""

    cause: str


Answer: TypeAlias = Chart | NoChart


class ChartReader(Protocol):
    """Reads at the source, once, within a time limit of its own. Never raises for what the other side does."""

    async def read(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """The chart as it stands at the source of this site."""
