"""A site where everybody is there: what is late-bound, for trials and proofs. Calendars and settings can be brought."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from carelane.cases.model import OwnerRef
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import OwnerKind

OFFICE = Calendar(zone="America/New_York", hours=(((time(8), time(17)),),) * 5 + ((), ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """Late-bound answers of a site where everybody is there, open 8 to 17 in New York."""

    office: Calendar = OFFICE
    settings: Mapping[str, timedelta] = field(default_factory=dict)

    def owner(
        self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        """The name asked for."""
        del site, service_line, at
        return OwnerRef(kind=kind, name=name, version=1, trail=(f"{kind} {name}",))

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """Office hours."""
        del site
        return "office", 1, self.office

    def setting(self, name: str, site: str) -> timedelta | None:
        """The pathway's own times hold, unless a site's are brought."""
        del site
        return self.settings.get(name)
