"""What is late-bound, from the directory snapshot of this moment: owners, calendars, settings (SEMANTICS 8)."""

from datetime import datetime, timedelta
from functools import lru_cache

from carelane.cases.model import OwnerRef
from carelane.directory.owners import Scope, resolve_owner
from carelane.directory.snapshot import CalendarRow, Snapshot
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import OwnerKind

_ALWAYS = Calendar(zone="UTC", hours=((),) * 7)


class Bound:
    """`cases.Late` over one snapshot, for one batch; each answer names the snapshot's version."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._calendars: dict[str, tuple[str, int, Calendar]] = {}
        self._owners: dict[tuple[OwnerKind, str, str, str, datetime], OwnerRef] = {}

    def owner(
        self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        """Who that is here and now; always an answer, and how it was found."""
        asked = (kind, name, site, service_line, at)
        if asked not in self._owners:
            self._owners[asked] = self._resolved(*asked)
        return self._owners[asked]

    def _resolved(
        self, kind: OwnerKind, name: str, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        scope = Scope(site=site, service_line=service_line, at=at)
        found = resolve_owner(self._snapshot, kind, name, scope)
        return OwnerRef(kind=found.kind, name=found.name, version=found.version, trail=found.trail)

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """The site's calendar: name, version, rows."""
        if site not in self._calendars:
            self._calendars[site] = _calendar(self._snapshot.calendar_of(site))
        return self._calendars[site]

    def setting(self, name: str, site: str) -> timedelta | None:
        """A site's setting for a clock, or None for the pathway's own."""
        return self._snapshot.setting(name, site)


@lru_cache(maxsize=256)
def _calendar(row: CalendarRow | None) -> tuple[str, int, Calendar]:
    """One calendar for a row, whatever the batch: its dates are worked out once."""
    if row is None:
        return ("none", 0, _ALWAYS)
    calendar = Calendar(zone=row.zone, hours=row.hours, holidays=row.holidays)
    return (row.name, row.version, calendar)
