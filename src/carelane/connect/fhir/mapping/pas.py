"""Names of the Da Vinci prior authorisation guide (PAS, on FHIR R4) that both directions use. Pure.

https://hl7.org/fhir/us/davinci-pas: a Claim with `use` preauthorization goes out in a bundle to `Claim/$submit`, a
ClaimResponse comes back in one; what was decided stands in the review action of each item (X12 278, HCR01).
"""

from collections.abc import Mapping
from typing import Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.people import listed

CAPABILITY: Final = "payer.authorisation.submit"
GUIDE: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
TEMPORARY: Final = "http://hl7.org/fhir/us/davinci-pas/CodeSystem/PASTempCodes"
X12: Final = "https://codesystem.x12.org/005010"
NPI: Final = "http://hl7.org/fhir/sid/us-npi"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"

CLAIM_FIELDS: Final = frozenset(
    [
        "identifier", "status", "type", "use", "patient", "created", "insurer", "provider", "priority", "related",
        "supportingInfo", "diagnosis", "insurance", "item", "extension",
    ]
)  # fmt: skip
COMPANY_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "Patient": frozenset(["identifier", "name", "birthDate"]),
    "Coverage": frozenset(["status", "subscriberId", "beneficiary", "relationship", "payor"]),
    "Organization": frozenset(["active", "name", "identifier", "type"]),
    "DocumentReference": frozenset(
        [
            "masterIdentifier",
            "status",
            "docStatus",
            "type",
            "subject",
            "date",
            "description",
            "content",
        ]
    ),
    "ServiceRequest": frozenset(
        ["identifier", "status", "intent", "code", "subject", "reasonCode", "occurrenceDateTime"]
    ),
}
"""What goes to the payer beside the claim, and nothing else of it."""


def extension(resource: Mapping[str, object], name: str) -> Resource | None:
    """The first extension whose address ends in a name."""
    for one in listed(resource.get("extension")):
        if str(one.get("url", "")).rsplit("/", maxsplit=1)[-1] == name:
            return one
    return None


def refusal(bundle: Resource, claim_fields: frozenset[str]) -> str:
    """Why a bundle may not leave: something in it that the site, or this room, doesn't allow; empty if it may."""
    for entry in listed(bundle.get("entry")):
        resource = entry.get("resource") or {}
        kind = str(resource.get("resourceType"))
        allowed = claim_fields if kind == "Claim" else COMPANY_FIELDS.get(kind)
        if allowed is None:
            return "write-resource-not-allowed"
        if set(resource) - {"resourceType", "id", "meta"} - allowed:
            return "write-field-not-allowed"
    return ""
