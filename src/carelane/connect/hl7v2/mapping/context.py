"""One message while it is mapped: its settings, its problems, and the drafts' common parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from carelane.connect.hl7v2.codec import Message, Segment
from carelane.connect.hl7v2.mapping.local import Local
from carelane.connect.hl7v2.mapping.times import fhir_date, fhir_time, instant
from carelane.connect.hl7v2.mapping.values import Shape, clean
from carelane.facts.fact import Draft, Identifier, Merge, Payload, SubjectKind, Urgency
from carelane.facts.phi import Phi
from carelane.facts.problem import Problem, Severity


@dataclass(slots=True, kw_only=True)
class Context:
    """A message being mapped; `problems` grows, everything else stays."""

    message: Message
    local: Local
    problems: list[Problem] = field(default_factory=list)

    def report(
        self,
        code: str,
        place: str,
        message: str,
        remedy: str,
        severity: Severity = Severity.WARNING,
    ) -> None:
        """Add a finding about the sender's message."""
        found = Problem(
            code=f"hl7v2.{code}", place=place, message=message, remedy=remedy, severity=severity
        )
        if found not in self.problems:
            self.problems.append(found)

    def at(self, segment: Segment | None, number: int, component: int = 1) -> datetime | None:
        """A time field as a UTC instant; an unreadable one is reported."""
        text = clean(segment.get(number, component)) if segment else None
        if segment is None or text is None:
            return None
        found = instant(text, self.local.zone)
        if found is None:
            self._unreadable_time(segment, number)
        return found

    def time(self, segment: Segment | None, number: int, component: int = 1) -> str | None:
        """A time field as a FHIR dateTime; an unreadable one is reported."""
        text = segment.get(number, component) if segment else None
        if segment is None or not text or text.isspace():
            return None
        found = fhir_time(text, self.local.zone)
        if found is None:
            self._unreadable_time(segment, number)
        return found

    def date(self, segment: Segment | None, number: int) -> str | None:
        """A date field as a FHIR date; an unreadable one is reported."""
        text = segment.get(number) if segment else None
        if segment is None or not text or text.isspace():
            return None
        found = fhir_date(text, self.local.zone)
        if found is None:
            self._unreadable_time(segment, number)
        return found

    def event_time(self) -> datetime | None:
        """When it happened: EVN-6, else EVN-2, else MSH-7."""
        event = self.message.segment("EVN")
        return self.at(event, 6) or self.at(event, 2) or self.sent_at()

    def sent_at(self) -> datetime | None:
        """When the message was made (MSH-7)."""
        return self.at(self.message.segment("MSH"), 7)

    def draft(  # noqa: PLR0913  # a draft has these parts; all are named by the caller
        self,
        kind: str,
        *,
        payload: Payload,
        identifiers: tuple[Identifier, ...],
        keys: Mapping[str, str | None] | None = None,
        entity: str | None = None,
        occurred_at: datetime | None = None,
        urgency: Urgency = Urgency.ROUTINE,
        merge: Merge | None = None,
        subject: SubjectKind = SubjectKind.PATIENT,
    ) -> Draft:
        """A draft with the keys that are there; `entity` only where its key is."""
        found = {name: value for name, value in (keys or {}).items() if value}
        return Draft(
            type=kind,
            occurred_at=occurred_at or self.event_time(),
            payload=Phi({role: part for role, part in payload.items() if part}, "payload"),
            subject=subject,
            identifiers=identifiers,
            keys=found,
            entity=entity if entity in found else None,
            urgency=urgency,
            merge=merge,
        )

    def _unreadable_time(self, segment: Segment, number: int) -> None:
        self.report(
            "time-unreadable",
            f"{segment.name}-{number}",
            "A time is not written as YYYYMMDD[HHMM[SS]][+/-ZZZZ] and was left out.",
            "Ask the sender to follow the DTM data type.",
        )


def notes_after(segments: list[Segment]) -> list[Shape]:
    """NTE-3 of a group's notes as FHIR annotations."""
    texts = [segment.whole(3) for segment in segments if segment.name == "NTE"]
    return [{"text": text} for text in texts if text]
