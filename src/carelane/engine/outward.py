"""What a decision sends on: emitted facts become facts on their subjects, notices by a channel become effects. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from carelane.cases.model import Case, Change, Emission, Notice, Step
from carelane.cases.words import SENDER
from carelane.facts.fact import Actor, Fact, SubjectKind
from carelane.facts.ids import derive, name_id
from carelane.facts.intent import Audience, IfUnknown, Intent
from carelane.facts.phi import Phi

IN_PORTAL = frozenset({"", "portal", "secure-message"})
"""Channels that are the portal itself: the notice row is the message."""


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
        keys={**{name: str(value) for name, value in emission.refers.items()}, **emission.keys},
        urgency=emission.urgency,
        actor=Actor.CARELANE, identity=case.identity if case else source.identity, origin=emission.case,
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


def with_alerts(step: Step) -> Step:
    """Each notice that goes by another channel than the portal, also as an effect for staff."""
    if not any(
        notice.channel not in IN_PORTAL for change in step.changes for notice in change.notices
    ):
        return step
    return replace(step, changes=tuple(_alerted(step, change) for change in step.changes))


def _alerted(step: Step, change: Change) -> Change:
    told = {intent.references.get("to") for intent in change.intents}  # the pathway's own alerts
    alerts = tuple(
        _alert(step, change.after, notice, number)
        for number, notice in enumerate(change.notices)
        if notice.channel not in IN_PORTAL and notice.to not in told
    )
    return replace(change, intents=change.intents + alerts) if alerts else change


def _alert(step: Step, case: Case, notice: Notice, number: int) -> Intent:
    return Intent(
        id=derive(step.now, case.id, step.fact.id, "alert", number), case=case.id, step=notice.step,
        name=f"notice-{notice.kind}", capability="staff.alert", audience=Audience.STAFF, if_unknown=IfUnknown.RESEND,
        content=Phi({"to": notice.to, "channel": notice.channel, "level": notice.level, "case": str(case.id),
                     "status": case.status}, "alert"),
        urgency=3 if notice.safety else int(case.urgency),
        references={"to": notice.to, "by": notice.channel, "level": str(notice.level)},
    )  # fmt: skip
