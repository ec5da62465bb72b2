"""What a decision sends on: emitted facts become facts on their subjects. Pure; alerts are `cases.alerts`."""

from collections.abc import Iterable

from carelane.cases.model import Emission, Step
from carelane.facts.fact import Actor, Fact, SubjectKind
from carelane.facts.ids import derive, name_id


def emitted(steps: Iterable[Step]) -> list[Fact]:
    """The facts that decisions emit, with derived ids, on the subjects they are for."""
    return [_fact(step, emission) for step in steps for emission in step.emissions]


def _fact(step: Step, emission: Emission) -> Fact:
    source = step.fact
    subject = source.subject
    if isinstance(emission.to, SubjectKind) and emission.by:
        subject = name_id(source.organisation, emission.to, emission.by)
    case = next((change.after for change in step.changes if change.after.id == emission.case), None)
    return Fact(
        id=derive(step.now, emission.case, source.id, "emit", emission.fact, emission.ordinal),
        type=emission.fact, subject=subject, organisation=source.organisation, occurred_at=step.now,
        recorded_at=step.now, payload=emission.payload, refers=dict(emission.refers),
        keys={name: str(value) for name, value in emission.refers.items()}, urgency=emission.urgency,
        actor=Actor.CARELANE, identity=case.identity if case else source.identity, origin=emission.case,
        correlation=case.correlation if case else source.correlation,
        site=case.site if case else source.site, service_line=case.service_line if case else source.service_line,
    )  # fmt: skip
