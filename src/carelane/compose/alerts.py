"""Who would not be reached: people whom a pathway calls, without an address for the alert channel. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from carelane.cases.alerts import IN_PORTAL
from carelane.directory.owners import Scope, on_call
from carelane.directory.snapshot import Person, Snapshot
from carelane.facts.intent import Audience
from carelane.pathways.definition import Definition, State

ALERT = "staff.alert"
_CHANNELS = {"mail": "mail", "sms": "sms"}  # kind of connection: the contact's channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A role or pool that is called, the channel, and its people without an address; nobody: it is empty."""

    name: str
    channel: str
    people: tuple[str, ...] = ()


def unreachable(
    snapshot: Snapshot, definitions: Iterable[Definition], now: datetime
) -> tuple[Unreached, ...]:
    """Every role and pool that an alert may be addressed to, with who of it can't be reached now."""
    channel = next((_CHANNELS[row.kind] for row in snapshot.connections.values()
                    if ALERT in row.serves and row.kind in _CHANNELS), "")  # fmt: skip
    called = sorted(
        {name for each in definitions for name in _called(each)} - {"last-actor", "last_actor"}
    )
    found = (_unreached(snapshot, name, channel, now) for name in called)
    return tuple(each for each in found if each is not None)


def _called(definition: Definition) -> Iterator[str]:
    """Names that an alert of this pathway goes to: levels, and what a repeated fallback calls."""
    for state in definition.states.values():
        alerts = any(definition.effects[name].audience is Audience.STAFF for name in state.effects)
        yield from (level.to for level in state.escalate if alerts or level.by not in IN_PORTAL)
        if alerts:
            yield from _repeated(state)


def _repeated(state: State) -> Iterator[str]:
    if state.fallback is not None and state.fallback.repeat and state.fallback.to:
        yield state.fallback.to


def _unreached(snapshot: Snapshot, name: str, channel: str, now: datetime) -> Unreached | None:
    people = _people(snapshot, name, now)
    without = tuple(each.name for each in people if not _has(each, channel))
    if people and not without:
        return None
    return Unreached(name=name, channel=channel or "alert", people=without)


def _people(snapshot: Snapshot, name: str, now: datetime) -> Sequence[Person]:
    """Whoever is or may be called under a name: on call anywhere, holders of the role, members of the pool."""
    scopes = [Scope(site=site, service_line=line, at=now)
              for site in ("", *snapshot.sites) for line in ("", *snapshot.service_lines)]  # fmt: skip
    called = {each.name for scope in scopes for each in on_call(snapshot, name, scope)}
    holders = {each.name for each in snapshot.people.values()
               if each.active and name in (each.name, *each.roles, *each.pools)}  # fmt: skip
    return [snapshot.people[each] for each in sorted(called or holders)]


def _has(person: Person, channel: str) -> bool:
    return any(contact.channel == channel for contact in person.contacts)
