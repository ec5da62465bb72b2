"""One FHIR resource while it is mapped: its keys, its company, and the drafts' common parts. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.people import Company, Local, listed, patient_of
from carelane.facts.fact import Draft, Identifier, Merge, SubjectKind, Urgency
from carelane.facts.phi import Phi

_REFERRAL_CODES: Final = frozenset(
    {"57133-1", "11488-4", "3457005", "306206005", "11429006", "REF", "REFERRAL", "CONSULT"}
)
URGENCIES: Final[Mapping[str, Urgency]] = {
    "urgent": Urgency.URGENT,
    "asap": Urgency.ASAP,
    "stat": Urgency.STAT,
}
_REFERRAL_WORDS: Final = re.compile(r"\b(?:referral|consult|consultation)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One resource to be read, with what came along and the connection's settings."""

    resource: Resource
    company: Company
    local: Local

    def draft(  # noqa: PLR0913  # a draft has these parts; all are named by the caller
        self,
        kind: str,
        *,
        role: str,
        part: Resource,
        keys: Mapping[str, str],
        entity: str,
        at: datetime | None,
        urgency: Urgency = Urgency.ROUTINE,
        merge: Merge | None = None,
        beside: Mapping[str, Resource | None] | None = None,
    ) -> Draft:
        """A draft about this resource's patient; about a slot where an appointment has none."""
        patient, identifiers = patient_of(self.resource, self.company, self.local)
        payload = {role: part, "patient": patient} if role != "patient" else {role: part}
        payload |= {name: one for name, one in (beside or {}).items() if one}
        found = {name: value for name, value in keys.items() if value}
        alone = not identifiers and self.resource["resourceType"] == "Appointment"
        return Draft(
            type=kind,
            occurred_at=at,
            payload=Phi({name: value for name, value in payload.items() if value}, "payload"),
            subject=SubjectKind.SLOT if alone else SubjectKind.PATIENT,
            identifiers=_survivors(identifiers, merge),
            keys=found,
            entity=entity if entity in found else None,
            urgency=urgency,
            merge=merge,
        )

    def key(self, shape: object) -> str:
        """An Identifier as a correlation value: authority in capitals, a bar, the value; or the value."""
        if not isinstance(shape, Mapping) or not shape.get("value"):
            return ""
        authority = self.local.authorities.get(str(shape.get("system", "")), shape.get("system"))
        value = str(shape["value"]).strip()
        return f"{str(authority).strip().upper()}|{value}" if authority else value

    def keyed(self, resource: Resource, *types: str) -> str:
        """The key of the first identifier of one of these types (HL7 table 0203); empty if there is none."""
        for one in listed(resource.get("identifier")):
            if codes_in(one.get("type")).intersection(types):
                return self.key(one)
        return ""

    def first(self, resource: Resource) -> str:
        """The key of the first identifier; without one, the EHR's own `Type/id`."""
        named = [self.key(one) for one in listed(resource.get("identifier")) if one.get("value")]
        return named[0] if named else f"{resource.get('resourceType')}/{resource.get('id', '')}"

    def updated(self) -> datetime | None:
        """When this version was made (`meta.lastUpdated`)."""
        meta = self.resource.get("meta")
        return instant(meta.get("lastUpdated") if isinstance(meta, dict) else None)


def is_referral(resource: Resource) -> bool:
    """Whether a ServiceRequest asks for a referral or a consult: by code, or by the words of its category or code."""
    concepts = [*listed(resource.get("category")), resource.get("code")]
    if any(codes_in(one) & _REFERRAL_CODES for one in concepts):
        return True
    return any(_REFERRAL_WORDS.search(word) for one in concepts for word in _words_in(one))


def codes_in(concept: object) -> set[str]:
    """The codes of a CodeableConcept, in capitals."""
    codings = listed(concept.get("coding")) if isinstance(concept, Mapping) else []
    return {str(one["code"]).upper() for one in codings if one.get("code")}


def instant(value: object) -> datetime | None:
    """A FHIR instant or dateTime with a time of day as UTC; None for a date alone, or what can't be read."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def based_on(source: Source, resource: Resource) -> str:
    """The order number of what a resource is based on."""
    return next(
        (key for one in listed(resource.get("basedOn")) if (key := order_key(source, one))), ""
    )


def order_key(source: Source, reference: Resource) -> str:
    """The number of the order that a Reference names; empty if it names none."""
    order = source.company.follow(reference)
    if order is not None and order.get("resourceType") == "ServiceRequest":
        return source.keyed(order, "PLAC") or source.keyed(order, "FILL") or source.first(order)
    return source.key(reference.get("identifier")) or _literal(reference)


def _literal(reference: Resource) -> str:
    found: Any = reference.get("reference")
    return found if isinstance(found, str) and found.startswith("ServiceRequest/") else ""


def encounter_key(source: Source) -> str:
    """The number of the visit that a resource belongs to; empty if it names none."""
    return visit_key(source, source.resource.get("encounter"))


def visit_key(source: Source, reference: object) -> str:
    """The number of the visit that a Reference names; empty if it names none."""
    if not isinstance(reference, dict):
        return ""
    known = source.company.follow(reference)
    if known is not None:
        return source.keyed(known, "VN") or source.first(known)
    return source.key(reference.get("identifier")) or str(reference.get("reference", ""))


def _words_in(concept: object) -> list[str]:
    if not isinstance(concept, Mapping):
        return []
    displays = [one.get("display") for one in listed(concept.get("coding"))]
    return [word for word in (concept.get("text"), *displays) if isinstance(word, str)]


def _survivors(identifiers: tuple[Identifier, ...], merge: Merge | None) -> tuple[Identifier, ...]:
    return merge.survivor if merge else identifiers
