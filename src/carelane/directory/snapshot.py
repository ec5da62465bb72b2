"""The directory as one immutable snapshot with a version: late-bound, and named on every decision that used it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from carelane.facts.fact import Json, Urgency
from carelane.pathways.calendar import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who works here. `name` is the short name that owns work (`r.moreau`), `display` the one shown."""

    name: str
    display: str
    roles: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    service_lines: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    channels: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A group that may take work of some urgencies; `cover` is the pool that takes over when it is empty."""

    name: str
    title: str
    urgencies: tuple[Urgency, ...] = tuple(Urgency)
    site: str = ""
    service_line: str = ""
    cover: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A person holds a role at a site and service line (empty: all) for a time (None: always)."""

    role: str
    person: str
    site: str = ""
    service_line: str = ""
    from_at: datetime | None = None
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place with a zone and a calendar. `last_resort` is the pool that owns what nobody else does."""

    name: str
    title: str
    calendar: str
    last_resort: str
    settings: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRow:
    """A published calendar."""

    name: str
    version: int
    calendar: Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """A configured adapter instance: `kind` names the adapter, `settings` are its own, without secrets.

    `capabilities` are those this connection serves, in the site's words; `writes` the allow-list.
    """

    name: str
    kind: str
    site: str = ""
    settings: Mapping[str, Json] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    writes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationRow:
    """A shipped pathway put in force by the site, with two approvers."""

    pathway: str
    approvers: tuple[str, str]
    reason: str
    site: str = ""
    service_line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole directory of one organisation at one version. `duties` answer roles; the first fitting wins."""

    organisation: str
    version: int
    sites: Mapping[str, Site]
    service_lines: Mapping[str, str]  # name -> title
    people: Mapping[str, Person]
    pools: Mapping[str, Pool]
    roles: Mapping[str, str]  # name -> title
    duties: tuple[Duty, ...]
    calendars: Mapping[str, CalendarRow]
    connections: Mapping[str, ConnectionRow]
    activations: tuple[ActivationRow, ...]
    default_site: str = ""

    def site(self, name: str) -> Site:
        """The site, or the default one where the name is unknown or empty."""
        return self.sites.get(name) or self.sites[self.default_site]
