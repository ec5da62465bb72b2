"""One of everything that comes in, by every way: what mappings make of it is all that pathways can ever read."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from carelane.connect.channel.adapter import reader_for as channel_reader
from carelane.connect.channel.schema import Kind, Topic
from carelane.connect.fhir.adapter import reader_for as fhir_reader
from carelane.connect.fhir.codec import EFFECT_SYSTEM
from carelane.connect.fhir.mapping.authorisations import read as payer_read
from carelane.connect.hl7v2.adapter import reader_of as hl7v2_reader
from carelane.connect.sms.codec import Heard
from carelane.connect.sms.mapping import reading_of
from carelane.facts.fact import Draft
from carelane.testing import messages
from tests.flows.clinical.stays import stay

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = "2026-11-23T11:00:00Z"
PATIENT = {
    "numbers": [{"authority": "NORTH", "value": "P0000001"}], "family": "Abbot", "given": "Ada",
    "birth_date": "1950-01-01", "sex": "female", "phone": "555-555-0101", "mail": "a@example.org", "language": "es",
}  # fmt: skip
PLAIN = {"id": "1", "sent_at": AT, "patient": PATIENT}
COVERAGE: dict[str, Any] = {"resourceType": "Coverage", "payor": [{"coding": [{"code": "GRN01"}]}]}
"""What intake gives to facts that do not say who pays (`intake.insured`)."""
ASKED = {
    "request": "R1", "service": "cardiology", "priority": "urgent", "supply_left_days": 3, "reasons": ["chest-pain"],
    "visit": "new-patient", "place": "north", "wanted_from": AT, "wanted_by": AT,
    "answers": [{"question": "fever", "value": True}], "consents": [{"channel": "text", "given": True}],
}  # fmt: skip
TURNS = [{"by": "patient", "at": AT, "text": "I have chest pain and high fever. What should I do?"}]
WORDS = str(TURNS[0]["text"])


def drafts() -> Iterator[Draft]:
    """The drafts of all of them."""
    yield from _hl7v2()
    yield from _fhir()
    yield from _channels()
    yield from _texts()
    yield from _payers()


def _hl7v2() -> Iterator[Draft]:
    read = hl7v2_reader({})
    events = ("A01", "A02", "A03", "A04", "A05", "A08", "A11", "A13")
    raws = [stay(event, NOW, risk="high", group=group) for event in events for group in "IO"]
    raws += [
        messages.referral(1, priority=2),
        messages.modify_referral(2, of=1),
        messages.cancel_referral(3, of=1),
    ]
    raws += [messages.order(4, control=control) for control in ("NW", "SC", "CA")]
    raws += [messages.order(5, consult=True), messages.lab_order(6), messages.refill(7)]
    raws += [
        messages.result(8, flag="HH"),
        messages.result(9, of=8, status="C"),
        messages.report(10, of=1),
    ]
    raws += [messages.appointment_booked(11, of=1), messages.update(12, dead=True)]
    raws += [
        messages.appointment_event(13, event, booked=11)
        for event in ("S13", "S14", "S15", "S17", "S26")
    ]
    status = messages.referral(15).replace(b"REF^I12", b"REF^I15")
    risky = b"OBX|1|CWE|NO-SHOW-RISK^Risk^L||high^High^L||||||F\rRGS"
    raws += [messages.appointment_booked(16).replace(b"RGS", risky, 1)]
    raws += [messages.appointment_booked(17).replace(b"SIU^S12^SIU_S12", b"SRM^S01^SRM_S01")]
    raws += [messages.register(14, appointment=11), status]
    for raw in raws:
        yield from read(raw, received_at=NOW)[0].drafts


def _coded(*codes: str) -> dict[str, Any]:
    return {"coding": [{"code": code} for code in codes]}


def _resources() -> Iterator[dict[str, Any]]:
    visit = {"encounter": {"identifier": {"system": "NORTH", "value": "V1"}}}
    vital = {"category": [_coded("vital-signs")], "device": {"display": "cuff"}}
    limits = [{"type": _coded("treatment"), "high": {"value": 160}}]
    risk = {"prediction": [{"outcome": _coded("417005"), "qualitativeRisk": _coded("high")}]}
    note = {"type": _coded("11506-3"), "docStatus": "final"}
    yield {"resourceType": "Observation", "status": "final", "valueQuantity": {"value": 181},
           "referenceRange": limits, **vital}  # fmt: skip
    yield {"resourceType": "Coverage", "status": "active", "payor": [{"display": "Granite Health"}]}
    yield {"resourceType": "RiskAssessment", "status": "final", **risk, **visit}
    missed = {
        "basis": [{"reference": "Appointment/9"}],
        "prediction": [{"qualitativeRisk": _coded("high")}],
    }
    yield {"resourceType": "RiskAssessment", "status": "final", **missed}
    for status in ("booked", "fulfilled", "cancelled", "noshow", "entered-in-error", "proposed"):
        yield {
            "resourceType": "Appointment",
            "status": status,
            "start": AT,
            "serviceType": [_coded("185349003")],
        }
    for status in ("active", "on-hold", "revoked"):
        yield {"resourceType": "ServiceRequest", "status": status, "category": [_coded("363679005")],
               "code": _coded("72148"), "priority": "urgent", **visit}  # fmt: skip
    for status in ("active", "stopped"):
        yield {
            "resourceType": "MedicationRequest",
            "status": status,
            "medicationCodeableConcept": _coded("29046"),
        }
    for more in (
        {},
        {"docStatus": "preliminary"},
        {"relatesTo": [{"code": "appends"}]},
        {"status": "entered-in-error"},
    ):
        yield {"resourceType": "DocumentReference", "status": "current", **note, **visit, **more}
    for group in ("IMP", "AMB"):
        for status in ("planned", "in-progress", "finished", "cancelled"):
            home = {"dischargeDisposition": _coded("home")}
            yield {"resourceType": "Encounter", "status": status, "class": {"code": group},
                   "period": {"start": AT, "end": AT}, "hospitalization": home}  # fmt: skip
    yield {"resourceType": "DiagnosticReport", "status": "final", "issued": AT, "category": [_coded("LAB")],
           "contained": [{"resourceType": "Observation", "interpretation": [_coded("H")]}]}  # fmt: skip


def _slots() -> Iterator[dict[str, Any]]:
    """Slots with the schedule that says where, by whom and in which language."""
    clinician = {"resourceType": "Practitioner", "id": "3", "communication": [_coded("en")]}
    actors = [
        {"reference": "Location/north", "identifier": {"value": "north"}},
        {"reference": "Practitioner/3"},
    ]
    schedule = {
        "resourceType": "Schedule",
        "id": "4",
        "actor": actors,
        "specialty": [_coded("394579002")],
    }
    for status in ("free", "busy"):
        slot = {"resourceType": "Slot", "id": "5", "status": status, "start": AT, "end": "2026-11-23T11:30:00Z",
                "serviceType": [_coded("cardiology")], "appointmentType": _coded("new-patient"),
                "schedule": {"reference": "Schedule/4"}, "meta": {"lastUpdated": AT}}  # fmt: skip
        entries: list[dict[str, Any]] = [{"resource": slot, "search": {"mode": "match"}}]
        entries += [
            {"resource": one, "search": {"mode": "include"}} for one in (schedule, clinician)
        ]
        yield {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _fhir() -> Iterator[Draft]:
    for bundle in _slots():
        yield from fhir_reader({})(msgspec.json.encode(bundle), received_at=NOW)[0].drafts
    read, subject = fhir_reader({}), {"identifier": {"system": "NORTH", "value": "P0000001"}}
    for resource in _resources():
        raw = msgspec.json.encode(
            {"id": "7", "meta": {"lastUpdated": AT}, "subject": subject, **resource}
        )
        yield from read(raw, received_at=NOW)[0].drafts


def _said() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in Kind:
        yield "web-form", {**ASKED, "kind": kind.value, "text": WORDS}
    yield "web-form", {**ASKED, "kind": "callback", "withdrawn": True}
    visit = {"authority": "SCHED", "value": "APT0000011"}
    yield "web-form", {**ASKED, "kind": "questionnaire", "appointment": visit}
    yield (
        "call-centre",
        {**ASKED, "kind": "refill", "note": "One.", "agent": "bo", "call_back": "555-555-0102"},
    )
    for topic in Topic:
        yield "chat", {"thread": "T", "turns": TURNS, "topic": topic.value, "priority": "urgent"}
    yield "portal", {"thread": "T", "subject": "A question", "text": WORDS, "topic": "symptom"}
    reading = {"code": "8480-6", "value": 181, "unit": "mm[Hg]", "at": AT, "high": 160}
    yield "device", {"device": "cuff", "readings": [reading]}


def _channels() -> Iterator[Draft]:
    for channel, said in _said():
        raw = msgspec.json.encode({**PLAIN, **said})
        read = channel_reader({"channel": channel}, source=channel)
        yield from read(raw, received_at=NOW)[0].drafts


def _texts() -> Iterator[Draft]:
    for text in ("yes", "stop", "start", WORDS):
        keyword = text if text in {"stop", "start"} else ""
        heard = Heard(
            trigger="reply", control="1", number="+15555550101", text=text, keyword=keyword
        )
        yield from reading_of(heard, {}, received_at=NOW)[0].drafts
    for status in ("delivered", "failed"):
        yield from reading_of(
            Heard(trigger="receipt", control="2", status=status), {}, received_at=NOW
        )[0].drafts


def _payers() -> Iterator[Draft]:
    action = {"url": "extension-reviewActionCode", "valueCodeableConcept": _coded("A1")}
    review = {"url": "extension-reviewAction", "extension": [action]}
    answer = {"resourceType": "ClaimResponse", "outcome": "complete", "created": AT, "item": [{"extension": [review]}],
              "request": {"identifier": {"system": EFFECT_SYSTEM, "value": "1"}}}  # fmt: skip
    yield from payer_read(msgspec.json.encode(answer), received_at=NOW)[0].drafts
