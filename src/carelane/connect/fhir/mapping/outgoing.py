"""Intents as FHIR R4 resources: what we ask the EHR to hold, under our own identifier. Pure.

`content` is what `cases` makes of an effect: declared codes in `values`, what a person filled in in `form`, declared
fields in `fields`, the pathway's `status`, and `text` where a template was rendered. Roles (`patient`, `request`,
`result`, `appointment`, `slot`) are found in `content` itself or among its fields, as a resource, as identifiers, or
as a number. `references` may name `appointment`, `slot` (`Type/id` or a business identifier), `version` (the ETag that
the decision saw) and, for an alert, `to` and `level`.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from carelane.connect.fhir.codec import EFFECT_SYSTEM, Resource, reference_of
from carelane.connect.fhir.mapping.content import (
    concept,
    is_patient,
    objects_in,
    reason_concept,
    reference_to,
    resource_in,
    text_of,
    token_of,
    word,
)
from carelane.facts.intent import Intent

CASE_SYSTEM: Final = "urn:carelane:case"
STATUS_SYSTEM: Final = "urn:carelane:status"
CAPABILITY_SYSTEM: Final = "urn:carelane:capability"

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
    wanted = word(content, "status") or "completed"
    status = wanted if wanted in _TASK_STATUSES else _TASK_STATUS_OF.get(wanted, "in-progress")
    resource = _ours("Task", intent) | {
        "status": status,
        "businessStatus": concept(STATUS_SYSTEM, wanted),
        "intent": "order",
        "priority": _priority(intent),
        "code": concept(CAPABILITY_SYSTEM, intent.name),
        "groupIdentifier": {"system": CASE_SYSTEM, "value": str(intent.case)},
    }
    if reason := word(content, "reason") or word(content, "decline_reason"):
        resource["statusReason"] = reason_concept(reason)
    _add(resource, "focus", reference_to(content, "request"))
    _add(resource, "for", reference_to(content, "patient"))
    return Create(resource=resource)


def _communication(intent: Intent, content: Mapping[str, Any]) -> Write:
    wanted = word(content, "status")
    status = wanted if wanted in _COMMUNICATION_STATUSES else "completed"
    resource = _ours("Communication", intent) | {"status": status}
    return Create(resource=resource | _message(intent, content, text=text_of(content)))


def _request_to_tell(intent: Intent, content: Mapping[str, Any]) -> Write:
    resource = _ours("CommunicationRequest", intent) | {"status": "active"}
    message = resource | _message(intent, content, text=text_of(content))
    if to := intent.references.get("to") or word(content, "to"):
        message["recipient"] = [{"type": "PractitionerRole", "display": to}]
    return Create(resource=message)


def _letter(intent: Intent, content: Mapping[str, Any]) -> Write:
    patient = reference_to(content, "patient")
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
        "category": [concept(CAPABILITY_SYSTEM, intent.capability)],
        "priority": _priority(intent),
    }
    _add(message, "subject", reference_to(content, "patient"))
    about = [
        reference_to(content, "result"),
        reference_to(content, "request"),
    ]
    _add(message, "about", [one for one in about if one])
    _add(message, "payload", [{"contentString": text}] if text else [])
    return message


def _booking(intent: Intent, content: Mapping[str, Any]) -> Write:
    proposal = resource_in(content, "appointment")
    slots = _slots(intent, content)
    if not slots and not (proposal.get("start") and proposal.get("end")):
        return Unfit(cause="missing-slot")
    patient = reference_to(content, "patient")
    if patient is None:
        return Unfit(cause="missing-patient")
    resource = _ours("Appointment", intent) | {"status": "booked", "slot": slots}
    for name in ("serviceType", "start", "end"):
        _add(resource, name, proposal.get(name))
    request = reference_to(content, "request")
    _add(resource, "basedOn", [request] if request else [])
    others = [one for one in objects_in(proposal.get("participant")) if not is_patient(one)]
    resource["participant"] = [{"actor": patient, "status": "accepted"}, *others]
    return Create(resource={name: value for name, value in resource.items() if value != []})


def _cancellation(intent: Intent, content: Mapping[str, Any]) -> Write:
    changes: Resource = {"status": "cancelled"}
    if reason := word(content, "reason"):
        changes["cancelationReason"] = reason_concept(reason)
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
    resource = resource_in(content, role)
    named = intent.references.get(role) or word(content, role)
    target = reference_of(named) or reference_of(f"{kind}/{resource.get('id', '')}")
    undone = f"{EFFECT_SYSTEM}|{intent.compensates}" if intent.compensates else ""
    search = "" if target else named or undone or token_of(resource)
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
    text = text_of(content)
    if not text:
        return Unfit(cause="missing-text")
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "data": b64encode(text.encode()).decode(),
    }
    resource = _ours("DocumentReference", intent) | {
        "status": "current",
        "docStatus": "preliminary",
        "type": concept(CAPABILITY_SYSTEM, intent.name),
        "content": [{"attachment": attachment}],
    }
    _add(resource, "subject", reference_to(content, "patient"))
    request = reference_to(content, "request")
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


def _priority(intent: Intent) -> str:
    return _PRIORITIES[max(0, min(intent.urgency, len(_PRIORITIES) - 1))]


def _slots(intent: Intent, content: Mapping[str, Any]) -> list[Resource]:
    named = reference_of(intent.references.get("slot", "") or word(content, "slot"))
    if named:
        return [{"reference": named}]
    if own := reference_of(f"Slot/{resource_in(content, 'slot').get('id', '')}"):
        return [{"reference": own}]
    proposed = objects_in(resource_in(content, "appointment").get("slot"))
    return [
        {"reference": one["reference"]}
        for one in proposed
        if reference_of(str(one.get("reference")))
    ]


def _add(resource: Resource, name: str, value: object) -> None:
    if value:
        resource[name] = value
