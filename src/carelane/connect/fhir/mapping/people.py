"""Who a resource is about: patients' identifiers, references to them, and merges. Pure.

An EHR's own resource id is an identifier too (type `RI`, HL7 table 0203), under the connection's authority:
a reference without a business identifier still finds its patient once a Patient resource linked the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from carelane.connect.fhir.codec import Resource, reference_of
from carelane.facts.documents import DOCUMENT_BYTES_MAX
from carelane.facts.fact import Identifier, Merge

RESOURCE_ID: Final = "RI"
RISK_CODES: Final = frozenset({"FOLLOW-UP-RISK", "READMISSION-RISK", "417005"})
"""What a RiskAssessment is about whose level a follow-up goes by; 417005 is SNOMED CT's hospital re-admission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """What a connection's settings tell the mapping.

    `authorities` turns identifier systems into the names other feeds of the site use (`urn:oid:1.2.3` to `HOSP`);
    `own` is the authority of the EHR's resource ids; `risk_codes` are those of risks that a follow-up goes by;
    `document_bytes_max` is how much a document may hold.
    """

    authorities: Mapping[str, str] = field(default_factory=dict)
    own: str = "fhir"
    risk_codes: frozenset[str] = RISK_CODES
    document_bytes_max: int = DOCUMENT_BYTES_MAX

    def authority(self, system: str) -> str:
        """The site's name for an identifier system; the system itself where none is set."""
        return self.authorities.get(system, system) or self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The other resources that came along, by `Type/id` and by the full address they were sent under."""

    by_reference: Mapping[str, Resource] = field(default_factory=dict, repr=False)

    def follow(self, reference: object) -> Resource | None:
        """The resource that a Reference names, if it came along."""
        found = reference.get("reference") if isinstance(reference, Mapping) else None
        text = str(found or "")
        return self.by_reference.get(text) or self.by_reference.get(reference_of(text))


def listed(value: object) -> list[Resource]:
    """The objects of a repeating element; none where it is missing or malformed."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def patient_reference(resource: Resource) -> Resource | None:
    """The Reference by which a resource is about a patient."""
    for name in ("subject", "patient", "for", "beneficiary"):
        found = resource.get(name)
        if isinstance(found, dict):
            return found
    for one in listed(resource.get("participant")):
        actor = one.get("actor")
        if isinstance(actor, dict) and _is_patient(actor):
            return actor
    return None


def patient_of(
    resource: Resource, company: Company, local: Local
) -> tuple[Resource, tuple[Identifier, ...]]:
    """The Patient as far as known (at least its identifiers), and the source identifiers."""
    if resource.get("resourceType") == "Patient":
        return resource, identifiers_of(resource, local)
    reference = patient_reference(resource)
    if reference is None:
        return {}, ()
    known = company.follow(reference)
    if known is not None and known.get("resourceType") == "Patient":
        return known, identifiers_of(known, local)
    found = referred(reference, local)
    shapes = [
        {"system": one.authority, "value": one.value} for one in found if one.type != RESOURCE_ID
    ]
    patient: Resource = {"resourceType": "Patient"}
    if literal := _patient_id(reference):
        patient["id"] = literal
    return (patient | ({"identifier": shapes} if shapes else {})) if found else {}, found


def identifiers_of(patient: Resource, local: Local) -> tuple[Identifier, ...]:
    """A Patient's identifiers in use, and its resource id last."""
    found = [
        _identifier(one, local)
        for one in listed(patient.get("identifier"))
        if one.get("value") and one.get("use") != "old"
    ]
    key = patient.get("id")
    own = [Identifier(authority=local.own, value=str(key), type=RESOURCE_ID)] if key else []
    return tuple(dict.fromkeys([*found, *own]))


def referred(reference: Resource, local: Local) -> tuple[Identifier, ...]:
    """The identifiers that a Reference to a patient carries: logical, and literal."""
    logical = reference.get("identifier")
    found = (
        [_identifier(logical, local)] if isinstance(logical, dict) and logical.get("value") else []
    )
    if key := _patient_id(reference):
        found.append(Identifier(authority=local.own, value=key, type=RESOURCE_ID))
    return tuple(found)


def merge_of(patient: Resource, company: Company, local: Local) -> Merge | None:
    """What `Patient.link` says of a merge: `replaced-by` retires this one, `replaces` the other."""
    own = identifiers_of(patient, local)
    for link in listed(patient.get("link")):
        other = link.get("other")
        way = str(link.get("type"))
        if not isinstance(other, dict) or way not in {"replaced-by", "replaces"}:
            continue
        known = company.follow(other)
        others = identifiers_of(known, local) if known else referred(other, local)
        if own and others and set(own) != set(others):
            survivor, retired = (others, own) if way == "replaced-by" else (own, others)
            return Merge(kind="merge", survivor=survivor, retired=retired)
    return None


def _identifier(shape: Resource, local: Local) -> Identifier:
    return Identifier(
        authority=local.authority(str(shape.get("system") or "")),
        value=str(shape["value"]),
        type=_type(shape) or "MR",
    )


def _type(shape: Resource) -> str:
    kind: Any = shape.get("type")
    for coding in listed(kind.get("coding")) if isinstance(kind, dict) else []:
        if coding.get("code"):
            return str(coding["code"])
    return ""


def _is_patient(reference: Resource) -> bool:
    return reference.get("type") == "Patient" or bool(_patient_id(reference))


def _patient_id(reference: Resource) -> str:
    literal = reference_of(str(reference.get("reference", "")))
    return literal.removeprefix("Patient/") if literal.startswith("Patient/") else ""
