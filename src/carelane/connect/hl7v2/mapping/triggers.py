"""Which trigger becomes which facts: one table, and one small function per family of messages.

A trigger that is not in `TRIGGERS` is stored and reported as "no mapping". The fact types, their
roles and keys are listed in `carelane.facts.vocabulary`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.coverages import coverage
from carelane.connect.hl7v2.mapping.documents import document, document_keys
from carelane.connect.hl7v2.mapping.encounters import arrival_key, encounter, encounter_key
from carelane.connect.hl7v2.mapping.identities import linked, merged
from carelane.connect.hl7v2.mapping.medications import medication_keys, medication_request
from carelane.connect.hl7v2.mapping.orders import Order, orders_of, service_request, services
from carelane.connect.hl7v2.mapping.patients import is_dead, patient, patient_identifiers
from carelane.connect.hl7v2.mapping.readings import of_device, readings
from carelane.connect.hl7v2.mapping.referrals import (
    referral,
    referral_keys,
    referral_urgency,
)
from carelane.connect.hl7v2.mapping.results import (
    is_correction,
    report,
    result_urgency,
    verified_at,
)
from carelane.connect.hl7v2.mapping.scheduling import (
    appointment,
    appointment_keys,
    schedule_urgency,
    slot_freed,
)
from carelane.connect.hl7v2.mapping.urgency import of_order
from carelane.connect.hl7v2.mapping.values import Shape
from carelane.facts.documents import too_large
from carelane.facts.fact import Draft, Identifier, SubjectKind
from carelane.facts.problem import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The patient of a message, mapped once: the resource, the identifiers, the visit."""

    patient: Shape | None
    identifiers: tuple[Identifier, ...]
    encounter: Shape | None
    visit: str | None
    dead: bool


Maker = Callable[[Context, Who], tuple[Draft, ...]]

_ADT = {
    "A01": "patient.admitted",
    "A02": "patient.transferred",
    "A03": "patient.discharged",
    "A04": "patient.registered",
    "A05": "patient.preadmitted",
    "A08": "patient.updated",
    "A11": "admission.cancelled",
    "A13": "discharge.cancelled",
    "A28": "patient.registered",
    "A31": "patient.updated",
}
_SCHEDULE = {
    "SIU^S12": "appointment.booked",
    "SIU^S13": "appointment.rescheduled",
    "SIU^S14": "appointment.modified",
    "SIU^S15": "appointment.cancelled",
    "SIU^S17": "appointment.deleted",
    "SIU^S26": "appointment.missed",
    "SRM^S01": "scheduling.requested",
}
_REFERRAL = {
    "I12": "referral.received",
    "I13": "referral.modified",
    "I14": "referral.cancelled",
    "I15": "referral.status",
}
_DOCUMENT = {
    "T01": "document.started",
    "T02": "document.received",
    "T06": "document.addended",
    "T11": "document.cancelled",
}
_PREVIOUS = "PR"  # HL7 table 0119: previous results that come with a new order
_ORDER = {"new": "order.received", "cancelled": "order.cancelled", "changed": "order.changed"}
_OF_REFERRAL = {
    "new": "referral.received",
    "cancelled": "referral.cancelled",
    "changed": "referral.modified",
}


def who(context: Context, event: str) -> Who:
    """The message's first patient and visit."""
    pid = context.message.segment("PID")
    identifiers = patient_identifiers(context, pid) if pid else ()
    return Who(
        patient=patient(context, pid, identifiers) if pid else None,
        identifiers=identifiers,
        encounter=encounter(context, event),
        visit=encounter_key(context.message.segment("PV1")),
        dead=pid is not None and is_dead(pid),
    )


def _adt(event: str, context: Context, person: Who) -> tuple[Draft, ...]:
    visit = context.message.segment("PV1")
    told = [_ADT[event]]
    if event != "A03" and person.encounter and "followUpRisk" in person.encounter:
        told.append("risk.assessed")
    drafts = [
        context.draft(
            each,
            payload={"patient": person.patient, "encounter": person.encounter},
            identifiers=person.identifiers,
            keys={"encounter": person.visit, "appointment": arrival_key(visit)},
            entity="encounter",
        )
        for each in told
    ]
    if insured := coverage(context):
        drafts.append(
            context.draft(
                "coverage.reported",
                payload={"patient": person.patient, "coverage": insured},
                identifiers=person.identifiers,
            )
        )
    if person.dead:
        drafts.append(
            context.draft(
                "patient.died",
                payload={"patient": person.patient},
                identifiers=person.identifiers,
            )
        )
    return tuple(drafts)


def _schedule(trigger: str, context: Context, person: Who) -> tuple[Draft, ...]:
    event = trigger[4:]
    keys = appointment_keys(context)
    if not keys.get("appointment"):
        context.report(
            "appointment-unnumbered",
            "SCH-2",
            "The appointment has neither a filler nor a placer number.",
            "Ask the sender for SCH-1 or SCH-2; without them later changes can't be matched.",
        )
    shape = appointment(context, event, person.patient)
    freed = slot_freed(context, event, shape)
    return (
        context.draft(
            _SCHEDULE[trigger],
            payload={
                "patient": person.patient,
                "encounter": person.encounter,
                "appointment": shape,
            },
            identifiers=person.identifiers,
            keys={**keys, "encounter": person.visit},
            entity="appointment",
            occurred_at=context.sent_at(),
            urgency=schedule_urgency(context),
            subject=SubjectKind.PATIENT if person.patient else SubjectKind.SLOT,
        ),
        *([freed] if freed else []),
    )


def _referral(event: str, context: Context, person: Who) -> tuple[Draft, ...]:
    keys = referral_keys(context)
    if not keys["referral"]:
        context.report(
            "referral-unnumbered",
            "RF1-6",
            "The referral has no identifier.",
            "Ask the sender for RF1-6; without it a report or a cancellation can't be matched.",
        )
    return (
        context.draft(
            _REFERRAL[event],
            payload={
                "patient": person.patient,
                "encounter": person.encounter,
                "request": referral(context, cancelled=event == "I14"),
                "coverage": coverage(context),
            },
            identifiers=person.identifiers,
            keys=keys,
            entity="referral",
            occurred_at=context.sent_at(),
            urgency=referral_urgency(context),
        ),
    )


def _orders(new: str, context: Context, person: Who) -> tuple[Draft, ...]:
    orders = [each for each in orders_of(context.message) if each.control != _PREVIOUS]
    if not orders:
        _nothing(context, "ORC", "order")
    return tuple(_order(new, context, person, order) for order in orders)


def _order(new: str, context: Context, person: Who, order: Order) -> Draft:
    refers = context.local.is_referral(*services(order)) and new == "order.received"
    kind = _OF_REFERRAL[order.change] if refers else _ORDER[order.change]
    keys = {**order.keys(), "encounter": person.visit}
    if refers:
        keys["referral"] = order.key(2) or order.key(3)
    placed = "placer_order" if keys["placer_order"] else "filler_order"
    return context.draft(
        new if kind == "order.received" else kind,
        payload={
            "patient": person.patient,
            "encounter": person.encounter,
            "request": service_request(context, order, refers=refers),
            "coverage": coverage(context),
        },
        identifiers=person.identifiers,
        keys=keys,
        entity="referral" if refers else placed,
        occurred_at=context.at(order.segment("ORC"), 9) or context.sent_at(),
        urgency=of_order(order.segments),
    )


def _results(context: Context, person: Who) -> tuple[Draft, ...]:
    if of_device(context.message):
        return readings(context, person.patient, person.identifiers)
    orders = [order for order in orders_of(context.message) if order.segment("OBR")]
    if not orders:
        _nothing(context, "OBR", "result")
    return tuple(_result(context, person, order) for order in orders)


def _result(context: Context, person: Who, order: Order) -> Draft:
    keys = {**order.keys(), "encounter": person.visit, "referral": order.key(2)}
    return context.draft(
        "result.corrected" if is_correction(order) else "result.reported",
        payload={
            "patient": person.patient,
            "encounter": person.encounter,
            "result": report(context, order),
        },
        identifiers=person.identifiers,
        keys=keys,
        entity="filler_order" if keys["filler_order"] else "placer_order",
        occurred_at=verified_at(context, order),
        urgency=result_urgency(order),
    )


def _document(event: str, context: Context, person: Who) -> tuple[Draft, ...]:
    if context.message.segment("TXA") is None:
        _nothing(context, "TXA", "document")
        return ()
    found = document(context, event)
    if problem := too_large(found, context.local.document_bytes_max, place="OBX-5"):
        context.problems.append(problem)
        return ()
    return (
        context.draft(
            _DOCUMENT[event],
            payload={
                "patient": person.patient,
                "encounter": person.encounter,
                "document": found,
            },
            identifiers=person.identifiers,
            keys={**document_keys(context), "encounter": person.visit},
            entity="document",
        ),
    )


def _medications(new: str, context: Context, person: Who) -> tuple[Draft, ...]:
    orders = orders_of(context.message, detail="RXE")
    if not orders:
        _nothing(context, "ORC", "prescription")
    return tuple(
        context.draft(
            "medication.cancelled" if order.change == "cancelled" else new,
            payload={
                "patient": person.patient,
                "encounter": person.encounter,
                "medication_request": medication_request(context, order),
            },
            identifiers=person.identifiers,
            keys={**medication_keys(order), "encounter": person.visit},
            entity="placer_order" if order.key(2) else "filler_order",
            occurred_at=context.at(order.segment("ORC"), 9) or context.sent_at(),
            urgency=of_order(order.segments),
        )
        for order in orders
    )


def _merged(context: Context, _person: Who) -> tuple[Draft, ...]:
    return merged(context)


def _linked(event: str, context: Context, _person: Who) -> tuple[Draft, ...]:
    return linked(context, event)


def _nothing(context: Context, segment: str, what: str) -> None:
    context.report(
        "segment-missing",
        segment,
        f"The message has no {segment} segment, so there is no {what} in it.",
        "Ask the sender for a complete message, then replay or send it again.",
        Severity.ERROR,
    )


TRIGGERS: Mapping[str, Maker] = {
    **{f"ADT^{event}": partial(_adt, event) for event in _ADT},
    "ADT^A40": _merged,
    "ADT^A24": partial(_linked, "A24"),
    "ADT^A37": partial(_linked, "A37"),
    **{trigger: partial(_schedule, trigger) for trigger in _SCHEDULE},
    **{f"REF^{event}": partial(_referral, event) for event in _REFERRAL},
    **{f"MDM^{event}": partial(_document, event) for event in _DOCUMENT},
    "ORM^O01": partial(_orders, "order.received"),
    "OMG^O19": partial(_orders, "order.received"),
    "OML^O21": partial(_orders, "lab.ordered"),
    "ORU^R01": _results,
    "RDE^O11": partial(_medications, "medication.ordered"),
    "RDE^O25": partial(_medications, "refill.requested"),
}
SUBJECTLESS = frozenset(trigger for trigger in _SCHEDULE if trigger.startswith("SIU"))
