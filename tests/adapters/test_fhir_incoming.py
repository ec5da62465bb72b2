"""FHIR resources as facts: the same types, roles and keys as from HL7 v2; no sockets."""

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.connect.fhir.adapter import reader_for
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import envelope, read
from carelane.facts.fact import Draft, Identifier, SubjectKind, Urgency
from carelane.facts.ports import Reading
from carelane.facts.vocabulary import FACTS

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = "2026-11-23T11:00:00.000Z"
LOCAL = Local(authorities={"urn:oid:1.2.3": "HOSP", "urn:orders": "HIS"}, own="EHR")
SUBJECT = {"reference": "Patient/12", "identifier": {"system": "urn:oid:1.2.3", "value": "100001"}}
PLACER = {
    "type": {"coding": [{"code": "PLAC"}]},
    "system": "urn:orders",
    "value": "ORD-1",
}
MR, RI = (
    Identifier(authority="HOSP", value="100001"),
    Identifier(authority="EHR", value="12", type="RI"),
)


def resource(kind: str, **more: Any) -> dict[str, Any]:
    own = {"resourceType": kind, "id": "7", "meta": {"versionId": "2", "lastUpdated": AT}}
    return own | ({"subject": SUBJECT} if kind != "Patient" else {}) | more


def reading(value: Any) -> Reading:
    return read(msgspec.json.encode(value), received_at=NOW, local=LOCAL)[0]


def only(value: Any) -> Draft:
    found = reading(value)
    assert found.outcome == "facts"
    (draft,) = found.drafts
    return draft


REFERRAL = {"category": [{"coding": [{"code": "3457005"}]}]}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (resource("ServiceRequest", status="active", **REFERRAL), "referral.received"),
        (
            resource("ServiceRequest", status="active", code={"text": "Cardiology consult"}),
            "referral.received",
        ),
        (resource("ServiceRequest", status="revoked", **REFERRAL), "referral.cancelled"),
        (resource("ServiceRequest", status="completed", **REFERRAL), "referral.status"),
        (resource("ServiceRequest", status="active", code={"text": "glucose"}), "order.received"),
        (
            resource("ServiceRequest", status="active", category=[{"coding": [{"code": "LAB"}]}]),
            "lab.ordered",
        ),
        (resource("ServiceRequest", status="on-hold"), "order.changed"),
        (resource("ServiceRequest", status="entered-in-error"), "order.cancelled"),
        (resource("DiagnosticReport", status="preliminary"), "result.reported"),
        (resource("DiagnosticReport", status="final"), "result.reported"),
        (resource("DiagnosticReport", status="corrected"), "result.corrected"),
        (resource("DiagnosticReport", status="amended"), "result.corrected"),
        (resource("DiagnosticReport", status="entered-in-error"), "result.corrected"),
        (resource("Observation", status="final"), "result.reported"),
        (resource("Appointment", status="proposed"), "scheduling.requested"),
        (resource("Appointment", status="booked"), "appointment.booked"),
        (resource("Appointment", status="cancelled"), "appointment.cancelled"),
        (resource("Appointment", status="noshow"), "appointment.missed"),
        (resource("Patient"), "patient.updated"),
        (
            resource("Encounter", status="finished", **{"class": {"code": "IMP"}}),
            "patient.discharged",
        ),
        (
            resource("Encounter", status="in-progress", **{"class": {"code": "IMP"}}),
            "patient.admitted",
        ),
        (
            resource("Encounter", status="arrived", **{"class": {"code": "AMB"}}),
            "patient.registered",
        ),
        (
            resource("Encounter", status="finished", **{"class": {"code": "AMB"}}),
            "patient.discharged",
        ),
        (resource("MedicationRequest", status="draft", intent="proposal"), "refill.requested"),
        (resource("Coverage", status="active"), "coverage.reported"),
        (resource("MedicationRequest", status="active"), "medication.ordered"),
        (resource("MedicationRequest", status="stopped"), "medication.cancelled"),
        (resource("DocumentReference", status="current", docStatus="final"), "document.received"),
        (resource("DocumentReference", status="entered-in-error"), "document.cancelled"),
    ],
)
def test_each_resource_and_status_is_one_fact(value: dict[str, Any], expected: str) -> None:
    draft = only(value)
    assert draft.type == expected
    assert draft.occurred_at == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    known = FACTS[draft.type]
    assert set(draft.payload.reveal()) <= set(known.roles)
    assert set(draft.keys) <= set(known.keys)
    assert draft.entity is None or draft.entity in known.entity


@pytest.mark.parametrize(
    "value",
    [
        resource("ServiceRequest", status="draft"),
        resource("DiagnosticReport", status="registered"),
        resource("Encounter", status="planned", **{"class": {"code": "AMB"}}),
        resource("Coverage", status="cancelled"),
        resource("Schedule"),
    ],
)
def test_what_says_nothing_is_no_mapping_and_no_error(value: dict[str, Any]) -> None:
    assert reading(value).outcome == "no mapping"


@pytest.mark.requirement("R25")
def test_a_referral_is_keyed_as_from_hl7() -> None:
    """Keys are authority, bar, value, under the names other feeds use; the patient comes by both identifiers."""
    draft = only(
        resource(
            "ServiceRequest", status="active", priority="urgent", identifier=[PLACER], **REFERRAL
        )
    )
    assert draft.keys == {"placer_order": "HIS|ORD-1", "referral": "HIS|ORD-1"}
    assert draft.entity == "referral"
    assert draft.identifiers == (MR, RI)
    assert draft.urgency is Urgency.URGENT
    assert draft.payload.reveal()["request"]["status"] == "active"  # type: ignore[index,call-overload]  # JSON


def test_a_critical_observation_is_urgent_from_its_verification() -> None:
    """The clock starts when the laboratory released it; preliminary ones count too."""
    value = resource(
        "Observation",
        status="preliminary",
        issued="2026-11-23T11:40:00+01:00",
        basedOn=[{"identifier": PLACER}],
        interpretation=[{"coding": [{"code": "HH"}]}],
    )
    draft = only(value)
    assert draft.urgency is Urgency.STAT
    assert draft.occurred_at == datetime(2026, 11, 23, 10, 40, tzinfo=UTC)
    assert draft.keys["placer_order"] == "HIS|ORD-1"
    result: Any = draft.payload.reveal()["result"]
    assert result["verified_at"] == "2026-11-23T10:40:00Z"
    assert result["observation"][0]["status"] == "preliminary"


def test_a_report_takes_its_observations_along() -> None:
    """One bundle is one fact: the observations it names are part of it, not facts of their own."""
    report = resource(
        "DiagnosticReport", status="final", issued=AT, result=[{"reference": "Observation/o1"}]
    )
    one = {
        "resourceType": "Observation",
        "id": "o1",
        "interpretation": [{"coding": [{"code": "LL"}]}],
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": report}, {"resource": one}]}
    draft = only(bundle)
    assert draft.urgency is Urgency.STAT
    result: Any = draft.payload.reveal()["result"]
    assert [found["id"] for found in result["observation"]] == ["o1"]


def test_entries_refer_to_each_other_by_full_address() -> None:
    """A bundle made elsewhere names its patient by `urn:uuid`; found all the same."""
    report = resource("DiagnosticReport", status="final") | {"subject": {"reference": "urn:uuid:1"}}
    person = {"resourceType": "Patient", "id": "12", "identifier": [SUBJECT["identifier"]]}
    entries = [
        {"fullUrl": "urn:uuid:2", "resource": report},
        {"fullUrl": "urn:uuid:1", "resource": person},
    ]
    draft = only({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert draft.identifiers == (MR, RI)


@pytest.mark.parametrize("kind", ["document", "message", "collection"])
def test_a_bundle_about_its_first_entry_says_one_thing(kind: str) -> None:
    """What supports a request for authorisation is not a new result."""
    entries = [
        {"resource": {"resourceType": "Claim"}},
        {"resource": resource("Observation", status="final")},
    ]
    assert (
        reading({"resourceType": "Bundle", "type": kind, "entry": entries}).outcome == "no mapping"
    )


@pytest.mark.corpus
def test_sample_bundles_are_read_without_a_fault() -> None:
    """Synthetic patients' whole charts: each gives facts, none is held back, and repeated findings are told once."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("CARELANE_CORPUS", beside)) / "synthea"  # noqa: TID251  # a test's own switch
    files = sorted(folder.glob("*/*.json"))
    if not files:
        pytest.skip(
            "the sample charts are not here: set CARELANE_CORPUS to the folder that holds `synthea`"
        )
    outcomes: Counter[str] = Counter()
    for file in files:
        found, problems = read(file.read_bytes(), received_at=NOW, local=LOCAL)
        outcomes[found.outcome] += 1
        assert len(problems) == len({(one.code, one.place) for one in problems})
        assert all(one.identifiers for one in found.drafts)
    assert outcomes["facts"] >= 28
    assert not outcomes["quarantined"]


@pytest.mark.requirement("R91")
@pytest.mark.invariant("I2")
def test_the_same_version_is_the_same_message() -> None:
    """The control id is type, id and version; with company, also the company's versions."""
    alone = resource("DiagnosticReport", status="final")
    assert envelope(msgspec.json.encode(alone)).control_id == "DiagnosticReport/7/2"
    other = {"resourceType": "Observation", "id": "o1", "meta": {"versionId": "1"}}
    newer = other | {"meta": {"versionId": "2"}}
    bundles = [
        {
            "resourceType": "Bundle",
            "entry": [{"resource": alone}, {"resource": one, "search": {"mode": "include"}}],
        }
        for one in (other, newer)
    ]
    ids = [envelope(msgspec.json.encode(one)).control_id for one in bundles]
    assert all(one is not None and one.startswith("DiagnosticReport/7/2+") for one in ids)
    assert ids[0] != ids[1]


def test_a_replaced_patient_is_a_merge() -> None:
    """`replaced-by` retires this patient, `replaces` the other one."""
    other = {
        "reference": "Patient/99",
        "identifier": {"system": "urn:oid:1.2.3", "value": "200002"},
    }
    identifier = [{"system": "urn:oid:1.2.3", "value": "100001"}]
    retired = only(
        resource("Patient", identifier=identifier, link=[{"type": "replaced-by", "other": other}])
    )
    assert retired.type == "patient.merged"
    assert retired.merge is not None
    assert retired.merge.survivor[0].value == "200002"
    assert retired.identifiers == retired.merge.survivor
    survivor = only(
        resource("Patient", identifier=identifier, link=[{"type": "replaces", "other": other}])
    )
    assert survivor.merge is not None
    assert survivor.merge.survivor[0].value == "100001"


def test_a_death_is_a_fact_of_its_own() -> None:
    found = reading(resource("Patient", deceasedDateTime="2026-11-20T04:00:00Z"))
    assert [one.type for one in found.drafts] == ["patient.updated", "patient.died"]
    assert found.drafts[1].occurred_at == datetime(2026, 11, 20, 4, tzinfo=UTC)


def test_without_a_patient_a_person_is_asked_except_for_a_slot() -> None:
    lost = resource("ServiceRequest", status="active")
    del lost["subject"]
    found, problems = read(msgspec.json.encode(lost), received_at=NOW)
    assert found.outcome == "quarantined"
    assert found.drafts == ()
    assert problems[0].code == "fhir.patient-missing"
    block = resource("Appointment", status="booked")
    del block["subject"]
    assert only(block).subject is SubjectKind.SLOT


def test_a_connection_names_its_authorities() -> None:
    reader = reader_for({"authorities": {"urn:oid:1.2.3": "MPI"}, "authority": "EPIC"})
    found, _ = reader(
        msgspec.json.encode(resource("Patient", identifier=[SUBJECT["identifier"]])),
        received_at=NOW,
    )
    assert [one.authority for one in found.drafts[0].identifiers] == ["MPI", "EPIC"]


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe", b"MSH|^~\\&|", b"[]", b"{}", b'{"resourceType":7}']
)
def test_what_is_not_fhir_is_rejected_with_a_remedy(raw: bytes) -> None:
    found, problems = read(raw, received_at=NOW)
    assert found.outcome == "rejected"
    assert problems[0].remedy


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["active", "final", "Patient/1", AT, ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reference", "identifier", "coding", "code", "value", "system", "type", "other"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    [
        "Appointment",
        "Coverage",
        "DiagnosticReport",
        "DocumentReference",
        "Encounter",
        "MedicationRequest",
        "Observation",
        "Patient",
        "ServiceRequest",
        "Bundle",
    ]
)
NAMES = st.sampled_from(
    [
        "status",
        "subject",
        "identifier",
        "meta",
        "link",
        "class",
        "period",
        "result",
        "basedOn",
        "entry",
        "category",
        "participant",
        "context",
        "relatesTo",
        "interpretation",
        "issued",
        "deceasedDateTime",
        "contained",
        "id",
        "intent",
        "payor",
        "beneficiary",
        "insurance",
        "dosageInstruction",
        "timing",
        "repeat",
        "priorPrescription",
        "extension",
    ]
)


@given(KINDS, st.dictionaries(NAMES, JSON, max_size=8))
@settings(max_examples=300)
def test_no_shape_makes_it_raise(kind: str, shape: dict[str, Any]) -> None:
    """Reading never raises on bad bytes, however wrong each element is."""
    found, _ = read(
        msgspec.json.encode({"status": "active", **shape, "resourceType": kind}), received_at=NOW
    )
    assert found.outcome in {"facts", "no mapping", "quarantined"}
