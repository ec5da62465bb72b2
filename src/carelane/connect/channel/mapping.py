"""A channel's message to canonical facts, FHIR-shaped, with channel and source beside. Pure.

A form, a call note, and a chat or portal message with a `kind` are requests; without one they are messages. Each
reading of a device is a fact of its own. Consents in a request are facts too.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from carelane.connect.channel.codec import decode
from carelane.connect.channel.schema import (
    CallNote,
    Chat,
    DeviceReadings,
    Kind,
    Person,
    PortalMessage,
    Said,
    Speaker,
    WebForm,
)
from carelane.connect.channel.schema import Reading as Measured
from carelane.facts.fact import Draft, Identifier, Json, Urgency
from carelane.facts.phi import Phi
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem

LOINC = "http://loinc.org"
Asking: TypeAlias = WebForm | Chat | CallNote | PortalMessage
_Shape = dict[str, Json]


def read(
    raw: bytes, *, channel: str, source: str, received_at: datetime
) -> tuple[Reading, Sequence[Problem]]:
    """What kept bytes say. `source` is the connection's name."""
    del received_at
    said, problems = decode(channel, raw)
    trigger = f"JSON {channel}"
    if said is None:
        return Reading(outcome="rejected", trigger=trigger, control_id=None), problems
    drafts = tuple(_drafts(said, {"channel": channel, "source": source}))
    return Reading(outcome="facts", trigger=trigger, control_id=said.id, drafts=drafts), ()


def _drafts(said: Said, intake: Mapping[str, Json]) -> list[Draft]:
    if isinstance(said, DeviceReadings):
        return [_draft(said, intake, "reading.received", one.at, reading=_observation(said, one))
                for one in said.readings]  # fmt: skip
    consents = [
        _draft(
            said,
            intake,
            "consent.given" if each.given else "consent.withdrawn",
            said.sent_at,
            consent={
                "resourceType": "Consent",
                "status": "active" if each.given else "inactive",
                "channel": each.channel,
                "scope": "clinical" if each.clinical else "messages",
            },
        )
        for each in said.consents
    ]
    return [*consents, _asked(said, intake)]


def _asked(said: Asking, intake: Mapping[str, Json]) -> Draft:
    answers: _Shape = {each.question: each.value for each in said.answers}
    beside: dict[str, Json] = {"answers": answers} if answers else {}
    thread = {} if isinstance(said, WebForm | CallNote) else {"thread": said.thread}
    if said.kind is None:
        return _draft(said, intake, "message.received", said.sent_at, keys=thread,
                      communication=_communication(said, intake), **beside)  # fmt: skip
    if said.kind is Kind.PREPARATION:
        return _prepared(said, intake, beside)
    keys = {**thread, **({"request": said.request} if said.request else {})}
    request = _request(said, said.kind)
    if said.withdraws:
        return _draft(said, intake, "request.withdrawn", said.sent_at, keys=keys, request=request)
    return _draft(
        said, intake, "request.received", said.sent_at, keys=keys, request=request, **beside
    )


def _prepared(said: Asking, intake: Mapping[str, Json], beside: Mapping[str, Json]) -> Draft:
    """A questionnaire before a visit, as a QuestionnaireResponse; the answers stand beside it."""
    answered: _Shape = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed" if said.finished else "in-progress",
        "authored": said.sent_at.astimezone(UTC).isoformat(),
    }
    number = said.appointment
    value = number.value if number else ""
    key = f"{number.authority.strip().upper()}|{value}" if number and number.authority else value
    return _draft(
        said, intake, "preparation.answered", said.sent_at,
        keys={"appointment": key}, preparation=answered, **beside,
    )  # fmt: skip


def _draft(
    said: Said, intake: Mapping[str, Json], type_: str, at: datetime, *,
    keys: Mapping[str, str] | None = None, **roles: Json,
) -> Draft:  # fmt: skip
    priority = getattr(said, "priority", None)
    return Draft(
        type=type_,
        occurred_at=at.astimezone(UTC),
        payload=Phi(
            {"patient": _patient(said.patient), "intake": dict(intake), **roles}, "payload"
        ),
        identifiers=_identifiers(said, str(intake["source"])),
        keys=dict(keys or {}),
        entity="request" if keys and "request" in keys else None,
        urgency=Urgency[priority.name] if priority else Urgency.ROUTINE,
    )


def _identifiers(said: Said, source: str) -> tuple[Identifier, ...]:
    """The patient's numbers; without one the message's own stands for whoever sent it, until a person links it."""
    known = tuple(
        Identifier(authority=each.authority, value=each.value) for each in said.patient.numbers
    )
    return known or (Identifier(authority=f"{source}-sender", value=said.id, type="RI"),)


def _patient(person: Person) -> _Shape:
    telecom: list[Json] = []
    if person.phone:
        telecom.append({"system": "phone", "value": person.phone})
    if person.mail:
        telecom.append({"system": "email", "value": person.mail})
    name = _kept({"family": person.family, "given": [person.given] if person.given else None})
    language: Json = [{"language": {"coding": [{"code": person.language}]}, "preferred": True}]
    return {
        "resourceType": "Patient",
        **_kept(
            {
                "identifier": [
                    {"system": each.authority, "value": each.value} for each in person.numbers
                ]
                or None,
                "name": [name] if name else None,
                "birthDate": person.birth_date.isoformat() if person.birth_date else None,
                "gender": person.sex.value if person.sex else None,
                "telecom": telecom or None,
                "communication": language if person.language else None,
            }
        ),
    }


def _request(said: Asking, kind: Kind) -> _Shape:
    text = _words(said)
    return {
        "resourceType": "ServiceRequest",
        "status": "revoked" if said.withdraws else "active",
        "intent": "proposal",
        "category": [{"coding": [{"code": kind.value}]}],
        "authoredOn": said.sent_at.astimezone(UTC).isoformat(),
        **_kept(
            {
                "identifier": [{"value": said.request}] if said.request else None,
                "code": {"text": said.service, "coding": [{"code": said.service}]}
                if said.service
                else None,
                "visitType": said.visit.value if said.visit else None,
                "locationCode": [{"coding": [{"code": said.place}]}] if said.place else None,
                "priority": said.priority.value if said.priority else None,
                "reasonCode": [
                    {"text": reason, "coding": [{"code": reason}]} for reason in said.reasons
                ]
                or None,
                "note": [{"text": text}] if text else None,
                "requester": {"display": said.caller}
                if isinstance(said, CallNote) and said.caller
                else None,
            }
        ),
    }


def _communication(said: Asking, intake: Mapping[str, Json]) -> _Shape:
    subject = said.subject if isinstance(said, PortalMessage) else None
    return {
        "resourceType": "Communication",
        "status": "completed",
        "channel": intake["channel"],
        "answer": "text",
        "payload": [{"contentString": _words(said)}],
        **_kept({"topic": {"text": subject} if subject else None}),
    }


def _words(said: Asking) -> str:
    match said:
        case Chat():
            return "\n".join(f"{_who(turn.by)}: {turn.text}" for turn in said.turns)
        case CallNote():
            back = f"\nCall back: {said.call_back}" if said.call_back else ""
            return f"{said.note}{back}\nTaken by {said.agent}"
        case PortalMessage() | WebForm():
            return said.text or ""


def _who(speaker: Speaker) -> str:
    return speaker.value.capitalize()


def _observation(said: DeviceReadings, one: Measured) -> _Shape:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": one.code}]},
        "valueQuantity": {"value": one.value, "unit": one.unit, "code": one.unit},
        "effectiveDateTime": one.at.astimezone(UTC).isoformat(),
        "device": {"display": said.device},
    }


def _kept(shape: Mapping[str, Json]) -> _Shape:
    return {name: value for name, value in shape.items() if value is not None}
