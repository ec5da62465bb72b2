"""Which writes may leave at all: the allow-list of a connection, and what no list can allow. Pure.

The EHR is the system of record (SEMANTICS 7): we tell it of our work and ask for appointments; we never
write a clinical finding, an order or a signed note into its chart.
"""

from collections.abc import Mapping
from typing import Final

from carelane.connect.fhir.codec import Resource

NEVER: Final = frozenset(
    {
        "AllergyIntolerance",
        "CarePlan",
        "ClinicalImpression",
        "Composition",
        "Condition",
        "DiagnosticReport",
        "Encounter",
        "FamilyMemberHistory",
        "Immunization",
        "MedicationAdministration",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Patient",
        "Procedure",
        "RiskAssessment",
    }
)
"""Refused before sending, whatever a site's allow-list says."""

_MESSAGE: Final = frozenset(
    [
        "identifier",
        "status",
        "category",
        "priority",
        "subject",
        "about",
        "basedOn",
        "recipient",
        "payload",
    ]
)
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "Appointment": frozenset(
        [
            "identifier",
            "status",
            "cancelationReason",
            "serviceType",
            "slot",
            "start",
            "end",
            "basedOn",
            "participant",
            "priority",
        ]
    ),
    "Communication": _MESSAGE,
    "CommunicationRequest": _MESSAGE,
    "DocumentReference": frozenset(
        ["identifier", "status", "docStatus", "type", "subject", "content", "context"]
    ),
    "Slot": frozenset(["identifier", "status"]),
    "Task": frozenset(
        [
            "identifier",
            "status",
            "statusReason",
            "businessStatus",
            "intent",
            "priority",
            "code",
            "focus",
            "for",
            "groupIdentifier",
            "output",
        ]
    ),
}
"""The elements that our own mapping writes; a site's allow-list can only narrow them."""

_STRUCTURE: Final = frozenset({"resourceType", "id", "meta"})
_SIGNED: Final = frozenset({"final", "amended"})


def refusal(resource: Resource, allowed: Mapping[str, frozenset[str]]) -> str:
    """Why a write may not leave (`resource-never`, `resource-not-allowed`, ...); empty if it may."""
    kind = str(resource.get("resourceType", ""))
    if kind in NEVER:
        return "write-resource-never"
    if kind not in allowed:
        return "write-resource-not-allowed"
    if resource.get("docStatus") in _SIGNED or "authenticator" in resource:
        return "write-signed-note"
    if set(resource) - _STRUCTURE - allowed[kind]:
        return "write-field-not-allowed"
    return ""
