"""Who works at the hospital, and what work is to them: a member of staff with shifts, an open task of the board."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from carelane.testing.hospital.work import Deed, deed

SOON = timedelta(minutes=65)
STAT = 3


@dataclass(slots=True, kw_only=True)
class Member:
    """One person: the owners they may work for, their shifts, and when they are free again."""

    name: str
    owners: frozenset[str]
    sites: frozenset[str]
    shifts: Sequence[tuple[datetime, datetime]]
    clinics: Sequence[tuple[datetime, datetime]] = ()
    token: str = field(default="", repr=False)
    free_at: datetime
    busy_s: float = 0.0
    finished: int = 0
    silent: int = 0

    def on_shift(self, at: datetime) -> bool:
        """Whether they are here."""
        return any(since <= at < until for since, until in self.shifts)

    def may(self, item: "Item") -> bool:
        """Whether the work is theirs, and of a site of theirs."""
        return item.owner in self.owners and item.site in ("", *self.sites)

    def in_clinic(self, at: datetime) -> bool:
        """Whether patients who came have these hours."""
        return any(since <= at < until for since, until in self.clinics)

    def clinic_s(self, since: datetime, until: datetime) -> float:
        """Seconds between two instants that belonged to patients who came."""
        return _seconds(self.clinics, since, until)

    def shift_s(self, since: datetime, until: datetime) -> float:
        """Seconds on shift between two instants."""
        return _seconds(self.shifts, since, until)


def _seconds(spans: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime) -> float:
    lengths = ((min(end, until) - max(begin, since)).total_seconds() for begin, end in spans)
    return sum(length for length in lengths if length > 0)


@dataclass(slots=True, kw_only=True)
class Item:
    """An open task on the board."""

    id: str
    case: str
    pathway: str
    name: str
    owner: str
    site: str
    urgency: int
    safety: bool
    version: int
    due_at: str
    person: int
    seen_at: datetime
    by: str = ""
    done_at: datetime | None = None
    silent_until: datetime | None = None
    tries: int = 0

    @property
    def pressing(self) -> bool:
        """Whether it can't wait for whoever is free: its clock is a matter of minutes."""
        soon = datetime.fromisoformat(self.due_at) - self.seen_at < SOON
        return soon and (self.urgency >= STAT or self.safety)

    @property
    def deed(self) -> Deed:
        """How it is done."""
        return deed(self.pathway, self.name)
