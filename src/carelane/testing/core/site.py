"""A small site for tests of the core: names, ids, calendar, owners, and facts at given times."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from carelane.cases.model import Definitions, OwnerRef, View
from carelane.facts.fact import Actor, Fact, Json, SubjectKind, Urgency
from carelane.facts.ids import name_id
from carelane.facts.phi import Phi
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Definition, OwnerKind

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in New York."""
ORGANISATION = name_id("organisation", "Test Hospital")
PATIENT = name_id("patient", "one")
OFFICE_HOURS = Calendar(
    zone="America/New_York",
    hours=(((time(8), time(17)),),) * 5 + ((), ()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Late-bound answers: everybody asked for exists, unless `gone` says otherwise."""

    hours: Calendar = OFFICE_HOURS
    version: int = 1
    settings: Mapping[str, timedelta] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()

    def owner(
        self,
        kind: OwnerKind,
        name: str,
        *,
        site: str,
        service_line: str,
        at: datetime,
    ) -> OwnerRef:
        """The name asked for; a person who is gone has no name."""
        del site, service_line, at
        known = "" if name in self.gone else name
        return OwnerRef(kind=kind, name=known, version=self.version, trail=(f"{kind} {name}",))

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """Office hours."""
        del site
        return "office", self.version, self.hours

    def setting(self, name: str, site: str) -> timedelta | None:
        """The site's own budget for a clock."""
        del site
        return self.settings.get(name)


def view_of(subject: UUID = PATIENT, kind: SubjectKind = SubjectKind.PATIENT) -> View:
    """A subject nothing is known of."""
    return View(subject=subject, kind=kind, organisation=ORGANISATION)


def definitions_of(*active: Definition) -> Definitions:
    """These releases, active and pinned."""
    return Definitions(pinned={each.digest: each for each in active}, active=active)


def fact(  # noqa: PLR0913  # a builder: every part may be given by name
    kind: str,
    *,
    at: datetime = NOON,
    occurred_at: datetime | None = None,
    keys: Mapping[str, str] | None = None,
    payload: Mapping[str, Json] | None = None,
    refers: Mapping[str, UUID] | None = None,
    actor: Actor = Actor.SYSTEM,
    person: str = "",
    urgency: Urgency = Urgency.ROUTINE,
    name: object = "",
    subject: UUID = PATIENT,
) -> Fact:
    """A fact recorded `at`; facts that differ in kind, time, keys or `name` have different ids."""
    identity = name_id("fact", kind, at.isoformat(), sorted((keys or {}).items()), name, subject)
    return Fact(
        id=identity,
        type=kind,
        subject=subject,
        organisation=ORGANISATION,
        occurred_at=occurred_at or at,
        recorded_at=at,
        payload=Phi(payload or {}, "payload"),
        keys=keys or {},
        refers=refers or {},
        actor=actor,
        actor_name=person,
        urgency=urgency,
        correlation=identity,
        site="main",
        service_line="cardiology",
    )


def completed(  # noqa: PLR0913  # a builder: every part may be given by name
    task: UUID,
    outcome: str,
    *,
    at: datetime,
    form: Mapping[str, Json] | None = None,
    person: str = "nurse.lee",
    case: UUID | None = None,
    licensed: bool = False,
) -> Fact:
    """A person's outcome of a task."""
    refers = {"task": task} if case is None else {"task": task, "case": case}
    return fact(
        "task.completed",
        at=at,
        payload={"task": {"outcome": outcome, "form": form or {}, "licensed": licensed}},
        refers=refers,
        actor=Actor.PERSON,
        person=person,
        name=f"{task} {outcome}",
    )


def settled(effect: UUID, outcome: str, *, at: datetime, case: UUID) -> Fact:
    """An effect's outcome."""
    return fact(
        "effect.settled",
        at=at,
        payload={"effect": {"outcome": outcome, "cause": "test"}},
        refers={"effect": effect, "case": case},
        actor=Actor.EFFECT,
        name=f"{effect} {outcome}",
    )
