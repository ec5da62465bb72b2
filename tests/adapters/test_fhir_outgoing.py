"""Intents as FHIR resources, and the allow-list of writes; no sockets."""

from typing import Any

import pytest

from carelane.connect.fhir.adapter import profile_of, register
from carelane.connect.fhir.codec import EFFECT_SYSTEM, identifiers
from carelane.connect.fhir.mapping.outgoing import RESOURCES, Amend, Create, Unfit, from_intent
from carelane.connect.fhir.mapping.permits import FIELDS, NEVER, refusal
from carelane.connect.fhir.sender import Profile, capabilities_of, stated
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, EffectClass, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.replacing import replace

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": "HOSP", "value": "100001"}],
}


def intent(capability: str, content: dict[str, Any] | None = None, **references: str) -> Intent:
    return Intent(
        id=name_id("effect"),
        case=name_id("case"),
        step=None,
        name="tell-the-ehr",
        capability=capability,
        audience=Audience.RECORD,
        if_unknown=IfUnknown.ASK,
        content=Phi({"patient": PATIENT} if content is None else content, "content"),
        urgency=3,
        references=references,
    )


def created(
    capability: str, content: dict[str, Any] | None = None, **references: str
) -> dict[str, Any]:
    write = from_intent(intent(capability, content, **references))
    assert isinstance(write, Create)
    return write.resource


FULL: dict[str, Any] = {
    "patient": PATIENT,
    "request": {"id": "s1"},
    "result": {"id": "r1"},
    "text": "read back",
    "values": {"status": "accepted"},
}


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("capability", sorted(RESOURCES))
def test_every_write_carries_our_identifier_and_only_listed_fields(capability: str) -> None:
    """The effect's id is the business key the EHR sees; nothing leaves that the allow-list doesn't name."""
    write = from_intent(intent(capability, FULL, slot="Slot/slot1", appointment="Appointment/a1"))
    if isinstance(write, Create):
        assert identifiers(write.resource) == (str(name_id("effect")),)
        assert write.resource["identifier"][0]["system"] == EFFECT_SYSTEM
        assert refusal(write.resource, FIELDS) == ""
    else:
        assert isinstance(write, Amend)
        assert refusal({"resourceType": write.kind, **write.changes}, FIELDS) == ""


@pytest.mark.requirement("R36")
def test_scheduling_is_asked_for_and_never_set_up() -> None:
    """An appointment in a slot that is there, and the slot's status: no template, calendar or visit type of the EHR."""
    named = {"slot": "Slot/slot1", "appointment": "Appointment/a1"}
    written = {
        capability: from_intent(intent(capability, FULL, **named))
        for capability in RESOURCES
        if capability.startswith(("ehr.appointment.", "ehr.slot."))
    }
    booked = written.pop("ehr.appointment.book")
    assert isinstance(booked, Create)
    assert booked.resource["slot"] == [{"reference": "Slot/slot1"}]
    for write in written.values():
        assert isinstance(write, Amend)
        assert set(write.changes) <= {"status", "cancelationReason"}
    for kind in (
        "Schedule",
        "HealthcareService",
        "PractitionerRole",
        "Location",
        "ActivityDefinition",
    ):
        assert refusal({"resourceType": kind}, FIELDS)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("accepted", "accepted"),
        ("declined", "rejected"),
        ("redirected", "rejected"),
        ("incomplete", "on-hold"),
        ("closed", "completed"),
        ("in-triage", "in-progress"),
    ],
)
def test_pathway_statuses_become_task_statuses(wanted: str, status: str) -> None:
    """The code of the pathway stays readable as businessStatus."""
    task = created("ehr.referral.update", {"values": {"status": wanted}})
    assert task["status"] == status
    assert task["businessStatus"]["coding"][0]["code"] == wanted
    assert task["priority"] == "stat"


@pytest.mark.parametrize(
    "content",
    [
        {"patient": PATIENT, "request": {"identifier": [{"system": "HIS", "value": "R1"}]}},
        {
            "fields": {
                "patient": PATIENT["identifier"],
                "request_identifier": {"system": "HIS", "value": "R1"},
            }
        },
    ],
)
def test_roles_are_found_as_resources_or_among_the_fields(content: dict[str, Any]) -> None:
    task = created("ehr.referral.update", content)
    assert task["for"]["identifier"] == {"system": "HOSP", "value": "100001"}
    assert task["focus"]["identifier"] == {"system": "HIS", "value": "R1"}


def test_a_record_tells_declared_fields_in_words() -> None:
    """Text, yes or no, and the text of a concept; identifiers stay in the references."""
    content = {
        "values": {"status": "completed"},
        "fields": {
            "patient_identifier": PATIENT["identifier"][0],
            "result_identifier": [{"system": "LAB", "value": "F1"}],
            "result_name": {"text": "potassium", "coding": [{"code": "2823-3"}]},
            "read_back": True,
        },
    }
    record = created("ehr.communication", content)
    assert record["payload"] == [
        {"contentString": "status: completed; result_name: potassium; read_back: yes"}
    ]
    assert record["about"][0]["identifier"] == {"system": "LAB", "value": "F1"}
    assert record["subject"]["identifier"]["value"] == "100001"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("no-capacity", {"coding": [{"system": "urn:carelane:outcome", "code": "no-capacity"}]}),
        ("Not our specialty", {"text": "Not our specialty"}),
    ],
)
def test_a_reason_is_a_code_or_a_text(reason: str, expected: dict[str, Any]) -> None:
    task = created("ehr.referral.update", {"fields": {"decline_reason": reason}})
    assert task["statusReason"] == expected


def test_a_compensation_finds_what_it_undoes_by_the_effect() -> None:
    """Cancelling what we booked: the appointment that carries the booking's id."""
    booked = name_id("booking")
    write = from_intent(replace(intent("ehr.appointment.cancel", {}), compensates=booked))
    assert isinstance(write, Amend)
    assert write.search == f"{EFFECT_SYSTEM}|{booked}"


def test_a_letter_says_nothing_clinical_unless_a_template_does() -> None:
    letter = created("patient.letter", {"patient": PATIENT, "form": {"note": "potassium"}})
    assert "potassium" not in str(letter["payload"])
    assert letter["recipient"] == [letter["subject"]]


def test_an_alert_names_its_level_of_the_escalation() -> None:
    alert = created("staff.alert", FULL, to="physician-on-call", level="2")
    assert alert["recipient"][0]["display"] == "physician-on-call"


@pytest.mark.parametrize(
    ("capability", "content", "cause"),
    [
        ("ehr.appointment.book", {"patient": PATIENT}, "missing-slot"),
        ("ehr.appointment.book", {"form": {"slot": "Slot/1"}}, "missing-patient"),
        ("ehr.appointment.cancel", {}, "missing-appointment"),
        ("ehr.slot.hold", {"slot": {"resourceType": "Slot"}}, "missing-slot"),
        ("ehr.slot.hold", {"form": {"slot": "Task/1"}}, "wrong-slot"),
        ("ehr.document", {"patient": PATIENT}, "missing-text"),
        ("patient.letter", {}, "missing-patient"),
        ("ehr.observation", {}, "capability-unknown"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_cause(
    capability: str, content: dict[str, Any], cause: str
) -> None:
    assert from_intent(intent(capability, content)) == Unfit(cause=cause)


@pytest.mark.invariant("I20")
@pytest.mark.requirement("R8")
@pytest.mark.parametrize("kind", sorted(NEVER))
def test_clinical_facts_never_leave_whatever_the_list_says(kind: str) -> None:
    """Observations, conditions, orders: the EHR is the system of record."""
    generous = {**FIELDS, kind: frozenset({"status"})}
    assert refusal({"resourceType": kind, "status": "final"}, generous) == "write-resource-never"


@pytest.mark.requirement("R8")
@pytest.mark.parametrize(
    ("resource", "cause"),
    [
        ({"resourceType": "DocumentReference", "docStatus": "final"}, "write-signed-note"),
        ({"resourceType": "DocumentReference", "authenticator": {}}, "write-signed-note"),
        ({"resourceType": "ServiceRequest"}, "write-resource-not-allowed"),
        ({"resourceType": "Task", "note": []}, "write-field-not-allowed"),
        ({"resourceType": "Task", "id": "1", "meta": {}, "status": "ready"}, ""),
    ],
)
def test_writes_pass_an_allow_list(resource: dict[str, Any], cause: str) -> None:
    assert refusal(resource, FIELDS) == cause


def test_a_site_can_only_narrow_the_allow_list() -> None:
    """A field or a resource that we never write can't be added by settings."""
    writes = {"Task": "*", "Appointment": ["status", "comment"], "Observation": "*"}
    profile = profile_of({"writes": writes})
    assert profile.writes["Task"] == FIELDS["Task"]
    assert profile.writes["Appointment"] == frozenset({"status"})
    assert "ehr.communication" not in capabilities_of(profile)
    assert all(one.resource not in NEVER for one in capabilities_of(profile).values())


@pytest.mark.requirement("R89")
def test_classes_follow_the_server() -> None:
    """Keyed only where the server takes our id; a change of its own resource is looked up by search."""
    keyed = capabilities_of(Profile(update_as_create=True))
    searched = capabilities_of(Profile(update_as_create=False, horizon_s=45))
    assert keyed["ehr.communication"].effect_class is EffectClass.KEYED
    assert keyed["ehr.slot.hold"].effect_class is EffectClass.SEARCHABLE
    assert searched["ehr.communication"].effect_class is EffectClass.SEARCHABLE
    assert searched["ehr.communication"].horizon_s == 45


@pytest.mark.requirement("R89")
@pytest.mark.parametrize(("updates", "keyed"), [((True, True), True), ((True, False), False)])
def test_a_statement_can_only_narrow_the_settings(updates: tuple[bool, ...], keyed: bool) -> None:  # noqa: FBT001  # a table's cell
    """Keyed needs both: the site's word and the server's, for every resource that we write."""
    resources = [
        {"type": kind, "updateCreate": can, "conditionalCreate": True}
        for kind, can in zip(("Task", "Slot"), updates, strict=True)
    ]
    statement = {"resourceType": "CapabilityStatement", "rest": [{"resource": resources}]}
    assert stated(statement, Profile(update_as_create=True)).update_as_create is keyed
    assert not stated(statement, Profile(update_as_create=False)).update_as_create


def test_registration_names_settings_and_capabilities() -> None:
    kind = register()
    assert kind.name == "fhir"
    assert {one.name for one in kind.capabilities} == set(RESOURCES)
