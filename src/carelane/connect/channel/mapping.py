"""A channel's message to canonical facts, FHIR-shaped, with channel and source beside. Pure.

A form, a call note, and a chat or portal message with a `kind` are requests; without one they are messages. Each
reading of a device is a fact of its own. Consents in a request are facts too.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from carelane.connect.channel.codec import decode
from carelane.connect.channel.schema import (
    CallNote,
    Chat,
    DeviceReadings,
    Kind,
    Number,
    Person,
    PortalMessage,
    Said,
    Speaker,
    Spoken,
    WebForm,
)
from carelane.connect.channel.schema import Reading as Measured
from carelane.facts.fact import Draft, Identifier, Json, Urgency
from carelane.facts.limits import limit_of
from carelane.facts.phi import Phi
from carelane.facts.ports import Reading
from carelane.facts.problem import Problem

LOINC = "http://loinc.org"
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
        return [_draft(said, intake, "reading.received", one.at, keys={"device": said.device},
                       reading=_observation(said, one)) for one in said.readings]  # fmt: skip
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


def _asked(said: Spoken, intake: Mapping[str, Json]) -> Draft:
    answers: _Shape = {each.question: each.value for each in said.answers}
    beside: dict[str, Json] = {"answers": answers} if answers else {}
    intake = {
        **intake,
        **_kept({"said": _own_words(said) or None, "complaint": _complaints(said) or None}),
    }
    thread = {} if isinstance(said, WebForm | CallNote) else {"thread": said.thread}
    if said.kind is None:
        keys = {**thread, **_number_of(said, intake)}
        return _draft(said, intake, "message.received", said.sent_at, keys=keys,
                      communication=_communication(said, intake), **beside)  # fmt: skip
    if said.kind is Kind.REFILL:
        return _refill(said, intake, beside)
    if said.kind is Kind.QUESTIONNAIRE and said.appointment is not None:
        return _filled_in(said, said.appointment, intake, beside)
    keys = {**thread, **({"request": said.request} if said.request else {})}
    type_ = "request.withdrawn" if said.withdrawn and said.request else "request.received"
    request = _request(said, said.kind)
    return _draft(said, intake, type_, said.sent_at, keys=keys, request=request, **beside)


def _filled_in(
    said: Spoken,
    visit: Number,
    intake: Mapping[str, Json],
    beside: Mapping[str, Json],
) -> Draft:
    """The questionnaire of an appointment, finished or saved; its answers are kept as answers."""
    response: _Shape = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed" if said.complete else "in-progress",
        "authored": said.sent_at.astimezone(UTC).isoformat(),
    }
    appointment = f"{visit.authority.strip().upper()}|{visit.value.strip()}"
    keys = {"appointment": appointment, **_number_of(said, intake)}
    return _draft(
        said,
        intake,
        "preparation.answered",
        said.sent_at,
        keys=keys,
        preparation=response,
        **beside,
    )


def _refill(
    said: Spoken,
    intake: Mapping[str, Json],
    beside: Mapping[str, Json],
) -> Draft:
    """A wish for more of a medicine: the same fact as a pharmacy's, so that both meet in one case."""
    text = _words(said)
    wish: _Shape = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "proposal",
        "authoredOn": said.sent_at.astimezone(UTC).isoformat(),
        **_kept(
            {
                "identifier": [{"value": said.prescription}] if said.prescription else None,
                "medicationCodeableConcept": _service(said),
                "priority": said.priority.value if said.priority else None,
                "supplyLeftDays": said.supply_left_days,
                "reportedReference": _caller(said),
                "note": [{"text": text}] if text else None,
            }
        ),
    }
    named = {"prescription": said.prescription} if said.prescription else {}
    keys = {**named, **_number_of(said, intake)}
    return _draft(said, intake, "refill.requested", said.sent_at, keys=keys,
                  medication_request=wish, **beside)  # fmt: skip


def _caller(said: Spoken) -> _Shape | None:
    """Who called, where it was not the patient."""
    return {"display": said.caller} if isinstance(said, CallNote) and said.caller else None


def _service(said: Spoken) -> _Shape | None:
    """What is asked for, in words and as the code that it may be."""
    return {"text": said.service, "coding": [{"code": said.service}]} if said.service else None


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


def _request(said: Spoken, kind: Kind) -> _Shape:
    text = _words(said)
    return {
        "resourceType": "ServiceRequest",
        "status": "revoked" if said.withdrawn else "active",
        "intent": "proposal",
        "category": [{"coding": [{"code": kind.value}]}],
        "authoredOn": said.sent_at.astimezone(UTC).isoformat(),
        **_kept(
            {
                "identifier": [{"value": said.request}] if said.request else None,
                "code": _service(said),
                "priority": said.priority.value if said.priority else None,
                "reasonCode": _complaints(said) or None,
                "occurrencePeriod": _window(said),
                "visitType": _coded(said.visit.value) if said.visit else None,
                "locationCode": [_coded(said.place)] if said.place else None,
                "note": [{"text": text}] if text else None,
                "requester": _caller(said),
            }
        ),
    }


def _communication(
    said: Chat | PortalMessage | WebForm | CallNote, intake: Mapping[str, Json]
) -> _Shape:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "channel": intake["channel"],
        "answer": "text",
        "identifier": [{"value": said.id}],
        "sent": said.sent_at.astimezone(UTC).isoformat(),
        "payload": [{"contentString": _words(said)}],
        **_kept(
            {
                "said": _own_words(said) or None,
                "priority": said.priority.value if said.priority else None,
                **(_about(said) if isinstance(said, Chat | PortalMessage) else {}),
            }
        ),
    }


def _about(said: Chat | PortalMessage) -> _Shape:
    """What the sender says that it is about, and who the sender is."""
    return {
        "topic": {"text": said.subject} if isinstance(said, PortalMessage) else None,
        "category": [_coded(said.topic.value)] if said.topic else None,
        "senderRole": said.sender.value,
    }


def _window(said: Spoken) -> _Shape | None:
    """When whoever asks can be reached or seen."""
    bounds = (("start", said.wanted_from), ("end", said.wanted_by))
    return {name: at.astimezone(UTC).isoformat() for name, at in bounds if at} or None


def _own_words(said: Spoken) -> list[Json]:
    """What the patient said, without what staff or an assistant asked: phrases are looked for here."""
    if isinstance(said, Chat):
        spoken = [turn.text for turn in said.turns if turn.by is Speaker.PATIENT]
    elif isinstance(said, PortalMessage):
        spoken = [said.subject, said.text]
    else:
        spoken = [_words(said)]
    return [words for words in (*spoken, *said.reasons) if words]


def _complaints(said: Spoken) -> list[Json]:
    """Reasons, and questions answered with yes: a form that asks `chest-pain` says so like a reason."""
    affirmed = [_coded(each.question) for each in said.answers if each.value is True]
    return [*map(_reason, said.reasons), *affirmed]


def _number_of(said: Said, intake: Mapping[str, Json]) -> dict[str, str]:
    """The message's own number, as a key."""
    return {"message": f"{intake['source']}|{said.id}"}


def _reason(words: str) -> Json:
    """A reason in words; a code is words too, so they are looked for in the list of codes as they stand."""
    return {"text": words, **_coded(words.strip())}


def _coded(code: str) -> _Shape:
    return {"coding": [{"code": code}]}


def _words(said: Spoken) -> str:
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
    bounds = _kept({
        "low": {"value": one.low, "unit": one.unit} if one.low is not None else None,
        "high": {"value": one.high, "unit": one.unit} if one.high is not None else None,
    })  # fmt: skip
    limits = [{"type": _coded("treatment"), **bounds}] if bounds else None
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": one.code}]},
        "valueQuantity": {"value": one.value, "unit": one.unit, "code": one.unit},
        "effectiveDateTime": one.at.astimezone(UTC).isoformat(),
        "device": {"display": said.device},
        **_kept({"referenceRange": limits, "limit": limit_of(one.value, one.low, one.high)}),
    }


def _kept(shape: Mapping[str, Json]) -> _Shape:
    return {name: value for name, value in shape.items() if value is not None}
