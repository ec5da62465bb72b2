"""A chart's sections as FHIR R4 searches, and resources as lines of text. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.people import listed
from carelane.facts.chart import Entry

COUNT: Final = "50"
_WRONG: Final = frozenset({"entered-in-error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One search: the type, what narrows it beside the patient, and how a resource becomes a line."""

    kind: str
    line: Callable[[Resource], Entry | None]
    narrow: Mapping[str, str]


def entries(asked: Asked, resources: Iterable[Resource]) -> tuple[Entry, ...]:
    """The lines of what was found, newest first; what was entered in error is left out."""
    lines = [
        line
        for one in resources
        if one.get("resourceType") == asked.kind and str(one.get("status")) not in _WRONG
        if (line := asked.line(one)) is not None
    ]
    return tuple(sorted(lines, key=lambda each: each.at, reverse=True))


def _visit(one: Resource) -> Entry | None:
    group = one.get("class")
    period = one.get("period")
    words = [
        str(group.get("display") or group.get("code") or "") if isinstance(group, dict) else "",
        *(_words(each) for each in listed(one.get("reasonCode"))),
    ]
    at = _day(period.get("start")) if isinstance(period, dict) else ""
    return _entry(", ".join(word for word in words if word) or "Visit", at, one.get("status"))


def _problem(one: Resource) -> Entry | None:
    at = _day(one.get("onsetDateTime") or one.get("recordedDate"))
    return _entry(_words(one.get("code")), at, _words(one.get("clinicalStatus")))


def _medicine(one: Resource) -> Entry | None:
    dosage = next(
        (
            str(each.get("text"))
            for each in listed(one.get("dosageInstruction"))
            if each.get("text")
        ),
        "",
    )
    reference = one.get("medicationReference")
    named = _words(one.get("medicationCodeableConcept")) or (
        str(reference.get("display") or "") if isinstance(reference, dict) else ""
    )
    return _entry(
        ", ".join(word for word in (named, dosage) if word),
        _day(one.get("authoredOn")),
        one.get("status"),
    )


def _allergy(one: Resource) -> Entry | None:
    reactions = [
        _words(each)
        for reaction in listed(one.get("reaction"))
        for each in listed(reaction.get("manifestation"))
    ]
    named = _words(one.get("code"))
    text = f"{named}: {', '.join(filter(None, reactions))}" if any(reactions) else named
    return _entry(text, _day(one.get("recordedDate")), one.get("criticality"))


def _result(one: Resource) -> Entry | None:
    named, value = _words(one.get("code")), _value(one)
    flags = [_words(each) for each in listed(one.get("interpretation"))]
    parts = [part for part in (named, value, *flags) if part]
    at = _day(one.get("effectiveDateTime") or one.get("issued"))
    return _entry(" ".join(parts) if named else "", at, one.get("status"))


def _document(one: Resource) -> Entry | None:
    named = _words(one.get("type")) or str(one.get("description") or "")
    return _entry(named, _day(one.get("date")), one.get("docStatus") or one.get("status"))


QUERIES: Final[Mapping[str, Asked]] = {
    "visits": Asked(kind="Encounter", line=_visit, narrow={}),
    "problems": Asked(kind="Condition", line=_problem, narrow={}),
    "medications": Asked(kind="MedicationRequest", line=_medicine, narrow={"status": "active"}),
    "allergies": Asked(kind="AllergyIntolerance", line=_allergy, narrow={}),
    "results": Asked(kind="Observation", line=_result, narrow={"_sort": "-date"}),
    "documents": Asked(kind="DocumentReference", line=_document, narrow={}),
}


def _entry(text: str, at: str, status: object) -> Entry | None:
    said = status if isinstance(status, str) else ""
    return Entry(text=text, at=at, status=said) if text else None


def _value(one: Resource) -> str:
    quantity = one.get("valueQuantity")
    if isinstance(quantity, dict):
        unit = quantity.get("unit") or quantity.get("code") or ""
        return f"{quantity.get('value', '')} {unit}".strip()
    for name in ("valueString", "valueInteger", "valueBoolean", "valueDateTime"):
        if name in one:
            return str(one[name])
    return _words(one.get("valueCodeableConcept"))


def _words(concept: object) -> str:
    """A concept as its text, else its first display or code."""
    if not isinstance(concept, dict):
        return ""
    if isinstance(concept.get("text"), str):
        return str(concept["text"])
    words = [one.get("display") or one.get("code") for one in listed(concept.get("coding"))]
    return next((str(word) for word in words if word), "")


def _day(value: object) -> str:
    return value[:10] if isinstance(value, str) else ""
