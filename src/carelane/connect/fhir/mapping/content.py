"""Reading an intent's content: roles, words and references, wherever a pathway put them. Pure.

Roles are found in `content` itself or among its declared fields, as a resource, as identifiers, or as a number.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from carelane.connect.fhir.codec import Resource, reference_of

OUTCOME_SYSTEM: Final = "urn:carelane:outcome"
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
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


def word(content: Mapping[str, Any], name: str) -> str:
    """The first text under a name: declared values, then the form, the fields, the content."""
    for part in (content.get("values"), content.get("form"), content.get("fields"), content):
        value = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(value, str) and value:
            return value
    return ""


def text_of(content: Mapping[str, Any]) -> str:
    """The rendered text; without a template, what was declared and filled in, in words."""
    text = content.get("text")
    if isinstance(text, str) and text:
        return text
    said: list[str] = []
    for part in ("values", "form", "fields"):
        for name, value in mapping_in(content.get(part)).items():
            if words := _said(value):
                said.append(f"{name}: {words}")
    return "; ".join(said)


def _said(value: object) -> str:
    """A declared field in words: text and numbers as they are, yes or no, the text of a concept; else nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    concept = mapping_in(value)
    codings = [one.get("display") or one.get("code") for one in objects_in(concept.get("coding"))]
    return next((str(word) for word in (concept.get("text"), *codings) if word), "")


def reason_concept(reason: str) -> Resource:
    """A reason as a code of ours, or as text where a person wrote one."""
    return concept(OUTCOME_SYSTEM, reason) if _CODE.fullmatch(reason) else {"text": reason}


def reference_to(content: Mapping[str, Any], role: str) -> Resource | None:
    """A reference by the EHR's id where we know it, and by business identifier where one was sent."""
    kind = _KINDS[role]
    known = resource_in(content, role)
    reference: Resource = {"type": kind}
    if literal := reference_of(f"{kind}/{known.get('id', '')}"):
        reference["reference"] = literal
    for one in objects_in(known.get("identifier")):
        kept = {name: one[name] for name in ("type", "system", "value") if name in one}
        if kept.get("value"):
            reference["identifier"] = kept
            break
    return reference if len(reference) > 1 else None


def resource_in(content: Mapping[str, Any], role: str) -> Mapping[str, Any]:
    """What is known of a role: a resource, its identifiers, or a bare number, in `content` or its `fields`."""
    fields = mapping_in(content.get("fields"))
    for name in (role, *_ALIASES.get(role, ())):
        for value in (content.get(name), fields.get(name)):
            if isinstance(value, Mapping) and value:
                return value if "value" not in value else {"identifier": [value]}
            if isinstance(value, list) and value:
                return {"identifier": objects_in(value)}
            if isinstance(value, str) and value:
                return {"identifier": [{"value": value}]}
    return {}


def is_patient(participant: Resource) -> bool:
    """Whether an appointment's participant is the patient."""
    actor = mapping_in(participant.get("actor"))
    return actor.get("type") == "Patient" or str(actor.get("reference", "")).startswith("Patient/")


def token_of(resource: Mapping[str, Any]) -> str:
    """The first identifier as a search token; empty if there is none."""
    for one in objects_in(resource.get("identifier")):
        if one.get("value"):
            return (
                f"{one.get('system', '')}|{one['value']}"
                if one.get("system")
                else str(one["value"])
            )
    return ""


def concept(system: str, code: str) -> Resource:
    """A CodeableConcept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def mapping_in(value: object) -> Mapping[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects_in(value: object) -> list[Resource]:
    """The objects of a list; none for anything else."""
    return (
        [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []
    )
