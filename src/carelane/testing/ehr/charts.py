"""Invented charts to start with: patients, orders, medication history, a schedule with slots, appointments."""

from datetime import UTC, datetime, timedelta
from typing import Final

from carelane.testing.ehr.records import Records, Resource

MEDICAL_RECORD: Final = "urn:carelane:testing:mrn"
_PEOPLE: Final = (
    ("100001", "Lindqvist", "Mara", "1961-04-12", "female"),
    ("100002", "Okafor", "Emeka", "1987-09-30", "male"),
    ("100003", "Tanaka", "Yuki", "2016-02-29", "female"),
    ("100004", "Moreau", "Jean", "1944-12-01", "male"),
    ("100005", "Silva", "Ana", "1999-07-15", "female"),
)
_OPENS: Final = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
_SLOTS: Final = 16


def fill(records: Records) -> None:
    """Put the starting charts in; ids are fixed so that drills can name them."""
    for number, person in enumerate(_PEOPLE, start=1):
        records.put("Patient", f"p{number}", _patient(*person))
    for number in range(1, len(_PEOPLE) + 1):
        records.put("MedicationRequest", f"m{number}", _medication(number))
        records.put("ServiceRequest", f"s{number}", _order(number))
    records.put("Schedule", "cardiology", _schedule())
    for number in range(_SLOTS):
        records.put("Slot", f"slot{number + 1}", _slot(number))
    records.put("Appointment", "a1", _appointment())


def subject(number: int) -> Resource:
    """A reference to one of the starting patients, by id and by medical record number."""
    value = _PEOPLE[number - 1][0]
    identifier = {"type": _code("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")}
    return {
        "reference": f"Patient/p{number}",
        "type": "Patient",
        "identifier": identifier | {"system": MEDICAL_RECORD, "value": value},
    }


def _patient(record: str, family: str, given: str, born: str, gender: str) -> Resource:
    identifier = {"type": _code("http://terminology.hl7.org/CodeSystem/v2-0203", "MR")}
    return {
        "resourceType": "Patient",
        "identifier": [identifier | {"system": MEDICAL_RECORD, "value": record}],
        "name": [{"use": "official", "family": family, "given": [given]}],
        "birthDate": born,
        "gender": gender,
    }


def _medication(number: int) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": "metformin 500 mg tablet"},
        "subject": subject(number),
        "authoredOn": "2026-10-01T09:00:00Z",
    }


def _order(number: int) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "identifier": [
            {
                "type": _code("http://terminology.hl7.org/CodeSystem/v2-0203", "PLAC"),
                "system": "urn:carelane:testing:orders",
                "value": f"ORD-{number}",
            }
        ],
        "status": "active",
        "intent": "order",
        "category": [_code("http://snomed.info/sct", "108252007")],
        "code": {"text": "basic metabolic panel"},
        "subject": subject(number),
        "authoredOn": "2026-11-02T10:00:00Z",
    }


def _slot(number: int) -> Resource:
    start = _OPENS + timedelta(minutes=30 * number)
    return {
        "resourceType": "Slot",
        "schedule": {"reference": "Schedule/cardiology"},
        "status": "free",
        "start": _instant(start),
        "end": _instant(start + timedelta(minutes=30)),
    }


def _schedule() -> Resource:
    return {
        "resourceType": "Schedule",
        "active": True,
        "serviceType": [{"coding": [{"code": "cardiology"}]}],
        "actor": [
            {"reference": "Practitioner/d1", "type": "Practitioner", "display": "Dr. Ines Falk"},
            {"reference": "Location/l1", "type": "Location", "display": "Heart clinic, North"},
        ],
    }


def _appointment() -> Resource:
    return {
        "resourceType": "Appointment",
        "identifier": [{"system": "urn:carelane:testing:appointments", "value": "APT-1"}],
        "status": "booked",
        "start": "2026-12-03T15:00:00Z",
        "end": "2026-12-03T15:30:00Z",
        "participant": [{"actor": subject(1), "status": "accepted"}],
    }


def _code(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
