"""Hours to come in which an urgent step would have no eligible owner, and the escalation directory. Pure.

`duty` says when nobody stands behind a name, `posts` which names a pathway counts on; here they meet, per place.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from carelane.directory.duty import Stretch, eligible, uncovered
from carelane.directory.owners import Scope, on_call, resolve_owner
from carelane.directory.posts import Post, posts, urgent_states
from carelane.directory.snapshot import Person, Snapshot
from carelane.pathways.definition import Definition, OwnerKind

_ALERT = "alert"
_IN_PORTAL = ("", "portal", "secure-message")
_CONTACT = {"email": "mail", "text-message": "sms"}  # a level's word: the contact's channel


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Gap:
    """Urgent steps of this state at this place would have nobody in these hours. No line: the sender names none."""

    from_at: datetime
    to_at: datetime
    pathway: str
    state: str
    part: str
    owner: str
    site: str
    service_line: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """A line of the escalation directory: who is called under a name, by which channel, and whether that reaches them.

    The address itself is never shown.
    """

    name: str
    channel: str
    site: str
    service_line: str
    order: int
    person: str
    address: bool


def places(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """Every site with each service line it has, and with none: senders don't always say one."""
    lines = snapshot.service_lines.values()
    return tuple(
        (site, line)
        for site in snapshot.sites
        for line in ("", *(each.name for each in lines if site in each.sites))
    )


def gaps_ahead(
    snapshot: Snapshot,
    in_force: Mapping[tuple[str, str], Iterable[Definition]],
    from_at: datetime,
    until: datetime,
) -> tuple[Gap, ...]:
    """Every gap of [from_at, until) in the releases in force, by place; soonest first."""
    known: dict[tuple[OwnerKind, str, str, str], tuple[Stretch, ...]] = {}
    found: list[Gap] = []
    for (site, line), definitions in in_force.items():
        scope = Scope(site=site, service_line=line, at=from_at)
        for definition in definitions:
            for post in _counted(snapshot, definition, scope):
                asked = (post.kind, post.name, site, line)
                if asked not in known:
                    known[asked] = uncovered(snapshot, post.kind, post.name, scope, until)
                found += [_gap(definition, post, scope, each) for each in known[asked]]
    return tuple(sorted(found))


def _counted(snapshot: Snapshot, definition: Definition, scope: Scope) -> Iterator[Post]:
    for name in urgent_states(definition):
        for post in posts(definition, definition.states[name]):
            if not post.chosen or _meant(snapshot, post.name, scope):
                yield post


def _meant(snapshot: Snapshot, name: str, scope: Scope) -> bool:
    """Whether a table could mean this pool here: one of another site or service line is another place's answer."""
    pool = snapshot.pools.get(name)
    if pool is None:
        return True
    return pool.site in ("", scope.site) and pool.service_line in ("", scope.service_line)


def _gap(definition: Definition, post: Post, scope: Scope, stretch: Stretch) -> Gap:
    return Gap(
        from_at=stretch.from_at,
        to_at=stretch.to_at,
        pathway=definition.name,
        state=post.state,
        part=post.part,
        owner=post.name,
        site=scope.site,
        service_line=scope.service_line,
        why=stretch.lack.why,
        remedy=stretch.lack.remedy,
    )


def directory(
    snapshot: Snapshot,
    in_force: Mapping[tuple[str, str], Iterable[Definition]],
    at: datetime,
) -> tuple[Entry, ...]:
    """Who is called now, under which name and channel, at each place; nobody is a line too."""
    found: set[Entry] = set()
    for (site, line), definitions in in_force.items():
        scope = Scope(site=site, service_line=line, at=at)
        called = {call for each in definitions for call in _calls(each)}
        found.update(entry for call in called for entry in _entries(snapshot, call, scope))
    return tuple(sorted(found))


def _calls(definition: Definition) -> Iterator[tuple[OwnerKind, str, str]]:
    """Kind, name and channel of everyone whom a level calls; what is repeated goes by the alert connection."""
    for state in definition.states.values():
        levels = {f"level {each.level}": each.by for each in state.escalate}
        for post in posts(definition, state):
            if post.part != "owner":
                yield post.kind, post.name, levels.get(post.part, _ALERT)


def _entries(snapshot: Snapshot, call: tuple[OwnerKind, str, str], scope: Scope) -> Iterator[Entry]:
    kind, name, channel = call
    for order, person in enumerate(_called(snapshot, kind, name, scope) or (None,), start=1):
        yield Entry(
            name=name,
            channel=channel,
            site=scope.site,
            service_line=scope.service_line,
            order=order,
            person=person.name if person else "",
            address=person is not None and _reached(person, channel),
        )


def _reached(person: Person, channel: str) -> bool:
    """In the portal everybody is; what is repeated goes out by whatever the alert connection sends."""
    if channel in _IN_PORTAL:
        return True
    asked = _CONTACT.get(channel, channel)
    return any(asked in (each.channel, _ALERT) for each in person.contacts)


def _called(snapshot: Snapshot, kind: OwnerKind, name: str, scope: Scope) -> tuple[Person, ...]:
    if kind is OwnerKind.POOL:
        return eligible(snapshot, name, scope) if name in snapshot.pools else ()
    people = on_call(snapshot, name, scope)
    owner = resolve_owner(snapshot, kind, name, scope)
    return people or tuple(p for p in (snapshot.people.get(owner.name),) if p is not None)
