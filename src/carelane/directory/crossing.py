"""What the site's files say about each other: every name must be declared, every site complete.

The last half of `site.load_site`. Places here are names, not lines: the fault is between two files.
"""

from collections.abc import Iterable, Iterator

from carelane.directory.snapshot import Snapshot, unsigned
from carelane.facts.problem import Fault, Problem, Severity
from carelane.pathways.calendar import Calendar, check
from carelane.pathways.findings import choose
from carelane.pathways.zones import zone_known

_Reference = tuple[str, str, str, Iterable[str]]


def cross_check(snapshot: Snapshot, *, declared: int) -> tuple[Problem, ...]:
    """Everything wrong between the sections; `declared` is how many files name the organisation."""
    return (
        *_organisation(snapshot, declared),
        *(
            _problem(place, f"No {what} is called `{name}`.", choose(name, known))
            for place, what, name, known in _references(snapshot)
            if name and name not in known
        ),
        *_calendars(snapshot),
        *_people(snapshot),
        *_signed(snapshot),
        *_pools(snapshot),
    )


def _organisation(snapshot: Snapshot, declared: int) -> Iterator[Problem]:
    if declared != 1:
        yield _problem(
            "organisation",
            f"{declared} files name the organisation.",
            "Write `organisation: Name` in exactly one file.",
        )
    if not snapshot.sites:
        yield _problem(
            "sites", "The organisation has no site.", "Declare at least one under `sites`."
        )


def _references(snapshot: Snapshot) -> Iterator[_Reference]:
    sites, lines, pools = snapshot.sites, snapshot.service_lines, snapshot.pools
    for site in sites.values():
        yield f"sites.{site.name}.calendar", "calendar", site.calendar, snapshot.calendars
        yield f"sites.{site.name}.last_resort", "pool", site.last_resort, pools
    for line in lines.values():
        yield f"service_lines.{line.name}.triage", "pool", line.triage, pools
        yield from ((f"service_lines.{line.name}.sites", "site", s, sites) for s in line.sites)
    for pool in pools.values():
        yield f"pools.{pool.name}.cover", "pool", pool.cover, pools
        yield f"pools.{pool.name}.site", "site", pool.site, sites
        yield f"pools.{pool.name}.service_line", "service line", pool.service_line, lines
    yield from _person_references(snapshot)
    yield from _row_references(snapshot)


def _person_references(snapshot: Snapshot) -> Iterator[_Reference]:
    for person in snapshot.people.values():
        place = f"people.{person.name}"
        yield from ((f"{place}.pools", "pool", name, snapshot.pools) for name in person.pools)
        yield from ((f"{place}.sites", "site", name, snapshot.sites) for name in person.sites)
        for name in person.service_lines:
            yield f"{place}.service_lines", "service line", name, snapshot.service_lines


def _row_references(snapshot: Snapshot) -> Iterator[_Reference]:
    sites, lines = snapshot.sites, snapshot.service_lines
    for number, row in enumerate(snapshot.coverage, start=1):
        place = f"coverage[{number}]"
        yield f"{place}.person", "person", row.person, snapshot.people
        yield f"{place}.pool", "pool", row.pool, snapshot.pools
        yield f"{place}.site", "site", row.site, sites
        yield f"{place}.service_line", "service line", row.service_line, lines
    for activation in snapshot.activations:
        place = f"activations.{activation.pathway}"
        for name in activation.approvers:
            yield f"{place}.approvers", "person", name, snapshot.people
        yield f"{place}.site", "site", activation.site, sites
        yield f"{place}.service_line", "service line", activation.service_line, lines
    for connection in snapshot.connections.values():
        yield f"connections.{connection.name}.site", "site", connection.site, sites
    yield from ((f"settings.{name}", "site", name, sites) for name in snapshot.settings)
    roles = dict.fromkeys(
        ["everyone", *(role for each in snapshot.people.values() for role in each.roles)]
    )
    yield from (("second_factor", "role", name, roles) for name in snapshot.second_factor)
    yield from (("sign_off", "role", name, roles) for name in snapshot.sign_off)


def _signed(snapshot: Snapshot) -> Iterator[Problem]:
    """What the site's files put in force is signed for like anything else."""
    for each in snapshot.activations:
        if missing := unsigned(snapshot, each.approvers):
            yield _problem(
                f"activations.{each.pathway}.approvers",
                f"Nobody of {', '.join(missing)} stands behind it, as `sign_off` asks.",
                "Name two people who hold these roles between them, or put it in force by `carelane pathway activate`.",
            )


def _calendars(snapshot: Snapshot) -> Iterator[Problem]:
    for site in snapshot.sites.values():
        if not zone_known(site.zone):
            yield _problem(
                f"sites.{site.name}.zone",
                "The time zone is not in the IANA list.",
                "Name it like America/New_York.",
            )
    for row in snapshot.calendars.values():
        wrong = check(Calendar(zone=row.zone, hours=row.hours, holidays=row.holidays))
        for each in wrong:
            place = f"calendars.{row.name}.{each.place}"
            yield _problem(place, f"{each.message.capitalize()}.", each.remedy)


def _people(snapshot: Snapshot) -> Iterator[Problem]:
    for person in snapshot.people.values():
        if not person.roles:
            yield _problem(f"people.{person.name}", "The person has no role.", "Add `roles`.")
    for number, row in enumerate(snapshot.coverage, start=1):
        called = snapshot.people.get(row.person)
        if called is not None and row.pool and row.pool not in called.pools:
            yield _problem(
                f"coverage[{number}]",
                f"{row.person} is not in the pool {row.pool}.",
                "Add the pool to the person, or put someone of the pool on duty.",
            )
        if called is not None and row.role and row.role not in called.roles:
            yield _problem(
                f"coverage[{number}]",
                f"{row.person} does not have the role {row.role}.",
                "Add the role to the person, or put someone else on call.",
            )


def _pools(snapshot: Snapshot) -> Iterator[Problem]:
    for pool in snapshot.pools.values():
        if not pool.members:
            yield _problem(
                f"pools.{pool.name}",
                "Nobody is in this pool: its work goes to its cover, or to the last resort.",
                f"Add `{pool.name}` to the pools of someone in `people`.",
                Severity.WARNING,
            )
        for name in pool.members:
            if pool.licences and not set(pool.licences) & set(snapshot.people[name].licences):
                yield _problem(
                    f"people.{name}",
                    f"{name} holds no licence that the pool {pool.name} asks for.",
                    f"Add one of {', '.join(pool.licences)} to `licences`, or take the pool away.",
                )
        if not pool.urgencies:
            yield _problem(f"pools.{pool.name}", "The pool serves no urgency.", "Add `urgencies`.")


def _problem(place: str, message: str, remedy: str, severity: Severity = Severity.ERROR) -> Problem:
    code = "site.name" if message.startswith("No ") else "site.incomplete"
    return Problem(
        code=code, place=place, message=message, remedy=remedy, severity=severity, fault=Fault.SITE
    )
