"""Readings of a patient's own device, and risks that an EHR states: two resources that speak of numbers. Pure.

Both are read as received. A reading's limit is the reference range of meaning `treatment` that came with it, else what
the patient's goals beside it say, else its only range; a risk is the qualitative one of an assessment whose code the
connection knows.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.goals import Limits, approved
from carelane.connect.fhir.mapping.people import listed
from carelane.connect.fhir.mapping.source import Source, codes_in, encounter_key, instant
from carelane.facts.fact import Draft
from carelane.facts.limits import limit_of

_FINAL: Final = frozenset({"final", "amended", "corrected"})
_APPROVED: Final = "TREATMENT"


def measured_by_device(resource: Resource) -> bool:
    """Whether an Observation is a vital sign that a device of the patient measured."""
    vital = any("VITAL-SIGNS" in codes_in(one) for one in listed(resource.get("category")))
    return vital and isinstance(resource.get("device"), Mapping)


def reading(source: Source) -> Iterable[Draft]:
    """The Observation as a reading, with what its limits say of it."""
    resource = source.resource
    if resource.get("status") not in _FINAL:
        return
    low, high = _limits(source)
    limit = limit_of(_number(resource.get("valueQuantity")), low, high)
    device = resource["device"]
    named = source.key(device.get("identifier")) or str(
        device.get("reference") or device.get("display") or ""
    )
    yield source.draft(
        "reading.received",
        role="reading",
        part={**resource, "limit": limit} if limit else resource,
        keys={"device": named},
        entity="",
        at=instant(resource.get("effectiveDateTime")) or source.updated(),
    )


def risk(source: Source) -> Iterable[Draft]:
    """A RiskAssessment as what it says of the visit; nothing where it is about something else, or not final."""
    resource = source.resource
    if resource.get("status") not in _FINAL:
        return
    about = codes_in(resource.get("code"))
    for one in listed(resource.get("prediction")):
        level = one.get("qualitativeRisk")
        known = (about | codes_in(one.get("outcome"))) & source.local.risk_codes
        if known and isinstance(level, Mapping):
            yield source.draft(
                "risk.assessed",
                role="encounter",
                part={"resourceType": "Encounter", "followUpRisk": level},
                keys={"encounter": encounter_key(source)},
                entity="encounter",
                at=instant(resource.get("occurrenceDateTime")) or source.updated(),
            )
            return


def _limits(source: Source) -> Limits:
    ranges = listed(source.resource.get("referenceRange"))
    meant = [one for one in ranges if _APPROVED in codes_in(one.get("type"))]
    if not meant:
        goals = approved(source.resource, source.company.by_reference.values())
        if goals != (None, None):
            return goals
    chosen = meant or (ranges if len(ranges) == 1 else [])
    if not chosen:
        return None, None
    return _number(chosen[0].get("low")), _number(chosen[0].get("high"))


def _number(quantity: object) -> float | None:
    value = quantity.get("value") if isinstance(quantity, Mapping) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
