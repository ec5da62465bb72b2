"""Our own synthetic messages, trigger by trigger: what each becomes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from carelane.connect.hl7v2.codec import Message, build, parse
from carelane.connect.hl7v2.mapping import TRIGGERS, read
from carelane.facts.fact import Draft, Json, SubjectKind, Urgency
from carelane.facts.vocabulary import FACTS, KEYS, ROLES
from carelane.testing import messages

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def drafts(raw: bytes) -> tuple[Draft, ...]:
    reading, problems = read(raw, received_at=AT)
    assert reading.outcome == "facts", [problem.line() for problem in problems]
    return reading.drafts


def only(raw: bytes) -> Draft:
    found = drafts(raw)
    assert len(found) == 1
    return found[0]


def at(draft: Draft, *path: str | int) -> Json:
    here: Json = draft.payload.reveal()
    for step in path:
        if isinstance(step, int):
            assert isinstance(here, Sequence)
            here = here[step]
        else:
            assert isinstance(here, Mapping)
            here = here[step]
    return here


TABLE: list[tuple[str, bytes, str, set[str]]] = [
    ("ADT^A01", messages.admit(1), "patient.admitted", {"encounter"}),
    ("ADT^A02", messages.adt(1, "A02"), "patient.transferred", {"encounter"}),
    ("ADT^A03", messages.discharge(1), "patient.discharged", {"encounter"}),
    ("ADT^A04", messages.register(1), "patient.registered", {"encounter"}),
    ("ADT^A05", messages.adt(1, "A05"), "patient.preadmitted", {"encounter"}),
    ("ADT^A08", messages.update(1), "patient.updated", {"encounter"}),
    ("ADT^A11", messages.adt(1, "A11"), "admission.cancelled", {"encounter"}),
    ("ADT^A13", messages.adt(1, "A13"), "discharge.cancelled", {"encounter"}),
    ("ADT^A24", messages.link(1, one=1, other=2), "patient.linked", set()),
    ("ADT^A28", messages.adt(1, "A28"), "patient.registered", {"encounter"}),
    ("ADT^A31", messages.adt(1, "A31"), "patient.updated", {"encounter"}),
    ("ADT^A37", messages.link(1, one=1, other=2, apart=True), "patient.unlinked", set()),
    ("ADT^A40", messages.merge(1, survivor=1, retired=2), "patient.merged", set()),
    (
        "SIU^S12",
        messages.appointment_booked(1, of=7),
        "appointment.booked",
        {"appointment", "appointment_request", "placer_order", "referral"},
    ),
    *[
        (
            f"SIU^{event}",
            messages.appointment_event(2, event, booked=1),
            kind,
            {"appointment", "appointment_request"},
        )
        for event, kind in (
            ("S13", "appointment.rescheduled"),
            ("S14", "appointment.modified"),
            ("S15", "appointment.cancelled"),
            ("S17", "appointment.deleted"),
            ("S26", "appointment.missed"),
        )
    ],
    (
        "SRM^S01",
        messages.appointment_event(2, "S12", booked=1).replace(b"SIU^S12", b"SRM^S01"),
        "scheduling.requested",
        {"appointment", "appointment_request"},
    ),
    (
        "ORM^O01",
        messages.order(1).replace(b"OMG^O19", b"ORM^O01"),
        "order.received",
        {"placer_order", "encounter"},
    ),
    ("OMG^O19", messages.order(1), "order.received", {"placer_order", "encounter"}),
    (
        "OMG^O19",
        messages.order(1, consult=True),
        "referral.received",
        {"placer_order", "referral", "encounter"},
    ),
    (
        "OMG^O19",
        messages.order(1, consult=True, control="CA"),
        "referral.cancelled",
        {"placer_order", "referral", "encounter"},
    ),
    ("OMG^O19", messages.order(1, control="DC"), "order.cancelled", {"placer_order", "encounter"}),
    ("OMG^O19", messages.order(1, control="XO"), "order.changed", {"placer_order", "encounter"}),
    ("OML^O21", messages.lab_order(1), "lab.ordered", {"placer_order"}),
    (
        "ORU^R01",
        messages.critical_result(1),
        "result.reported",
        {"placer_order", "filler_order", "referral", "encounter"},
    ),
    (
        "ORU^R01",
        messages.critical_result(1, status="P"),
        "result.reported",
        {"placer_order", "filler_order", "referral", "encounter"},
    ),
    (
        "ORU^R01",
        messages.result(2, of=1, status="C"),
        "result.corrected",
        {"placer_order", "filler_order", "referral", "encounter"},
    ),
    ("REF^I12", messages.referral(1), "referral.received", {"referral"}),
    ("REF^I13", messages.modify_referral(2, of=1), "referral.modified", {"referral"}),
    ("REF^I14", messages.cancel_referral(2, of=1), "referral.cancelled", {"referral"}),
    (
        "REF^I15",
        messages.referral(1).replace(b"REF^I12", b"REF^I15"),
        "referral.status",
        {"referral"},
    ),
    *[
        (
            f"MDM^{event}",
            messages.report(2, of=1).replace(b"MDM^T02", b"MDM^" + event.encode()),
            kind,
            {"document", "placer_order", "referral", "encounter"},
        )
        for event, kind in (
            ("T01", "document.started"),
            ("T02", "document.received"),
            ("T06", "document.addended"),
            ("T11", "document.cancelled"),
        )
    ],
    (
        "RDE^O11",
        messages.refill(1).replace(b"RDE^O25", b"RDE^O11").replace(b"ORC|RF", b"ORC|NW"),
        "medication.ordered",
        {"placer_order", "prescription"},
    ),
    ("RDE^O25", messages.refill(1), "refill.requested", {"placer_order", "prescription"}),
]


@pytest.mark.requirement("R77")
@pytest.mark.parametrize(("trigger", "raw", "kind", "keys"), TABLE)
def test_each_trigger_becomes_its_fact(trigger: str, raw: bytes, kind: str, keys: set[str]) -> None:
    """The type, the keys and the patient; all of them words of the vocabulary."""
    reading, problems = read(raw, received_at=AT)
    assert reading.trigger == trigger
    assert problems == ()
    draft = only(raw)
    assert draft.type == kind
    assert set(draft.keys) == keys
    assert draft.identifiers
    assert draft.occurred_at is not None
    known = FACTS[kind]
    assert keys <= set(known.keys)
    assert set(draft.payload.reveal()) <= set(known.roles)
    assert draft.entity is None or draft.entity in known.entity
    assert (draft.merge is not None) == known.identity


BY_OTHER_CHANNELS = {
    "message.received",
    "message.replied",
    "message.delivered",
    "message.failed",
    "consent.given",
    "consent.withdrawn",
    "request.received",
    "request.withdrawn",
    "preparation.answered",
    "appointment.risk",
    "slot.freed",
    "slot.taken",
    "authorisation.answered",
    "coverage.reported",
    "reading.received",  # also by ORU of a device, and the next by any ADT: test_readings_and_risks.py
    "risk.assessed",
}
"""Facts that no ordinary HL7 v2 message says: they come by gateways, forms, chats, calls, portals and devices."""


def test_the_table_above_covers_every_listed_trigger() -> None:
    assert {trigger for trigger, *_ in TABLE} == set(TRIGGERS)
    assert {role for kind in FACTS.values() for role in kind.roles} <= set(ROLES)
    assert {key for kind in FACTS.values() for key in kind.keys} <= set(KEYS)
    said = {kind for _, _, kind, _ in TABLE} | {"patient.died", "medication.cancelled"}
    said |= {"coverage.reported"}  # beside what an ADT says, where it has an IN1
    assert said | BY_OTHER_CHANNELS == set(FACTS)


def test_the_same_number_gives_the_same_message() -> None:
    assert messages.referral(5) == messages.referral(5)
    assert messages.referral(5) != messages.referral(6)
    for _, raw, _, _ in TABLE:
        message, problems = parse(raw)
        assert message is not None
        assert problems == ()
        assert build(message) == raw


def test_a_referral_carries_what_triage_needs() -> None:
    draft = only(messages.referral(1, person=9, specialty=0, priority=2))
    assert draft.urgency is Urgency.STAT
    assert draft.keys["referral"] == "HIS|REF0000001"
    assert draft.entity == "referral"
    assert at(draft, "request", "status") == "active"
    assert at(draft, "request", "priority") == "stat"
    assert at(draft, "request", "performerType", "coding", 0, "code") == "CARD"
    assert at(draft, "request", "reasonCode", 0, "coding", 0, "code") == "R07.9"
    assert at(draft, "request", "requester", "display")
    assert at(draft, "request", "authoredOn") == "2026-11-23T08:00:01Z"
    assert at(draft, "patient", "identifier", 0, "value") == "P0000009"
    bare = at(only(messages.referral(1, complete=False)), "request")
    assert isinstance(bare, Mapping)
    assert "reasonCode" not in bare


def test_a_report_names_the_referral_it_answers() -> None:
    referred = only(messages.referral(1)).keys["referral"]
    assert only(messages.report(2, of=1)).keys["referral"] == referred
    assert only(messages.appointment_booked(3, of=1)).keys["referral"] == referred
    assert only(messages.cancel_referral(4, of=1)).keys["referral"] == referred


@pytest.mark.parametrize(
    ("flag", "urgency"),
    [
        ("HH", Urgency.STAT),
        ("LL", Urgency.STAT),
        ("AA", Urgency.STAT),
        ("HU", Urgency.URGENT),
        ("H", Urgency.ROUTINE),
        ("N", Urgency.ROUTINE),
    ],
)
def test_critical_flags_make_a_result_urgent(flag: str, urgency: Urgency) -> None:
    draft = only(messages.result(1, flag=flag))
    assert draft.urgency is urgency
    assert at(draft, "result", "observation", 0, "interpretation", 0, "coding", 0, "code") == flag


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("P", "preliminary", "result.reported"),
        ("F", "final", "result.reported"),
        ("C", "corrected", "result.corrected"),
        ("X", "cancelled", "result.reported"),
    ],
)
def test_result_statuses_follow_the_standard(status: str, said: str, kind: str) -> None:
    draft = only(messages.result(1, status=status))
    assert (draft.type, at(draft, "result", "status")) == (kind, said)
    assert at(draft, "result", "observation", 0, "status") == said


def test_a_result_is_verified_when_it_was_released_not_when_the_specimen_was_taken() -> None:
    draft = only(messages.critical_result(1))
    assert at(draft, "result", "verified_at") == "2026-11-23T08:00:01Z"
    assert draft.occurred_at == messages.DEFAULT.at(1)
    assert at(draft, "result", "observation", 0, "effectiveDateTime") == "2026-11-23T07:20:01Z"


def test_without_a_release_time_the_analysis_counts_then_the_message() -> None:
    message, _ = parse(messages.critical_result(1))
    assert message is not None
    lines = list(message.lines)
    position = next(at for at, line in enumerate(lines) if line.startswith("OBR"))
    fields = lines[position].split("|")
    fields[22] = ""
    lines[position] = "|".join(fields)
    analysed = build(Message(tuple(lines), message.separators, message.charset))
    moved = analysed.replace(b"20261123080001+0000\r", b"20261123075900+0000\r")
    assert at(only(moved), "result", "verified_at") == "2026-11-23T07:59:00Z"
    plain = moved.replace(b"20261123075900+0000\r", b"\r")
    assert at(only(plain), "result", "verified_at") == "2026-11-23T08:00:01Z"


def test_a_number_and_its_unit_are_a_quantity() -> None:
    draft = only(messages.critical_result(1))
    assert at(draft, "result", "observation", 0, "valueQuantity") == {
        "value": 7.1,
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
    }
    assert at(draft, "result", "observation", 0, "referenceRange", 0, "low", "value") == 3.5


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("S12", "booked"),
        ("S13", "booked"),
        ("S14", "booked"),
        ("S15", "cancelled"),
        ("S17", "entered-in-error"),
        ("S26", "noshow"),
    ],
)
def test_appointment_statuses_follow_the_event(event: str, status: str) -> None:
    draft = only(messages.appointment_event(2, event, booked=1))
    assert at(draft, "appointment", "status") == status
    assert draft.keys["appointment"] == "SCHED|APT0000001"
    assert draft.entity == "appointment"


def test_an_appointment_without_a_patient_is_a_fact_of_the_slot() -> None:
    raw = messages.appointment_booked(1)
    without = b"\r".join(line for line in raw.split(b"\r") if not line.startswith(b"PID"))
    assert only(without).subject is SubjectKind.SLOT


def test_death_is_a_fact_of_its_own() -> None:
    updated, died = drafts(messages.update(1, dead=True))
    assert (updated.type, died.type) == ("patient.updated", "patient.died")
    assert at(died, "patient", "deceasedDateTime") == "2026-11-23T08:00:00Z"
    assert died.identifiers == updated.identifiers


def test_a_merge_names_who_stays_and_who_goes() -> None:
    merge = only(messages.merge(1, survivor=1, retired=2)).merge
    assert merge is not None
    assert [each.value for each in merge.survivor] == ["P0000001"]
    assert [each.value for each in merge.retired] == ["P0000002"]
    assert merge.kind == "merge"


def test_several_merges_in_one_message_are_several_facts() -> None:
    raw = messages.merge(1, survivor=1, retired=2)
    more = raw + b"\r".join(raw.split(b"\r")[2:]).replace(b"P0000002", b"P0000003")
    found = [draft.merge for draft in drafts(more)]
    assert [merge.retired[0].value for merge in found if merge] == ["P0000002", "P0000003"]


def test_an_arrival_names_the_appointment_it_belongs_to() -> None:
    booked = only(messages.appointment_booked(1, of=7)).keys["appointment"]
    assert only(messages.register(9, person=7, appointment=1)).keys["appointment"] == booked
