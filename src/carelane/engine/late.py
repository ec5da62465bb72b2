"""What is late-bound, from the directory snapshot of this moment: owners, calendars, settings (SEMANTICS 8)."""

from datetime import datetime, timedelta

from carelane.cases.model import OwnerRef
from carelane.directory.owners import resolve_owner
from carelane.directory.snapshot import Snapshot
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import OwnerKind


class Bound:
    """`cases.Late` over one snapshot; each answer names the snapshot's version."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def owner(self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime) -> OwnerRef:
        """Who that is here and now; always an answer, and how it was found."""
        found = resolve_owner(
            self._snapshot, kind=kind.value, name=name, site=site, service_line=service_line, at=at
        )
        return OwnerRef(kind=OwnerKind(found.kind), name=found.name, version=found.version, trail=found.trail)

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """The site's calendar: name, version, rows."""
        row = self._snapshot.calendars[self._snapshot.site(site).calendar]
        return (row.name, row.version, row.calendar)

    def setting(self, name: str, site: str) -> timedelta | None:
        """A site's setting for a clock, or None for the pathway's own."""
        return self._snapshot.site(site).settings.get(name)
