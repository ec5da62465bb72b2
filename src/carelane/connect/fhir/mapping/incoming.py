"""FHIR resources as facts: one small function per resource type, under the names the HL7 v2 mapper uses. Pure.

Fact types, payload roles and correlation keys are one vocabulary (`carelane.facts.vocabulary`), so that a pathway
can't tell which format a fact came in.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from carelane.connect.fhir.codec import Resource, resource_reference
from carelane.connect.fhir.mapping.coverages import coverage, insured_by
from carelane.connect.fhir.mapping.medications import medication
from carelane.connect.fhir.mapping.people import listed, merge_of
from carelane.connect.fhir.mapping.readings import measured_by_device, reading, risk
from carelane.connect.fhir.mapping.slots import freed_by, of_slot
from carelane.connect.fhir.mapping.source import (
    URGENCIES,
    Source,
    based_on,
    codes_in,
    encounter_key,
    instant,
    is_referral,
    order_key,
    visit_key,
)
from carelane.connect.fhir.mapping.visits import of_answers, of_risk, with_risk
from carelane.facts.fact import Draft, Urgency

_LABORATORY: Final = frozenset({"108252007", "LAB", "LABORATORY"})
_CRITICAL: Final = frozenset({"LL", "HH", "AA"})
_MARKED: Final = frozenset({"LU", "HU"})
_REQUEST: Final[Mapping[str, str]] = {
    "active": "received",
    "on-hold": "changed",
    "completed": "changed",
    "revoked": "cancelled",
    "entered-in-error": "cancelled",
}
_REFERRAL: Final[Mapping[str, str]] = {
    "received": "referral.received",
    "changed": "referral.status",
    "cancelled": "referral.cancelled",
}
_SHARED_WITH_REPORT: Final = (
    "id",
    "identifier",
    "basedOn",
    "status",
    "category",
    "code",
    "encounter",
    "effectiveDateTime",
    "issued",
)
_CORRECTED: Final = frozenset({"corrected", "amended", "entered-in-error"})
_UNREPORTED: Final = frozenset({"registered", "unknown", "cancelled"})
_APPOINTMENT: Final[Mapping[str, str]] = {
    "proposed": "scheduling.requested",
    "waitlist": "scheduling.requested",
    "pending": "appointment.modified",
    "booked": "appointment.booked",
    "arrived": "appointment.modified",
    "checked-in": "appointment.modified",
    "fulfilled": "appointment.modified",
    "cancelled": "appointment.cancelled",
    "noshow": "appointment.missed",
    "entered-in-error": "appointment.deleted",
}
_STAYS: Final = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "EMER", "SS"})
_STAY: Final[Mapping[str, str]] = {
    "planned": "patient.preadmitted",
    "arrived": "patient.admitted",
    "triaged": "patient.admitted",
    "in-progress": "patient.admitted",
    "finished": "patient.discharged",
    "cancelled": "admission.cancelled",
    "entered-in-error": "admission.cancelled",
}
_VISIT: Final[Mapping[str, str]] = {
    "arrived": "patient.registered",
    "triaged": "patient.registered",
    "in-progress": "patient.registered",
    "finished": "patient.discharged",  # the visit has ended, as A03 says it of outpatients
}


def drafts_of(source: Source) -> tuple[Draft, ...] | None:
    """The facts in a resource: none when its status says nothing happened; None when there is no rule for its type."""
    maker = _MAKERS.get(str(source.resource["resourceType"]))
    return tuple(maker(source)) if maker else None


def _service_request(source: Source) -> Iterable[Draft]:
    resource = source.resource
    change = _REQUEST.get(str(resource.get("status")))
    if change is None:
        return
    placer, filler = source.keyed(resource, "PLAC"), source.keyed(resource, "FILL")
    refers = is_referral(resource)
    number = placer or filler or source.first(resource)
    keys = {"placer_order": placer, "filler_order": filler, "encounter": encounter_key(source)}
    if refers:
        keys["referral"] = number
    elif not placer and not filler:
        keys["placer_order"] = number
    laboratory = any(codes_in(one) & _LABORATORY for one in listed(resource.get("category")))
    order = "lab.ordered" if laboratory and change == "received" else f"order.{change}"
    ordered = "placer_order" if keys["placer_order"] else "filler_order"
    yield source.draft(
        _REFERRAL[change] if refers else order,
        role="request",
        part=resource,
        keys=keys,
        entity="referral" if refers else ordered,
        at=source.updated() or instant(resource.get("authoredOn")),
        urgency=URGENCIES.get(str(resource.get("priority")), Urgency.ROUTINE),
        beside={"coverage": insured_by(source, resource)},
    )


def _coverage(source: Source) -> Iterable[Draft]:
    """Who pays; a coverage that is over, drafted or wrong says nothing."""
    if source.resource.get("status") != "active":
        return
    yield source.draft(
        "coverage.reported",
        role="coverage",
        part=coverage(source, source.resource),
        keys={},
        entity="",
        at=source.updated(),
    )


def _report(source: Source) -> Iterable[Draft]:
    resource = source.resource
    references = listed(resource.get("result"))
    followed = [source.company.follow(one) for one in references]
    contained = [
        one for one in listed(resource.get("contained")) if one.get("resourceType") == "Observation"
    ]
    observations = [one for one in followed if one is not None] + contained
    yield from _result(source, {**resource, "observation": observations})


def _observation(source: Source) -> Iterable[Draft]:
    resource = source.resource
    if measured_by_device(resource):
        yield from reading(source)
        return
    shape: Resource = {"resourceType": "DiagnosticReport", "observation": [resource]}
    shape |= {name: resource[name] for name in _SHARED_WITH_REPORT if name in resource}
    yield from _result(source, shape)


def _result(source: Source, report: Resource) -> Iterable[Draft]:
    status = str(report.get("status"))
    if status in _UNREPORTED:
        return
    verified = instant(report.get("issued")) or source.updated()
    placer = source.keyed(report, "PLAC") or based_on(source, report)
    filler = source.keyed(report, "FILL") or source.first(report)
    flags = {code for one in report["observation"] for code in _interpretations(one)}
    part = {**report, "verified_at": _text_of(verified)} if verified else report
    yield source.draft(
        "result.corrected" if status in _CORRECTED else "result.reported",
        role="result",
        part=part,
        keys={
            "placer_order": placer,
            "filler_order": filler,
            "referral": placer,
            "encounter": encounter_key(source),
        },
        entity="filler_order",
        at=verified,
        urgency=_flagged(flags),
    )


def _appointment(source: Source) -> Iterable[Draft]:
    resource = source.resource
    kind = _APPOINTMENT.get(str(resource.get("status")))
    if kind is None:
        return
    order = based_on(source, resource)
    yield source.draft(
        kind,
        role="appointment",
        part=with_risk(source, resource),
        keys={
            "appointment": source.keyed(resource, "FILL") or source.first(resource),
            "appointment_request": source.keyed(resource, "PLAC") or resource_reference(resource),
            "placer_order": order,
            "referral": order,
        },
        entity="appointment",
        at=source.updated(),
    )
    yield from freed_by(source)


def _patient(source: Source) -> Iterable[Draft]:
    resource = source.resource
    merge = merge_of(resource, source.company, source.local)
    at = source.updated()
    kind = "patient.merged" if merge else "patient.updated"
    yield source.draft(kind, role="patient", part=resource, keys={}, entity="", at=at, merge=merge)
    if merge is None and (
        resource.get("deceasedBoolean") is True or resource.get("deceasedDateTime")
    ):
        died = instant(resource.get("deceasedDateTime")) or at
        yield source.draft(
            "patient.died", role="patient", part=resource, keys={}, entity="", at=died
        )


def _encounter(source: Source) -> Iterable[Draft]:
    resource = source.resource
    group = resource.get("class")
    stays = isinstance(group, dict) and str(group.get("code")) in _STAYS
    kind = (_STAY if stays else _VISIT).get(str(resource.get("status")))
    if kind is None:
        return
    period = resource.get("period") if isinstance(resource.get("period"), dict) else {}
    moment = (period or {}).get("end" if kind == "patient.discharged" else "start")
    yield source.draft(
        kind,
        role="encounter",
        part=resource,
        keys={"encounter": source.keyed(resource, "VN") or source.first(resource)},
        entity="encounter",
        at=instant(moment) or source.updated(),
    )


def _document(source: Source) -> Iterable[Draft]:
    resource = source.resource
    appends = any(one.get("code") == "appends" for one in listed(resource.get("relatesTo")))
    kind = "document.addended" if appends else "document.received"
    if resource.get("docStatus") == "preliminary":
        kind = "document.started"
    if resource.get("status") == "entered-in-error":
        kind = "document.cancelled"
    context = resource.get("context")
    about = context if isinstance(context, dict) else {}
    related = listed(about.get("related"))
    order = next((key for one in related if (key := order_key(source, one))), "")
    yield source.draft(
        kind,
        role="document",
        part=resource,
        keys={
            "document": source.key(resource.get("masterIdentifier")) or source.first(resource),
            "placer_order": order,
            "referral": order,
            "encounter": visit_key(source, next(iter(listed(about.get("encounter"))), None)),
        },
        entity="document",
        at=source.updated() or instant(resource.get("date")),
    )


def _risk(source: Source) -> Iterable[Draft]:
    """About a visit that is to come, or about one that ended."""
    yield from of_risk(source)
    yield from risk(source)


_MAKERS: Final[Mapping[str, Callable[[Source], Iterable[Draft]]]] = {
    "Appointment": _appointment,
    "Coverage": _coverage,
    "DiagnosticReport": _report,
    "DocumentReference": _document,
    "Encounter": _encounter,
    "MedicationRequest": medication,
    "Observation": _observation,
    "Patient": _patient,
    "QuestionnaireResponse": of_answers,
    "RiskAssessment": _risk,
    "ServiceRequest": _service_request,
    "Slot": of_slot,
}


def _interpretations(observation: Resource) -> set[str]:
    return {code for one in listed(observation.get("interpretation")) for code in codes_in(one)}


def _flagged(flags: set[str]) -> Urgency:
    if flags & _CRITICAL:
        return Urgency.STAT
    return Urgency.URGENT if flags & _MARKED else Urgency.ROUTINE


def _text_of(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
