"""Intents as FHIR R4 resources: what we ask the EHR to hold, under our own identifier. Pure.

`content` is what `cases` makes of an effect: declared codes in `values`, what a person filled in in `form`, declared
fields in `fields`, the pathway's `status`, and `text` where a template was rendered. Roles (`patient`, `request`,
`result`, `appointment`, `slot`) are found in `content` itself or among its fields, as a resource, as identifiers, or
as a number. `references` may name `appointment`, `slot` (`Type/id` or a business identifier), `version` (the ETag that
the decision saw) and, for an alert, `to` and `level`.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from carelane.connect.fhir.codec import EFFECT_SYSTEM, Resource, reference_of
from carelane.facts.intent import Intent

CASE_SYSTEM: Final = "urn:carelane:case"
STATUS_SYSTEM: Final = "urn:carelane:status"
CAPABILITY_SYSTEM: Final = "urn:carelane:capability"
OUTCOME_SYSTEM: Final = "urn:carelane:outcome"

_PRIORITIES: Final = ("routine", "urgent", "asap", "stat")
_TASK_STATUSES: Final = frozenset(
    [
        "draft",
        "requested",
        "received",
        "accepted",
        "rejected",
        "ready",
        "cancelled",
        "in-progress",
        "on-hold",
        "failed",
        "completed",
        "entered-in-error",
    ]
)
_COMMUNICATION_STATUSES: Final = frozenset(
    {
        "preparation",
        "in-progress",
        "not-done",
        "on-hold",
        "stopped",
        "completed",
        "entered-in-error",
    }
)
_TASK_STATUS_OF: Final[Mapping[str, str]] = {
    "attended": "in-progress",
    "closed": "completed",
    "declined": "rejected",
    "denied": "rejected",
    "incomplete": "on-hold",
    "redirected": "rejected",
    "report-received": "completed",
    "withdrawn": "cancelled",
}
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DEFAULT_LETTER: Final = "You have a message from your clinic. Please sign in to read it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """A resource of ours, made once."""

    resource: Resource = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """A change of a resource that the EHR owns: refused by it if it moved on since `version` (I20).

    `target` is `Type/id`, or empty when `search` (identifier token) must find it first. A status in
    `already` needs no change; one that is in neither set is in conflict.
    """

    kind: str
    changes: Resource = field(repr=False)
    target: str = ""
    search: str = field(default="", repr=False)
    start_from: frozenset[str] = frozenset()
    already: frozenset[str] = frozenset()
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """An intent that can't be said in FHIR as it stands: refused, with a cause for the person who gets it."""

    cause: str


Write: TypeAlias = Create | Amend | Unfit


def from_intent(intent: Intent) -> Write:
    """The write for an intent; `Unfit` where the capability is unknown or something it needs is missing."""
    maker = _MAKERS.get(intent.capability)
    if maker is None:
        return Unfit(cause="capability-unknown")
    return maker(intent, intent.content.reveal())


def _task(intent: Intent, content: Mapping[str, Any]) -> Write:
    wanted = _word(content, "status") or "completed"
    status = wanted if wanted in _TASK_STATUSES else _TASK_STATUS_OF.get(wanted, "in-progress")
    resource = _ours("Task", intent) | {
        "status": status,
        "businessStatus": _code(STATUS_SYSTEM, wanted),
        "intent": "order",
        "priority": _priority(intent),
        "code": _code(CAPABILITY_SYSTEM, intent.name),
        "groupIdentifier": {"system": CASE_SYSTEM, "value": str(intent.case)},
    }
    if reason := _word(content, "reason") or _word(content, "decline_reason"):
        resource["statusReason"] = _said_or_coded(reason)
    _add(resource, "focus", _reference(content, "request"))
    _add(resource, "for", _reference(content, "patient"))
    return Create(resource=resource)


def _communication(intent: Intent, content: Mapping[str, Any]) -> Write:
    wanted = _word(content, "status")
    status = wanted if wanted in _COMMUNICATION_STATUSES else "completed"
    resource = _ours("Communication", intent) | {"status": status}
    return Create(resource=resource | _message(intent, content, text=_text(content)))


def _request_to_tell(intent: Intent, content: Mapping[str, Any]) -> Write:
    resource = _ours("CommunicationRequest", intent) | {"status": "active"}
    message = resource | _message(intent, content, text=_text(content))
    if to := intent.references.get("to") or _word(content, "to"):
        message["recipient"] = [{"type": "PractitionerRole", "display": to}]
    return Create(resource=message)


def _letter(intent: Intent, content: Mapping[str, Any]) -> Write:
    patient = _reference(content, "patient")
    if patient is None:
        return Unfit(cause="missing-patient")
    text = content.get("text")
    words = text if isinstance(text, str) and text else _DEFAULT_LETTER
    resource = _ours("CommunicationRequest", intent) | {"status": "active"}
    return Create(
        resource=resource | _message(intent, content, text=words) | {"recipient": [patient]}
    )


def _message(intent: Intent, content: Mapping[str, Any], *, text: str) -> Resource:
    message: Resource = {
        "category": [_code(CAPABILITY_SYSTEM, intent.capability)],
        "priority": _priority(intent),
    }
    _add(message, "subject", _reference(content, "patient"))
    about = [
        _reference(content, "result"),
        _reference(content, "request"),
    ]
    _add(message, "about", [one for one in about if one])
    _add(message, "payload", [{"contentString": text}] if text else [])
    return message


def _booking(intent: Intent, content: Mapping[str, Any]) -> Write:
    proposal = _resource(content, "appointment")
    slots = _slots(intent, content)
    if not slots and not (proposal.get("start") and proposal.get("end")):
        return Unfit(cause="missing-slot")
    patient = _reference(content, "patient")
    if patient is None:
        return Unfit(cause="missing-patient")
    resource = _ours("Appointment", intent) | {"status": "booked", "slot": slots}
    for name in ("serviceType", "start", "end"):
        _add(resource, name, proposal.get(name))
    request = _reference(content, "request")
    _add(resource, "basedOn", [request] if request else [])
    others = [one for one in _list(proposal.get("participant")) if not _is_patient(one)]
    resource["participant"] = [{"actor": patient, "status": "accepted"}, *others]
    return Create(resource={name: value for name, value in resource.items() if value != []})


def _cancellation(intent: Intent, content: Mapping[str, Any]) -> Write:
    changes: Resource = {"status": "cancelled"}
    if reason := _word(content, "reason"):
        changes["cancelationReason"] = _said_or_coded(reason)
    return _amendment(
        intent,
        kind="Appointment",
        changes=changes,
        start_from=frozenset(
            {"proposed", "pending", "booked", "waitlist", "checked-in", "arrived"}
        ),
        already=frozenset({"cancelled"}),
    )


def _hold(intent: Intent, _content: Mapping[str, Any]) -> Write:
    return _amendment(
        intent,
        kind="Slot",
        changes={"status": "busy-tentative"},
        start_from=frozenset({"free"}),
    )


def _release(intent: Intent, _content: Mapping[str, Any]) -> Write:
    return _amendment(
        intent,
        kind="Slot",
        changes={"status": "free"},
        start_from=frozenset({"busy-tentative"}),
        already=frozenset({"free"}),
    )


def _amendment(
    intent: Intent,
    *,
    kind: str,
    changes: Resource,
    start_from: frozenset[str],
    already: frozenset[str] = frozenset(),
) -> Write:
    role, content = kind.lower(), intent.content.reveal()
    resource = _resource(content, role)
    named = intent.references.get(role) or _word(content, role)
    target = reference_of(named) or reference_of(f"{kind}/{resource.get('id', '')}")
    undone = f"{EFFECT_SYSTEM}|{intent.compensates}" if intent.compensates else ""
    search = "" if target else named or undone or _token(resource)
    if not target and not search:
        return Unfit(cause=f"missing-{role}")
    if target and not target.startswith(f"{kind}/"):
        return Unfit(cause=f"wrong-{role}")
    return Amend(
        kind=kind,
        changes=changes,
        target=target,
        search=search,
        start_from=start_from,
        already=already,
        version=intent.references.get("version", ""),
    )


def _document(intent: Intent, content: Mapping[str, Any]) -> Write:
    text = _text(content)
    if not text:
        return Unfit(cause="missing-text")
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "data": b64encode(text.encode()).decode(),
    }
    resource = _ours("DocumentReference", intent) | {
        "status": "current",
        "docStatus": "preliminary",
        "type": _code(CAPABILITY_SYSTEM, intent.name),
        "content": [{"attachment": attachment}],
    }
    _add(resource, "subject", _reference(content, "patient"))
    request = _reference(content, "request")
    _add(resource, "context", {"related": [request]} if request else {})
    return Create(resource=resource)


_MAKERS: Final[Mapping[str, Callable[[Intent, Mapping[str, Any]], Write]]] = {
    "ehr.referral.update": _task,
    "ehr.communication": _communication,
    "ehr.appointment.book": _booking,
    "ehr.appointment.cancel": _cancellation,
    "ehr.slot.hold": _hold,
    "ehr.slot.release": _release,
    "ehr.document": _document,
    "staff.alert": _request_to_tell,
    "patient.letter": _letter,
}

_KINDS: Final[Mapping[str, str]] = {
    "patient": "Patient",
    "request": "ServiceRequest",
    "result": "DiagnosticReport",
    "appointment": "Appointment",
    "slot": "Slot",
}
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "patient": ("patient_identifier", "patient_identifiers"),
    "request": ("request_identifier", "referral_identifier", "referral_number", "order_identifier"),
    "result": ("result_identifier",),
    "appointment": ("appointment_identifier", "appointment_number"),
    "slot": ("slot_identifier",),
}
"""Names of declared fields that stand for a role, where a pathway sends an identifier and not the resource."""

RESOURCES: Final[Mapping[str, str]] = {
    "ehr.referral.update": "Task",
    "ehr.communication": "Communication",
    "ehr.appointment.book": "Appointment",
    "ehr.appointment.cancel": "Appointment",
    "ehr.slot.hold": "Slot",
    "ehr.slot.release": "Slot",
    "ehr.document": "DocumentReference",
    "staff.alert": "CommunicationRequest",
    "patient.letter": "CommunicationRequest",
}
"""Capability to the resource it writes."""


def _ours(kind: str, intent: Intent) -> Resource:
    return {
        "resourceType": kind,
        "identifier": [{"system": EFFECT_SYSTEM, "value": str(intent.id)}],
    }


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _priority(intent: Intent) -> str:
    return _PRIORITIES[max(0, min(intent.urgency, len(_PRIORITIES) - 1))]


def _word(content: Mapping[str, Any], name: str) -> str:
    for part in (content.get("values"), content.get("form"), content.get("fields"), content):
        value = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(value, str) and value:
            return value
    return ""


def _text(content: Mapping[str, Any]) -> str:
    text = content.get("text")
    if isinstance(text, str) and text:
        return text
    said: list[str] = []
    for part in ("values", "form", "fields"):
        for name, value in _mapping(content.get(part)).items():
            if words := _said(value):
                said.append(f"{name}: {words}")
    return "; ".join(said)


def _said(value: object) -> str:
    """A declared field in words: text and numbers as they are, yes or no, the text of a concept; else nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    concept = _mapping(value)
    codings = [one.get("display") or one.get("code") for one in _list(concept.get("coding"))]
    return next((str(word) for word in (concept.get("text"), *codings) if word), "")


def _said_or_coded(reason: str) -> Resource:
    return _code(OUTCOME_SYSTEM, reason) if _CODE.fullmatch(reason) else {"text": reason}


def _reference(content: Mapping[str, Any], role: str) -> Resource | None:
    """A reference by the EHR's id where we know it, and by business identifier where one was sent."""
    kind = _KINDS[role]
    known = _resource(content, role)
    reference: Resource = {"type": kind}
    if literal := reference_of(f"{kind}/{known.get('id', '')}"):
        reference["reference"] = literal
    for one in _list(known.get("identifier")):
        kept = {name: one[name] for name in ("type", "system", "value") if name in one}
        if kept.get("value"):
            reference["identifier"] = kept
            break
    return reference if len(reference) > 1 else None


def _resource(content: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """What is known of a role: a resource, its identifiers, or a bare number, in `content` or its `fields`."""
    fields = _mapping(content.get("fields"))
    for name in (role, *_ALIASES.get(role, ())):
        for value in (content.get(name), fields.get(name)):
            if isinstance(value, Mapping) and value:
                return value if "value" not in value else {"identifier": [value]}
            if isinstance(value, list) and value:
                return {"identifier": _list(value)}
            if isinstance(value, str) and value:
                return {"identifier": [{"value": value}]}
    return {}


def _slots(intent: Intent, content: Mapping[str, Any]) -> list[Resource]:
    named = reference_of(intent.references.get("slot", "") or _word(content, "slot"))
    if named:
        return [{"reference": named}]
    if own := reference_of(f"Slot/{_resource(content, 'slot').get('id', '')}"):
        return [{"reference": own}]
    proposed = _list(_resource(content, "appointment").get("slot"))
    return [
        {"reference": one["reference"]}
        for one in proposed
        if reference_of(str(one.get("reference")))
    ]


def _is_patient(participant: Resource) -> bool:
    actor = _mapping(participant.get("actor"))
    return actor.get("type") == "Patient" or str(actor.get("reference", "")).startswith("Patient/")


def _token(resource: Mapping[str, Any]) -> str:
    for one in _list(resource.get("identifier")):
        if one.get("value"):
            return (
                f"{one.get('system', '')}|{one['value']}"
                if one.get("system")
                else str(one["value"])
            )
    return ""


def _add(resource: Resource, name: str, value: object) -> None:
    if value:
        resource[name] = value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Resource]:
    return (
        [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []
    )
