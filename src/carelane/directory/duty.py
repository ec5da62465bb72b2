"""Whether somebody eligible stands behind a pool or role, and in which stretches of time nobody does. Pure.

Asks `owners.resolve_owner` itself, so that what is said ahead is what will be decided; then whether whom it names can
do the work: active, licensed, of that site and service line, on call or on duty, in the languages that the pool speaks.
Between two edges of the coverage rows nothing changes, so the stretches are exact: nothing is sampled.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from carelane.directory.owners import LAST_RESORT, Scope, may_take, on_call, resolve_owner
from carelane.directory.snapshot import Person, Snapshot
from carelane.facts.fact import Urgency
from carelane.pathways.definition import OwnerKind

_UNLICENSED = "nobody active with the pool's licence is in it, nor in a pool that covers it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Why nobody eligible would own it, and the remedy."""

    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """From `from_at` to before `to_at` nobody eligible stands there."""

    from_at: datetime
    to_at: datetime
    lack: Lack


def uncovered(
    snapshot: Snapshot, kind: OwnerKind, name: str, scope: Scope, until: datetime
) -> tuple[Stretch, ...]:
    """The stretches of [scope.at, until) in which urgent work of this owner would have nobody, longest possible."""
    found: list[Stretch] = []
    for start, end in pairwise(_edges(snapshot, scope.at, until)):
        for lack in lacks(snapshot, kind, name, replace(scope, at=start)):
            _extend(found, Stretch(from_at=start, to_at=end, lack=lack))
    return tuple(sorted(found, key=lambda each: (each.from_at, each.lack.why)))


def lacks(snapshot: Snapshot, kind: OwnerKind, name: str, scope: Scope) -> tuple[Lack, ...]:
    """What is lacking at that instant; nothing where somebody eligible would own it."""
    if kind is OwnerKind.POOL:
        return _pool_lacks(snapshot, name, scope)
    lack = _role_lack(snapshot, name, scope)
    return () if lack is None else (lack,)


def eligible(snapshot: Snapshot, pool: str, scope: Scope) -> tuple[Person, ...]:
    """Members of the pool who could take urgent work from there at that time."""
    members = (snapshot.people[each] for each in snapshot.pools[pool].members)
    able = (each for each in members if may_take(snapshot, each.name, pool))
    here = (each for each in able if works_at(each, scope))
    return tuple(each for each in here if _on_duty(snapshot, pool, each, scope))


def works_at(person: Person, scope: Scope) -> bool:
    """Whether a person's sites and service lines hold the place; none named: all. An unknown line shuts nobody out."""
    line = not person.service_lines or scope.service_line in ("", *person.service_lines)
    return _at_site(person, scope) and line


def _at_site(person: Person, scope: Scope) -> bool:
    return not person.sites or scope.site in ("", *person.sites)


def _pool_lacks(snapshot: Snapshot, name: str, scope: Scope) -> tuple[Lack, ...]:
    owner = resolve_owner(snapshot, OwnerKind.POOL, name, scope)
    if any(line.startswith(LAST_RESORT) for line in owner.trail):
        remedy = f"Add `{name}` to the pools of somebody in people.yaml, or give it a `cover` with people"
        return (Lack(why=_UNLICENSED, remedy=remedy),)
    pool = snapshot.pools[owner.name]
    if not any(each > Urgency.ROUTINE for each in pool.urgencies):
        remedy = f"Add `urgent` to the urgencies of `{pool.name}` in pools.yaml"
        return (Lack(why=f"pool {pool.name} serves routine work only", remedy=remedy),)
    people = eligible(snapshot, pool.name, scope)
    if not people:
        return (_nobody(snapshot, pool.name, scope),)
    return tuple(_languages(pool.name, pool.languages, people))


def _nobody(snapshot: Snapshot, pool: str, scope: Scope) -> Lack:
    members = [snapshot.people[each] for each in snapshot.pools[pool].members]
    if any(works_at(each, scope) and may_take(snapshot, each.name, pool) for each in members):
        remedy = f"Add a row with `pool: {pool}` for these hours to coverage.yaml"
        return Lack(why=f"nobody of pool {pool} is on duty", remedy=remedy)
    remedy = f"Add somebody of this site and service line to `{pool}` in people.yaml"
    return Lack(why=f"nobody of pool {pool} works here", remedy=remedy)


def _languages(pool: str, asked: tuple[str, ...], people: tuple[Person, ...]) -> Iterator[Lack]:
    spoken = {language for each in people for language in each.languages}
    for language in asked:
        if language not in spoken:
            yield Lack(
                why=f"nobody of pool {pool} who could take it speaks {language}",
                remedy=f"Put a member of `{pool}` who speaks {language} on duty for these hours",
            )


def _on_duty(snapshot: Snapshot, pool: str, person: Person, scope: Scope) -> bool:
    """A pool with rows of duty is staffed by those alone; one without any always, by all its members."""
    rows = [row for row in snapshot.coverage if row.pool == pool]
    return not rows or any(
        row.person == person.name
        and row.site in ("", scope.site)
        and row.service_line in ("", scope.service_line)
        and row.from_at <= scope.at
        and (row.to_at is None or scope.at < row.to_at)
        for row in rows
    )


def _role_lack(snapshot: Snapshot, role: str, scope: Scope) -> Lack | None:
    """A role with a calendar is covered by its rows alone; one without any by whoever holds it."""
    row = f"Add a row with `role: {role}` for these hours and this place to coverage.yaml"
    if not on_call(snapshot, role, scope) and any(each.role == role for each in snapshot.coverage):
        return Lack(why=f"nobody is on call as {role}", remedy=row)
    owner = resolve_owner(snapshot, OwnerKind.ROLE, role, scope)
    if owner.kind is not OwnerKind.PERSON:
        return Lack(
            why=f"nobody holds the role {role}", remedy="Give the role to somebody in people.yaml"
        )
    if not _at_site(snapshot.people[owner.name], scope):
        return Lack(
            why=f"{owner.name} is called first as {role} and does not work at this site",
            remedy=f"Add the site to {owner.name} in people.yaml, or call somebody else first in coverage.yaml",
        )
    return None


def _edges(snapshot: Snapshot, start: datetime, end: datetime) -> list[datetime]:
    said = {edge for row in snapshot.coverage for edge in (row.from_at, row.to_at) if edge}
    return sorted({start, end, *(edge for edge in said if start < edge < end)})


def _extend(found: list[Stretch], more: Stretch) -> None:
    """Add a stretch, or make the one that ends where it begins, for the same reason, longer."""
    for number, each in enumerate(found):
        if each.to_at == more.from_at and each.lack == more.lack:
            found[number] = replace(each, to_at=more.to_at)
            return
    found.append(more)
