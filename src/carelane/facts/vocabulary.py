"""Every canonical fact that comes from outside: its payload roles, its keys, and what it says.

One list, whatever the wire format: `connect.hl7v2.mapping` and `connect.fhir` make these drafts,
pathways name these types in their events. Facts about our own work (tasks, effects, clocks) are
the core's and are not in this list. Keys are written `AUTHORITY|value`, or the bare value where no
authority was sent.
"""

from dataclasses import dataclass, replace

ROLES = {
    "patient": "Patient: identifiers, names, birth date, gender, telecoms, addresses, death",
    "encounter": "Encounter: number, class, status, period, place, responsible people; `followUpRisk` as received",
    "request": "ServiceRequest: service, specialty (performerType), place (locationCode), `visitType`, priority, "
    "reasons, requester",
    "result": "DiagnosticReport with `observation` (Observations) and `verified_at` (UTC)",
    "appointment": "Appointment: status, start, end, service, reason, participants; `noShowRisk` as received",
    "document": "DocumentReference: type, status, author, content",
    "medication_request": "MedicationRequest: drug, dosage, dispense, requester; `supplyLeftDays` as whoever asks says",
    "coverage": "Coverage: payor (name, numbers and codes of the payer), subscriberId, relationship, period",
    "authorisation": "ClaimResponse: outcome (approved, partial, denied, pended, information-requested, contact-payer, "
    "not-required), `number` of the payer, preAuthRef once approved, validUntil, reason, requested",
    "communication": "Communication: channel, text, sender, `said`, `category`, `senderRole`, priority; "
    "`answer`: stop, start, help, yes, no, cancel, reschedule, "
    "text; `cause` of a failed delivery",
    "consent": "Consent: status (active, inactive), `channel` and `scope` (messages, clinical)",
    "reading": "Observation: code, value, unit, time, device; `limit`: within or beyond the limits approved for the "
    "patient, which came with it (referenceRange)",
    "intake": "`channel` and `source` (the connection) it came by; `said`: what the patient said, in own words; "
    "`complaint`: reasons, and questions answered with yes; `suspected`: perhaps the same as one before",
    "preparation": "QuestionnaireResponse of an appointment: status (in-progress, completed, amended)",
    "slot": "Slot: start, end, service, specialty, kind of visit; `reference` (its name), `minutes`, `place`, "
    "`language`",
    "answers": "answers of a questionnaire, by the question's code",
}

KEYS = {
    "placer_order": "the number the ordering side gave an order",
    "filler_order": "the number the performing side gave an order",
    "referral": "a referral's number; on reports, documents and appointments: the order answered",
    "appointment": "the scheduling side's number of an appointment, else the requesting side's",
    "appointment_request": "the requesting side's number of an appointment",
    "encounter": "the visit number",
    "document": "the unique document number",
    "prescription": "the pharmacy's prescription number",
    "slot": "a bookable slot; facts about it are ordered by the slot, not by a patient",
    "request": "the number that a form, chat or call gave a request",
    "thread": "the conversation that a message belongs to",
    "message": "the number that its channel gave a message",
    "device": "a patient's measuring device",
    "effect": "a message or request of ours that is answered or receipted (our own id)",
    "address": "the number or address that wrote; never stored with the fact",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One type of fact; `entity` names the key (or the first sent of several) staleness goes by."""

    doc: str
    roles: tuple[str, ...]
    keys: tuple[str, ...] = ()
    entity: tuple[str, ...] = ()
    identity: bool = False


_VISIT = ("patient", "encounter")
_ORDER_KEYS = ("placer_order", "filler_order", "encounter")
_REFERRAL_KEYS = ("referral", "placer_order", "filler_order", "encounter")
_APPOINTMENT_KEYS = (
    "appointment",
    "appointment_request",
    "placer_order",
    "filler_order",
    "referral",
    "encounter",
)
_DOCUMENT_KEYS = ("document", "placer_order", "filler_order", "referral", "encounter")
_MEDICATION_KEYS = ("placer_order", "filler_order", "prescription", "encounter")


def _visit(doc: str) -> Kind:
    return Kind(doc=doc, roles=_VISIT, keys=("encounter", "appointment"), entity=("encounter",))


def _identity(doc: str) -> Kind:
    return Kind(doc=doc, roles=("patient",), identity=True)


def _appointment(doc: str) -> Kind:
    return Kind(
        doc=doc,
        roles=(*_VISIT, "appointment"),
        keys=_APPOINTMENT_KEYS,
        entity=("appointment",),
    )


def _referral(doc: str) -> Kind:
    roles = (*_VISIT, "request", "coverage")
    return Kind(doc=doc, roles=roles, keys=_REFERRAL_KEYS, entity=("referral",))


def _order(doc: str) -> Kind:
    return Kind(
        doc=doc,
        roles=(*_VISIT, "request", "coverage"),
        keys=_ORDER_KEYS,
        entity=("placer_order", "filler_order"),
    )


def _result(doc: str) -> Kind:
    return Kind(
        doc=doc,
        roles=(*_VISIT, "result"),
        keys=_REFERRAL_KEYS,
        entity=("filler_order", "placer_order"),
    )


def _document(doc: str) -> Kind:
    return Kind(doc=doc, roles=(*_VISIT, "document"), keys=_DOCUMENT_KEYS, entity=("document",))


def _slot(doc: str) -> Kind:
    return Kind(doc=doc, roles=("slot",), keys=("slot",), entity=("slot",))


def _told(doc: str, *roles: str, also: tuple[str, ...] = ()) -> Kind:
    return Kind(doc=doc, roles=("patient", *roles), keys=("thread", "effect", *also))


def _medication(doc: str) -> Kind:
    return Kind(
        doc=doc,
        roles=(*_VISIT, "medication_request", "intake", "answers"),
        keys=_MEDICATION_KEYS,
        entity=("placer_order", "filler_order"),
    )


FACTS = {
    "patient.admitted": _visit("The patient was admitted."),
    "patient.transferred": _visit("The patient is in another place."),
    "patient.discharged": _visit("The visit has ended."),
    "patient.registered": _visit("The patient, or a visit of an outpatient, was registered."),
    "patient.preadmitted": _visit("An admission is planned."),
    "patient.updated": _visit("Demographics or visit data changed."),
    "risk.assessed": _visit("The record says how great a risk a discharged patient has."),
    "admission.cancelled": _visit("The admission did not happen."),
    "discharge.cancelled": _visit("The discharge did not happen; the visit goes on."),
    "patient.died": Kind(doc="The source says that the patient is dead.", roles=("patient",)),
    "patient.linked": _identity("Two records are of one person; both stay."),
    "patient.unlinked": _identity("Two linked records are of different people."),
    "patient.merged": _identity("One record replaces another."),
    "appointment.booked": _appointment("An appointment was made."),
    "appointment.rescheduled": _appointment("An appointment has another time."),
    "appointment.modified": _appointment("An appointment changed, but not its time."),
    "appointment.cancelled": _appointment("An appointment will not take place."),
    "appointment.deleted": _appointment("An appointment was entered in error."),
    "appointment.missed": _appointment("The patient did not come."),
    "scheduling.requested": _appointment("Somebody asks for an appointment."),
    "referral.received": _referral("A referral or consult was asked of this organisation."),
    "referral.modified": _referral("A referral's content changed."),
    "referral.cancelled": _referral("A referral was withdrawn."),
    "referral.status": _referral("The other side asks for, or tells, a referral's status."),
    "order.received": _order("A new order for imaging or a procedure."),
    "order.changed": _order("An order changed, or its status did."),
    "order.cancelled": _order("An order was cancelled or discontinued."),
    "lab.ordered": _order("A new laboratory order."),
    "result.reported": _result("A result, preliminary or final."),
    "result.corrected": _result("A reported result was replaced, amended or withdrawn."),
    "document.started": _document("A document is announced; its text is to follow."),
    "document.received": _document("A document with its text."),
    "document.addended": _document("An addendum to a document."),
    "document.cancelled": _document("A document was withdrawn."),
    "medication.ordered": _medication("A prescription."),
    "medication.cancelled": _medication("A prescription was cancelled or discontinued."),
    "refill.requested": replace(
        _medication("A pharmacy or the patient asks for a refill."),
        keys=(*_MEDICATION_KEYS, "message"),
    ),
    "coverage.reported": Kind(doc="Who pays for the patient.", roles=("patient", "coverage")),
    "authorisation.answered": Kind(
        doc="A payer answered a request for an authorisation.",
        roles=("authorisation",),
        keys=("effect",),
    ),
    "message.received": _told(
        "A patient wrote, and no case waits for it.", "communication", "intake", also=("message",)
    ),
    "message.replied": _told("A patient answered a message that a case had sent.", "communication"),
    "message.delivered": _told("A message reached the patient's phone.", "communication"),
    "message.failed": _told(
        "A message was taken by the gateway, but not delivered.", "communication"
    ),
    "consent.given": _told("A patient wants messages.", "consent", "communication"),
    "consent.withdrawn": _told("A patient wants no messages.", "consent", "communication"),
    "request.received": Kind(
        doc="Somebody asks for something by a form, chat, call or portal.",
        roles=("patient", "request", "intake", "answers", "coverage"),
        keys=("request", "thread"),
        entity=("request",),
    ),
    "request.withdrawn": Kind(
        doc="Whoever asked for something takes it back.",
        roles=("patient", "request", "intake", "answers"),
        keys=("request", "thread"),
        entity=("request",),
    ),
    "preparation.answered": Kind(
        doc="The questionnaire of an appointment was answered, or saved.",
        roles=("patient", "preparation", "intake", "answers"),
        keys=("appointment", "message"),
    ),
    "appointment.risk": Kind(
        doc="Somebody else judged how likely the patient comes; Carelane computes no such thing.",
        roles=("patient", "appointment"),
        keys=("appointment",),
    ),
    "slot.freed": _slot("A bookable time is free."),
    "slot.taken": _slot("A bookable time is not free any more."),
    "reading.received": Kind(
        doc="A device measured something.",
        roles=("patient", "reading", "intake"),
        keys=("device",),
    ),
}
