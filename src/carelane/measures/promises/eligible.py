"""Waits for which nobody eligible stood there, sampled at every hour of the period, at planned cover. Pure.

Urgent work needs somebody on duty in that hour. Routine work needs somebody who could do it at all: its clock runs in
opening hours, and nobody is planned for the night. A pool of a service line was named by a rule or a person: then that
line counts, whatever the sender said. The directory is that of now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from carelane.directory.duty import uncovered, works_at
from carelane.directory.owners import LAST_RESORT, Scope, may_take, resolve_owner
from carelane.directory.snapshot import Snapshot
from carelane.measures.figures import Row
from carelane.pathways.definition import OwnerKind

HOUR = timedelta(hours=1)
Stretches = Sequence[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """How many (wait, hour) pairs were looked at, how many had nobody, and whose those were."""

    samples: int
    without: int
    owners: Mapping[str, int] = field(default_factory=dict)  # `pathway/state: owner`


@dataclass(frozen=True, slots=True)
class _Post:
    kind: OwnerKind
    name: str
    site: str
    service_line: str
    urgent: bool


def sampled(
    waits: Iterable[Row], snapshot: Snapshot, from_at: datetime, to_at: datetime
) -> Sampled:
    """Look at every wait in every hour of [from_at, to_at)."""
    known: dict[_Post, Stretches] = {}
    samples = without = 0
    owners: dict[str, int] = {}
    for row in waits:
        post = _post(row)
        if post not in known:
            known[post] = _nobody(snapshot, post, from_at, to_at)
        began, ended = max(row["opened_at"], from_at), min(row["until"], to_at)
        samples += _hours(from_at, began, ended)
        alone = sum(_hours(from_at, max(began, one), min(ended, two)) for one, two in known[post])
        if alone:
            without += alone
            name = f"{row['pathway']}/{row['state']}: {row['owner_name']}"
            owners[name] = owners.get(name, 0) + alone
    return Sampled(samples=samples, without=without, owners=dict(sorted(owners.items())))


def _post(row: Row) -> _Post:
    kind = OwnerKind(row["owner_kind"])
    return _Post(kind, row["owner_name"], row["site"], row["service_line"], row["urgent"])


def _hours(origin: datetime, began: datetime, ended: datetime) -> int:
    """How many whole hours after `origin` lie in [began, ended)."""
    if ended <= began:
        return 0
    return ceil((ended - origin) / HOUR) - ceil((began - origin) / HOUR)


def _nobody(snapshot: Snapshot, post: _Post, from_at: datetime, to_at: datetime) -> Stretches:
    """When nobody eligible stands behind a name; the whole period if there never is anybody."""
    pool = snapshot.pools.get(post.name) if post.kind is OwnerKind.POOL else None
    line = (pool.service_line if pool is not None else "") or post.service_line
    scope = Scope(site=post.site, service_line=line, at=from_at)
    if post.kind is OwnerKind.PERSON:
        who = snapshot.people.get(post.name)
        return () if who is not None and who.active else ((from_at, to_at),)
    if not post.urgent:
        return () if _somebody(snapshot, post, scope) else ((from_at, to_at),)
    stretches = uncovered(snapshot, post.kind, post.name, scope, to_at)
    return _joined([(each.from_at, each.to_at) for each in stretches])


def _joined(stretches: Stretches) -> Stretches:
    """Without overlaps: one hour with two lacks is one hour."""
    found: list[tuple[datetime, datetime]] = []
    for began, ended in sorted(stretches):
        if found and began <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ended))
        else:
            found.append((began, ended))
    return found


def _somebody(snapshot: Snapshot, post: _Post, scope: Scope) -> bool:
    owner = resolve_owner(snapshot, post.kind, post.name, scope)
    if any(line.startswith(LAST_RESORT) for line in owner.trail):
        return False
    if owner.kind is OwnerKind.PERSON:
        return True
    members = (snapshot.people[each] for each in snapshot.pools[owner.name].members)
    return any(works_at(each, scope) and may_take(snapshot, each.name, owner.name) for each in members)  # fmt: skip
