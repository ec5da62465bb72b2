"""Who would not be reached: people whom a pathway calls, without an address for the alert channel. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from carelane.cases.alerts import IN_PORTAL
from carelane.compose.connections import KINDS
from carelane.directory.alerting import MAIL, has_address, reach_of
from carelane.directory.owners import Scope, on_call
from carelane.directory.snapshot import Person, Snapshot
from carelane.facts.intent import STAFF_ALERT, Audience
from carelane.pathways.definition import Definition

ALERT = STAFF_ALERT
_WHOEVER_ACTED = ("last-actor", "last_actor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A role or pool that is called, the channel, and its people without an address; nobody: it is empty."""

    name: str
    channel: str
    people: tuple[str, ...] = ()


def unreachable(
    snapshot: Snapshot, definitions: Iterable[Definition], now: datetime
) -> tuple[Unreached, ...]:
    """Every role and pool that an alert may be addressed to, with who of it can't be reached now, by channel."""
    called = sorted({
        (name, _reach(snapshot, by)) for each in definitions for name, by in _called(each)
        if name not in _WHOEVER_ACTED
    })  # fmt: skip
    found = (_unreached(snapshot, name, reach, now) for name, reach in called)
    return tuple(each for each in found if each is not None)


def unserved(snapshot: Snapshot, definitions: Iterable[Definition]) -> tuple[str, ...]:
    """Kinds of address (`phone`, `mail`) that levels ask for and no connection for alerts writes to."""
    words = {reach_of(by) for each in definitions for _, by in _called(each)} - {""}
    return tuple(sorted(words - set(_able(snapshot))))


def _reach(snapshot: Snapshot, by: str) -> str:
    """The kind of address that an alert by this word needs: the level's own, else the first connection's."""
    able, wanted = _able(snapshot), reach_of(by) or MAIL
    return wanted if wanted in able else next(iter(able), "")


def _able(snapshot: Snapshot) -> list[str]:
    return [KINDS[row.kind].reach for row in snapshot.connections.values() if ALERT in row.serves]


def _called(definition: Definition) -> Iterator[tuple[str, str]]:
    """Names that an alert of this pathway goes to, with the level's word: levels, and what a fallback calls."""
    for state in definition.states.values():
        alerts = any(definition.effects[name].audience is Audience.STAFF for name in state.effects)
        yield from (
            (level.to, level.by) for level in state.escalate if alerts or level.by not in IN_PORTAL
        )
        if alerts and state.fallback is not None and state.fallback.repeat and state.fallback.to:
            yield state.fallback.to, ""


def _unreached(snapshot: Snapshot, name: str, reach: str, now: datetime) -> Unreached | None:
    people = _people(snapshot, name, now)
    without = tuple(each.name for each in people if not has_address(each, reach))
    if people and not without:
        return None
    return Unreached(name=name, channel=reach or "alert", people=without)


def _people(snapshot: Snapshot, name: str, now: datetime) -> Sequence[Person]:
    """Whoever is or may be called under a name: on call anywhere, holders of the role, members of the pool."""
    scopes = [Scope(site=site, service_line=line, at=now)
              for site in ("", *snapshot.sites) for line in ("", *snapshot.service_lines)]  # fmt: skip
    called = {each.name for scope in scopes for each in on_call(snapshot, name, scope)}
    holders = {each.name for each in snapshot.people.values()
               if each.active and name in (each.name, *each.roles, *each.pools)}  # fmt: skip
    return [snapshot.people[each] for each in sorted(called or holders)]
