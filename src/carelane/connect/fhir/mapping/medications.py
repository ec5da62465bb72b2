"""MedicationRequest as facts: a prescription, its end, or the wish that it be renewed. Pure.

A wish has the intent `proposal` or `plan`; it and the renewed prescription name the one before (`priorPrescription`),
and by that number they meet.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import URGENCIES, Source, encounter_key, instant
from carelane.facts.fact import Draft, Urgency

_ORDERED: Final[Mapping[str, str]] = {
    "active": "medication.ordered",
    "cancelled": "medication.cancelled",
    "stopped": "medication.cancelled",
    "entered-in-error": "medication.cancelled",
}
_WISHED: Final[Mapping[str, str]] = {"active": "refill.requested", "draft": "refill.requested"}
_WISHES: Final = frozenset({"proposal", "plan"})
SUPPLY_LEFT: Final = "urn:carelane:supply-left-days"


def medication(source: Source) -> Iterable[Draft]:
    """The fact in a MedicationRequest, if its status says that something happened."""
    resource = source.resource
    wished = str(resource.get("intent")) in _WISHES
    kind = (_WISHED if wished else _ORDERED).get(str(resource.get("status")))
    if kind is None:
        return
    placer, filler = source.keyed(resource, "PLAC"), source.keyed(resource, "FILL")
    number = placer or filler or source.first(resource)
    at = source.updated() or instant(resource.get("authoredOn"))
    left = _supply_left(resource, at)
    yield source.draft(
        kind,
        role="medication_request",
        part=resource if left is None else {**resource, "supplyLeftDays": left},
        keys={
            "placer_order": placer or number,
            "filler_order": filler,
            "prescription": _before(source) or number,
            "encounter": encounter_key(source),
        },
        entity="placer_order",
        at=at,
        urgency=URGENCIES.get(str(resource.get("priority")), Urgency.ROUTINE),
    )


def _before(source: Source) -> str:
    """The number of the prescription that this one renews."""
    prior = source.resource.get("priorPrescription")
    if not isinstance(prior, dict):
        return ""
    known = source.company.follow(prior)
    if known is not None:
        return source.keyed(known, "PLAC") or source.keyed(known, "FILL") or source.first(known)
    return source.key(prior.get("identifier")) or str(prior.get("reference", ""))


def _supply_left(resource: Resource, at: datetime | None) -> int | None:
    """Days that the medicine still lasts: as said (our extension), else until the end of its dosage; never below 0."""
    for one in listed(resource.get("extension")):
        said = one.get("valueInteger")
        if one.get("url") == SUPPLY_LEFT and isinstance(said, int) and not isinstance(said, bool):
            return max(0, said)
    ends = [end for one in listed(resource.get("dosageInstruction")) if (end := _end(one))]
    if at is None or not ends:
        return None
    return max(0, (max(ends) - at.date().toordinal()))


def _end(dosage: Resource) -> int | None:
    timing = dosage.get("timing")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    period = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    end = period.get("end") if isinstance(period, dict) else None
    if not isinstance(end, str):
        return None
    try:
        return datetime.fromisoformat(end[:10]).replace(tzinfo=UTC).toordinal()
    except ValueError:
        return None
