"""The directory as frozen data: one site's people, pools, coverage, calendars, connections.

`site.load_site` makes it from files; `owners` asks it. A snapshot is replaced as a whole; its version
stands on every decision that used it (SEMANTICS 8). Names of staff are no patient data.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from carelane.directory.reaching import MessageRules
from carelane.facts.fact import Json, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site: where care happens, in one time zone, with its business calendar and last resort pool."""

    name: str
    title: str
    zone: str
    calendar: str
    last_resort: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLine:
    """A service line: the sites that have it, the pool that triages it, the specialties routed to it."""

    name: str
    title: str
    sites: tuple[str, ...]
    triage: str
    specialties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A way to reach a person. `address` never leaves the server except to the channel's connection."""

    channel: str  # `secure-message`, `phone`, `mail`, `sms`
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member of staff. `name` is the sign-in name and the name in every record."""

    name: str
    display: str
    roles: tuple[str, ...]
    pools: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    service_lines: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    contacts: tuple[Contact, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Who may take work together. Empty `site` or `service_line`: everywhere.

    `cover` is the pool that takes over when nobody active is in this one. Members are derived from
    the people who name it. With `licences` only a holder of one of them is eligible; `languages` are those that
    somebody of it must speak.
    """

    name: str
    title: str
    urgencies: tuple[Urgency, ...]
    site: str = ""
    service_line: str = ""
    members: tuple[str, ...] = ()
    cover: str = ""
    licences: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One row of an on-call calendar: this person has this role here from `from_at` to before `to_at`.

    With `pool` instead of `role` it is a row of duty: the person works for that pool then.

    Empty `site` or `service_line`: everywhere. `order` 1 is called first, then 2, and so on. Without
    `to_at` it holds on. `cover` marks a stand-in: it wins over plain rows of the same order.
    """

    role: str = ""
    pool: str = ""
    person: str
    from_at: datetime
    to_at: datetime | None = None
    site: str = ""
    service_line: str = ""
    order: int = 1
    cover: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A business calendar: opening hours per weekday in local time (Monday first), and holidays."""

    name: str
    version: int
    zone: str
    hours: tuple[tuple[tuple[time, time], ...], ...]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """A configured adapter: kind, where, the capabilities it serves, the adapter's own settings.

    `settings` hold paths and addresses, never a secret.
    """

    name: str
    kind: str
    site: str = ""
    serves: tuple[str, ...] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRow:
    """A shipped pathway this site puts in force, and the two people who answer for it."""

    pathway: str
    approvers: tuple[str, str]
    reason: str
    overlay: str = ""
    site: str = ""
    service_line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything the site says about itself, in one version."""

    organisation: str
    title: str
    version: int = 1
    sites: Mapping[str, Place] = field(default_factory=dict)
    service_lines: Mapping[str, ServiceLine] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)
    coverage: tuple[Coverage, ...] = ()
    calendars: Mapping[str, CalendarRow] = field(default_factory=dict)
    connections: Mapping[str, ConnectionRow] = field(default_factory=dict)
    activations: tuple[ActivationRow, ...] = ()
    second_factor: tuple[str, ...] = ()  # roles that sign in with one; `everyone`
    sign_off: tuple[
        str, ...
    ] = ()  # roles that must all stand behind a release before it is in force
    settings: Mapping[str, Mapping[str, timedelta]] = field(default_factory=dict)  # site ("": all)
    messages: MessageRules = field(default_factory=MessageRules)

    def setting(self, name: str, site: str) -> timedelta | None:
        """A site's own duration for a clock, or the organisation's, or None."""
        own = self.settings.get(site, {}).get(name)
        return own if own is not None else self.settings.get("", {}).get(name)

    def calendar_of(self, site: str) -> CalendarRow | None:
        """The site's calendar; an unknown site has the first one by name, so that a clock can run."""
        place = self.sites.get(site)
        if place is not None and place.calendar in self.calendars:
            return self.calendars[place.calendar]
        return self.calendars[min(self.calendars)] if self.calendars else None


def unsigned(snapshot: Snapshot, people: Iterable[str]) -> tuple[str, ...]:
    """Roles of `sign_off` that none of these people holds, in the site's order."""
    held = {
        role for name in people if name in snapshot.people for role in snapshot.people[name].roles
    }
    return tuple(role for role in snapshot.sign_off if role not in held)
