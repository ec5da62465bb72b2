"""Slots: free and taken in FHIR, given back by a cancelled visit, and named by a scheduling message that can."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from carelane.connect.fhir.adapter import reader_for
from carelane.connect.hl7v2.adapter import SettingUnusable, reader_of
from carelane.facts.fact import Draft, SubjectKind
from carelane.facts.vocabulary import FACTS
from carelane.testing.messages import appointment_booked

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = "2026-11-23T11:00:00Z"
OURS = {"system": "urn:carelane:effect", "value": "1"}


def coded(code: str) -> dict[str, Any]:
    """A concept of one code."""
    return {"coding": [{"code": code}]}


def slot(status: str = "free", **more: Any) -> dict[str, Any]:
    """A Slot of half an hour."""
    return {"resourceType": "Slot", "id": "7", "status": status, "start": AT, "end": "2026-11-23T11:30:00Z",
            "serviceType": [coded("cardiology")], "schedule": {"reference": "Schedule/4"},
            "meta": {"lastUpdated": AT, "versionId": "2"}, **more}  # fmt: skip


def drafts(*resources: dict[str, Any]) -> list[Draft]:
    """What a resource says, with those that came along."""
    first, *others = resources
    entries = [{"resource": first, "search": {"mode": "match"}}]
    entries += [{"resource": one, "search": {"mode": "include"}} for one in others]
    whole = {"resourceType": "Bundle", "type": "collection", "entry": entries} if others else first
    reading, problems = reader_for({})(msgspec.json.encode(whole), received_at=NOW)
    assert problems == ()
    return list(reading.drafts)


@pytest.mark.parametrize(
    ("status", "type_"),
    [
        ("free", "slot.freed"),
        ("busy", "slot.taken"),
        ("busy-tentative", "slot.taken"),
        ("busy-unavailable", "slot.taken"),
        ("entered-in-error", "slot.taken"),
    ],
)
def test_a_slot_is_a_subject_of_its_own_by_its_name(status: str, type_: str) -> None:
    """Its name stays the same when a hold of ours puts an identifier on it."""
    [plain] = drafts(slot(status))
    [held] = drafts(slot(status, identifier=[OURS]))

    assert plain.type == type_
    assert plain.subject is SubjectKind.SLOT
    assert plain.keys == held.keys == {"slot": "Slot/7"}
    assert plain.identifiers == ()
    said: Any = plain.payload.reveal()["slot"]
    assert said["minutes"] == 30  # half an hour
    assert said["reference"] == "Slot/7"
    assert "identifier" not in said
    assert set(plain.payload.reveal()) <= set(FACTS[type_].roles)


def test_the_schedule_says_where_by_whom_and_in_which_language() -> None:
    """What the slot says itself is not taken from it."""
    schedule = {"resourceType": "Schedule", "id": "4", "specialty": [coded("394579002")],
                "serviceType": [coded("other")],
                "actor": [{"reference": "Location/9", "identifier": {"value": "north"}},
                          {"reference": "Practitioner/3"}]}  # fmt: skip
    clinician = {"resourceType": "Practitioner", "id": "3", "communication": [coded("es")]}
    [draft] = drafts(slot(), schedule, clinician)
    said: Any = draft.payload.reveal()["slot"]

    assert said["place"] == "north"
    assert said["language"] == [coded("es")]
    assert said["specialty"] == [coded("394579002")]
    assert said["serviceType"] == [coded("cardiology")]


def test_a_cancelled_visit_gives_its_slots_back_and_a_booked_one_none() -> None:
    """The patient's fact first; the slot's says nothing of the patient."""
    visit = {"resourceType": "Appointment", "id": "1", "status": "cancelled", "start": AT, "minutesDuration": 20,
             "slot": [{"reference": "Slot/7"}, {"reference": "Location/1"}],
             "participant": [{"actor": {"reference": "Patient/1", "type": "Patient"}}]}  # fmt: skip
    cancelled, freed = drafts(visit)

    assert (cancelled.type, freed.type) == ("appointment.cancelled", "slot.freed")
    assert freed.keys == {"slot": "Slot/7"}
    assert "Patient" not in str(freed.payload.reveal())
    assert [one.type for one in drafts({**visit, "status": "booked"})] == ["appointment.booked"]


def test_a_scheduling_message_frees_the_slot_that_it_can_name() -> None:
    """Only where the connection says which field holds it, and only when the visit will not take place."""
    booked = appointment_booked(1).replace(b"SCH|", b"SCH|", 1)
    lines = booked.split(b"\r")
    place = next(at for at, line in enumerate(lines) if line.startswith(b"SCH"))
    fields = lines[place].split(b"|")
    fields[5] = b"Slot/7"
    lines[place] = b"|".join(fields)
    named = b"\r".join(lines)
    cancelled = named.replace(b"SIU^S12", b"SIU^S15")

    def freed(raw: bytes, **settings: str) -> list[Draft]:
        return [
            one
            for one in reader_of(settings)(raw, received_at=NOW)[0].drafts
            if one.type == "slot.freed"
        ]

    assert freed(cancelled) == []
    assert freed(named, slot_field="SCH-5") == []
    [found] = freed(cancelled, slot_field="SCH-5")
    assert found.keys == {"slot": "Slot/7"}
    assert found.subject is SubjectKind.SLOT
    assert found.identifiers == ()
    with pytest.raises(SettingUnusable):
        reader_of({"slot_field": "the fifth"})
