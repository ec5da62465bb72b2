"""Who owns a step here and now: always an answer, and how it was found (SEMANTICS 4; TRUST I7).

A role is answered by the duty that fits best; a role nobody holds now stays the role's own queue, because its
name is on the worklist of whoever comes on duty, and a person who has left goes to the last resort.
"""

from dataclasses import dataclass
from datetime import datetime

from carelane.directory.snapshot import Duty, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The owner: `kind` is `pool`, `role` or `person`; `on_duty` are the people who answer a role now."""

    kind: str
    name: str
    version: int
    on_duty: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


def resolve_owner(
    snapshot: Snapshot, *, kind: str, name: str, site: str, service_line: str, at: datetime
) -> Found:
    """The owner named `name` of `kind` at a site and service line."""
    if kind == "pool":
        return _pool(snapshot, name, site)
    if kind == "person":
        return _person(snapshot, name, site)
    people = on_duty(snapshot, role=name, site=site, service_line=service_line, at=at)
    if name not in snapshot.roles:
        return _last_resort(snapshot, site, f"role {name} is not in the directory")
    trail = (f"role {name}: {len(people)} on duty",)
    return Found(kind="role", name=name, version=snapshot.version, on_duty=people, trail=trail)


def on_duty(snapshot: Snapshot, *, role: str, site: str, service_line: str, at: datetime) -> tuple[str, ...]:
    """The people who hold a role now, the most specific duties first."""
    fitting = [duty for duty in snapshot.duties if duty.role == role and _fits(duty, site, service_line, at)]
    fitting.sort(key=lambda duty: -(bool(duty.site) + bool(duty.service_line)))
    return tuple(dict.fromkeys(duty.person for duty in fitting if duty.person in snapshot.people))


def _fits(duty: Duty, site: str, service_line: str, at: datetime) -> bool:
    here = duty.site in ("", site) and duty.service_line in ("", service_line)
    return here and (duty.from_at is None or duty.from_at <= at) and (duty.to_at is None or at < duty.to_at)


def _pool(snapshot: Snapshot, name: str, site: str) -> Found:
    trail: list[str] = []
    seen: set[str] = set()
    while name in snapshot.pools and name not in seen:
        seen.add(name)
        if any(name in person.pools for person in snapshot.people.values()):
            return Found(kind="pool", name=name, version=snapshot.version, trail=tuple(trail))
        trail.append(f"pool {name} has no members")
        name = snapshot.pools[name].cover
    return _last_resort(snapshot, site, *(trail or [f"pool {name} is not in the directory"]))


def _person(snapshot: Snapshot, name: str, site: str) -> Found:
    if name in snapshot.people:
        return Found(kind="person", name=name, version=snapshot.version)
    return _last_resort(snapshot, site, "the person is not in the directory")


def _last_resort(snapshot: Snapshot, site: str, *why: str) -> Found:
    name = snapshot.site(site).last_resort
    return Found(kind="pool", name=name, version=snapshot.version, trail=(*why, f"last resort {name}"))
