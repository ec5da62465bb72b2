"""Who owns a step, here and now: total, explained, on a snapshot alone (SEMANTICS 4).

A pool that is empty goes to its cover; a role to whoever is on call, a gap in the calendar to the
role's holders, else to the site's last resort. Each turn of that way is a line of the trail.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from carelane.directory.snapshot import Coverage, Person, Pool, Snapshot
from carelane.facts.fact import Urgency
from carelane.pathways.definition import OwnerKind

LAST_RESORT = "last-resort"
_COVERS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The answer: a pool or a person by name, the directory's version, and how it was found."""

    kind: OwnerKind
    name: str
    version: int
    trail: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where and when it is asked, and who is out of the question (who said `not mine`)."""

    site: str
    service_line: str
    at: datetime
    exclude: frozenset[str] = frozenset()


def resolve_owner(snapshot: Snapshot, kind: OwnerKind, name: str, scope: Scope) -> Owner:
    """For a pool or role always a name, at worst the site's declared last resort pool.

    A person who has left has the empty name: the pathway's `otherwise` is asked next.
    """
    trail: list[str] = []
    if kind is OwnerKind.PERSON:
        kind, name = OwnerKind.PERSON, _person(snapshot, name, scope, trail)
    else:
        ask = _pool if kind is OwnerKind.POOL else _role
        kind, name = ask(snapshot, name, scope, trail) or _last_resort(snapshot, scope, trail)
    return Owner(kind=kind, name=name, version=snapshot.version, trail=tuple(trail))


def on_call(snapshot: Snapshot, role: str, scope: Scope) -> tuple[Person, ...]:
    """Whoever has the role at that time, first to be called first; stand-ins before whom they cover."""
    rows = sorted(
        (row for row in snapshot.coverage if _covers(row, role, scope)),
        key=lambda row: (row.order, not row.cover, -_nearness(row), row.person),
    )
    people = (snapshot.people.get(row.person) for row in rows)
    found = dict.fromkeys(p.name for p in people if p and p.active and p.name not in scope.exclude)
    return tuple(snapshot.people[name] for name in found)


def gaps(
    snapshot: Snapshot, role: str, scope: Scope, until: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Stretches of [scope.at, until) in which nobody active is on call for the role here."""
    rows = [row for row in snapshot.coverage if row.role == role]
    edges = {edge for row in rows for edge in (row.from_at, row.to_at) if edge}
    marks = sorted({scope.at, until, *(edge for edge in edges if scope.at < edge < until)})
    found: list[tuple[datetime, datetime]] = []
    for start, end in pairwise(marks):
        here = Scope(site=scope.site, service_line=scope.service_line, at=start)
        if on_call(snapshot, role, here):
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)


def may_take(snapshot: Snapshot, person: str, pool: str) -> bool:
    """Whether the person is an active member of the pool, with a licence that it asks for."""
    who, group = snapshot.people.get(person), snapshot.pools.get(pool)
    if who is None or group is None or not who.active or person not in group.members:
        return False
    return not group.licences or bool(set(group.licences) & set(who.licences))


def serves(snapshot: Snapshot, pool: str, urgency: Urgency) -> bool:
    """Whether the pool says it takes work of this urgency."""
    group = snapshot.pools.get(pool)
    return group is not None and urgency in group.urgencies


def _pool(
    snapshot: Snapshot, name: str, scope: Scope, trail: list[str]
) -> tuple[OwnerKind, str] | None:
    seen: set[str] = set()
    while name in snapshot.pools and name not in seen and len(seen) < _COVERS_MAX:
        seen.add(name)
        pool = snapshot.pools[name]
        if _elsewhere(pool, scope, named=len(seen) == 1):
            trail.append(f"pool {name} serves another site or service line")
        elif _members(snapshot, name, scope):
            trail.append(f"pool {name}")
            return OwnerKind.POOL, name
        else:
            trail.append(f"pool {name} has no active member")
        name = pool.cover
    trail.append(f"pool {name} is not known" if name and name not in seen else "no pool covers it")
    return None


def _elsewhere(pool: Pool, scope: Scope, *, named: bool) -> bool:
    """Whether a pool is not for work from here.

    The service line of work is what its sender said, or unknown; a pool that the rule itself named (a table's answer, a
    person who redirected) is meant, whatever the sender said. A pool that only covers must be of the same line.
    """
    if pool.site not in ("", scope.site):
        return True
    return not named and pool.service_line not in ("", scope.service_line)


def _members(snapshot: Snapshot, pool: str, scope: Scope) -> list[str]:
    members = snapshot.pools[pool].members
    return [m for m in members if may_take(snapshot, m, pool) and m not in scope.exclude]


def _role(
    snapshot: Snapshot, name: str, scope: Scope, trail: list[str]
) -> tuple[OwnerKind, str] | None:
    people = on_call(snapshot, name, scope)
    if people:
        trail.append(f"role {name}: {people[0].name} is on call")
        return OwnerKind.PERSON, people[0].name
    trail.append(f"role {name}: nobody is on call")
    holders = [p for p in _holders(snapshot, name, scope) if p.name not in scope.exclude]
    if holders:
        trail.append(f"role {name}: {holders[0].name} holds it")
        return OwnerKind.PERSON, holders[0].name
    return None


def _holders(snapshot: Snapshot, role: str, scope: Scope) -> list[Person]:
    """Active people with the role who work here; those of the service line first, then by name."""
    people = [p for p in snapshot.people.values() if p.active and role in p.roles]
    here = [p for p in people if not scope.site or not p.sites or scope.site in p.sites]
    return sorted(here, key=lambda p: (scope.service_line not in p.service_lines, p.name))


def _person(snapshot: Snapshot, name: str, scope: Scope, trail: list[str]) -> str:
    person = snapshot.people.get(name)
    if person is not None and person.active and name not in scope.exclude:
        trail.append(f"person {name}")
        return name
    trail.append("the person has left or is not known")
    return ""


def _last_resort(snapshot: Snapshot, scope: Scope, trail: list[str]) -> tuple[OwnerKind, str]:
    place = snapshot.sites.get(scope.site)
    name = place.last_resort if place else _any_last_resort(snapshot)
    trail.append(f"{LAST_RESORT} {name}")
    return OwnerKind.POOL, name


def _any_last_resort(snapshot: Snapshot) -> str:
    """Of an unknown site: that of the first site by name; a snapshot without sites has a name too."""
    return snapshot.sites[min(snapshot.sites)].last_resort if snapshot.sites else LAST_RESORT


def _covers(row: Coverage, role: str, scope: Scope) -> bool:
    here = row.site in ("", scope.site) and row.service_line in ("", scope.service_line)
    then = row.from_at <= scope.at and (row.to_at is None or scope.at < row.to_at)
    return row.role == role and here and then


def _nearness(row: Coverage) -> int:
    return 2 * bool(row.site) + bool(row.service_line)
