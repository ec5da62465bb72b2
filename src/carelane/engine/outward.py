"""What a decision sends on: emitted facts become facts on their subjects. Pure; alerts are `cases.alerts`."""

from collections.abc import Iterable
from uuid import UUID

from carelane.cases.model import Case, Emission, Step
from carelane.cases.words import SENDER
from carelane.facts.fact import Actor, Fact, SubjectKind
from carelane.facts.ids import derive, name_id


def emitted(steps: Iterable[Step]) -> list[Fact]:
    """The facts that decisions emit, with derived ids, on the subjects they are for."""
    return [_fact(step, emission) for step in steps for emission in step.emissions]


def _fact(step: Step, emission: Emission) -> Fact:
    source = step.fact
    subject = _subject(source, emission)
    case = next((change.after for change in step.changes if change.after.id == emission.case), None)
    return Fact(
        id=derive(step.now, emission.case, source.id, "emit", emission.fact, emission.ordinal),
        type=emission.fact, subject=subject, organisation=source.organisation, occurred_at=step.now,
        recorded_at=step.now, payload=emission.payload, refers=dict(emission.refers),
        keys={**{name: str(value) for name, value in emission.refers.items()}, **_own_key(emission, subject),
              **emission.keys},
        urgency=emission.urgency,
        actor=Actor.CARELANE, identity=_identity(source, emission, case), origin=emission.case,
        correlation=case.correlation if case else source.correlation,
        site=case.site if case else source.site, service_line=case.service_line if case else source.service_line,
    )  # fmt: skip


def named(steps: Iterable[Step]) -> list[tuple[UUID, str, str]]:
    """Subjects that a decision names, which may be heard of for the first time: id, kind and site."""
    return [
        (_subject(step.fact, emission), str(emission.to), step.fact.site or "")
        for step in steps
        for emission in step.emissions
        if emission.to in list(SubjectKind) and emission.by
    ]


def _identity(source: Fact, emission: Emission, case: Case | None) -> UUID | None:
    """Whose key it is under: an answer's is that of what was asked, for a slot's case is not about one patient."""
    return source.identity if case is None or emission.to == SENDER else case.identity


def _own_key(emission: Emission, subject: UUID) -> dict[str, str]:
    """A slot's facts find its cases by the slot itself, whoever sends them; `intake` gives the same key."""
    return {"slot": str(subject)} if emission.to == SubjectKind.SLOT and emission.by else {}


def _subject(source: Fact, emission: Emission) -> UUID:
    """Whose fact it is: whoever sent the one just decided, a subject by its id or name, or the same subject."""
    if emission.to == SENDER:
        return source.refers.get("sender", source.subject)
    if emission.to not in list(SubjectKind) or not emission.by:
        return source.subject
    try:
        return UUID(emission.by)  # a sender that a variable kept
    except ValueError:
        return name_id(source.organisation, SubjectKind(emission.to), emission.by)
