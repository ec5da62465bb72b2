"""Where effects go and within which limits: one `Destination` per outgoing connection of the site.

The site's files say it (`site/connections.yaml`); `compose` reads them and makes these with `from_settings`.
Capabilities are resolved to a connection at claim, so that a case never knows one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from carelane.directory.alerting import MAIL
from carelane.directory.snapshot import ConnectionRow
from carelane.facts.errors import SetupFault


class DestinationFault(SetupFault):
    """A connection's sending limits can't be used; correct the named setting in the site's connections file."""

    code = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One permitted kind of write. Empty `fields` allow what the capability declares, empty `pathways` all."""

    resource: str
    fields: frozenset[str] = frozenset()
    pathways: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One connection as effects see it. Every limit is its own: a slow EHR slows nobody else.

    `per_second` is its quota of requests (look-ups count), with `burst` as the most at once. `attempts_max`
    and `give_up_after` are the retry budget (I10). `lease` must outlast one request; `send_timeout` is shorter.
    With `ordered`, effects of one subject leave in the order in which they were wanted. `reach` is the kind of address
    it writes to, `phone` or `mail`: an alert whose level names one goes there if it can.
    """

    name: str
    site: str = ""
    capabilities: frozenset[str] = frozenset()
    writes: tuple[Write, ...] = ()
    concurrency: int = 4
    per_second: float = 10.0
    burst: int = 10
    attempts_max: int = 8
    give_up_after: timedelta = timedelta(hours=24)
    retry_base: timedelta = timedelta(seconds=2)
    retry_limit: timedelta = timedelta(minutes=10)
    lease: timedelta = timedelta(seconds=90)
    send_timeout: timedelta = timedelta(seconds=30)
    breaker_failures: int = 5
    breaker_open: timedelta = timedelta(seconds=30)
    ordered: bool = False
    reach: str = ""


_SECONDS = ("give_up_after", "retry_base", "retry_limit", "lease", "send_timeout", "breaker_open")
_COUNTS = ("concurrency", "burst", "attempts_max", "breaker_failures")


@dataclass(slots=True)
class _Reading:
    connection: str
    settings: Mapping[str, object]
    made: dict[str, object] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        value = self.settings.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise DestinationFault(
                f"connection {self.connection}: `{name}` must be a number above 0"
            )
        return float(value)

    def words(self, value: object, name: str) -> frozenset[str]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise DestinationFault(
                f"connection {self.connection}: `{name}` must be a list of words"
            )
        return frozenset(str(word) for word in value)


def from_settings(name: str, settings: Mapping[str, object]) -> Destination:
    """A destination from a connection's `sending` settings; durations are in seconds.

    Keys: site, capabilities, writes (resource, fields, pathways), concurrency, per_second or per_minute, burst,
    attempts_max, give_up_after, retry_base, retry_limit, lease, send_timeout, breaker_failures, breaker_open, ordered.

    Raises:
        DestinationFault: a setting has the wrong shape, or a request may outlast its lease.
    """
    reading = _Reading(name, settings)
    made = reading.made
    for key in _SECONDS:
        if (seconds := reading.number(key)) is not None:
            made[key] = timedelta(seconds=seconds)
    for key in _COUNTS:
        if (count := reading.number(key)) is not None:
            made[key] = int(count)
    if (minute := reading.number("per_minute")) is not None:
        made["per_second"] = minute / 60
    if (second := reading.number("per_second")) is not None:
        made["per_second"] = second
    found = Destination(
        name=name,
        site=str(settings.get("site", "")),
        capabilities=reading.words(settings.get("capabilities", ()), "capabilities"),
        writes=_writes(reading),
        ordered=settings.get("ordered") is True,
        **made,  # type: ignore[arg-type]  # each key above has its field's type
    )
    if found.send_timeout >= found.lease:
        raise DestinationFault(f"connection {name}: `send_timeout` must be shorter than `lease`")
    return found


def _writes(reading: _Reading) -> tuple[Write, ...]:
    listed = reading.settings.get("writes", ())
    if isinstance(listed, str) or not isinstance(listed, Sequence):
        raise DestinationFault(f"connection {reading.connection}: `writes` must be a list")
    found = []
    for place, entry in enumerate(listed):
        if not isinstance(entry, Mapping) or not entry.get("resource"):
            raise DestinationFault(
                f"connection {reading.connection}: `writes[{place}]` needs `resource`"
            )
        found.append(
            Write(
                resource=str(entry["resource"]),
                fields=reading.words(entry.get("fields", ()), f"writes[{place}].fields"),
                pathways=reading.words(entry.get("pathways", ()), f"writes[{place}].pathways"),
            )
        )
    return tuple(found)


def route(
    destinations: Iterable[Destination], capability: str, site: str, reach: str = ""
) -> str | None:
    """The first connection with the capability: one of this reach, then the site's own, then one for every site."""
    able = [
        each for each in destinations if capability in each.capabilities and each.site in (site, "")
    ]
    wanted = reach or MAIL  # who is called without urgency is not rung up
    best = sorted(able, key=lambda each: (each.reach not in ("", wanted), not each.site))
    return best[0].name if best else None


def of_connection(row: ConnectionRow, *, reach: str = "") -> Destination:
    """A destination from the directory: what it serves, and `settings.sending` with limits and `writes`."""
    limits = row.settings.get("sending", {})
    if not isinstance(limits, Mapping):
        raise DestinationFault(f"connection {row.name}: `sending` must be a mapping")
    found = from_settings(row.name, {**limits, "site": row.site, "capabilities": list(row.serves)})
    return replace(found, reach=reach)
