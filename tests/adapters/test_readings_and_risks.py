"""Readings beside the limits that came with them, and risks as a sender states them, from every way in; no sockets."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from carelane.connect.channel.adapter import reader_for as channel_reader
from carelane.connect.fhir.adapter import reader_for as fhir_reader
from carelane.connect.hl7v2.adapter import reader_of as hl7v2_reader
from carelane.facts.fact import Draft
from carelane.facts.limits import limit_of
from carelane.testing import messages

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT = "2026-11-23T11:00:00Z"
DEVICE = "MSH|^~\\&|HUB|HOME|CARELANE|SITE|20261123110000+0000||ORU^R01|7|P|2.6|||||||||{}\r"
PID = "PID|1||P0000001^^^NORTH^MR\r"
OBX = "OBX|{}|NM|150021^MDC_PRESS_BLD_NONINV_SYS^MDC|1.0.1|{}|mm[Hg]|{}||||R|||20261123105900+0000||||{}\r"
PCD = "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO"
STAY = "MSH|^~\\&|HIS|NORTH|CARELANE|SITE|20261123110000+0000||ADT^{0}|8|P|2.5.1\rEVN|{0}|20261123110000\r"
VISIT = "PV1|1|I|||||||||||||||||V1^^^NORTH\r"


def hl7(text: str, **settings: Any) -> list[Draft]:
    """The drafts of an HL7 v2 message."""
    reading, _ = hl7v2_reader(settings)(text.encode(), received_at=NOW)
    return list(reading.drafts)


def fhir(**resource: Any) -> list[Draft]:
    """The drafts of a FHIR resource of a patient."""
    subject = {"identifier": {"system": "NORTH", "value": "P0000001"}}
    raw = msgspec.json.encode({"id": "7", "subject": subject, **resource})
    reading, _ = fhir_reader({})(raw, received_at=NOW)
    return list(reading.drafts)


def limits(drafts: list[Draft]) -> list[Any]:
    """What each reading says of its limit."""
    assert {each.type for each in drafts} <= {"reading.received"}
    return [each.payload.reveal()["reading"].get("limit") for each in drafts]  # type: ignore[union-attr]  # a reading is an object


@pytest.mark.parametrize(
    ("value", "low", "high", "limit"),
    [
        (181, None, 160, "beyond"),
        (160, None, 160, "within"),
        (49, 50, 120, "beyond"),
        (80, 50, 120, "within"),
        (80, None, None, None),
        (None, 50, 120, None),
    ],
)
def test_a_value_is_compared_with_what_was_approved_and_with_nothing_else(
    value: float | None, low: float | None, high: float | None, limit: str | None
) -> None:
    """The limit itself is within; without limits nothing is said."""
    assert limit_of(value, low, high) == limit


def test_a_device_that_speaks_hl7_v2_sends_readings_not_results() -> None:
    """IHE PCD-01: one reading for each number, limits in OBX-7, the device in OBX-18; else a result as before."""
    body = PID + "OBR|1\r" + OBX.format(1, 181, "90-160", "CUFF7") + OBX.format(2, 88, "", "CUFF7")
    drafts = hl7(DEVICE.format(PCD) + body)
    assert limits(drafts) == ["beyond", None]
    assert {each.keys["device"] for each in drafts} == {"CUFF7"}
    assert drafts[0].occurred_at == datetime(2026, 11, 23, 10, 59, tzinfo=UTC)
    assert [each.type for each in hl7(DEVICE.format("") + body)] == ["result.reported"]


@pytest.mark.parametrize(
    ("ranges", "limit"),
    [
        ([{"high": {"value": 160}}], "beyond"),
        ([{"high": {"value": 120}}, {"type": {"coding": [{"code": "treatment"}]}, "high": {"value": 200}}], "within"),
        ([{"high": {"value": 120}}, {"high": {"value": 200}}], None),
        ([], None),
    ],
)  # fmt: skip
def test_an_observation_of_a_device_is_a_reading(ranges: list[Any], limit: str | None) -> None:
    """The range of meaning `treatment`, else the only one; several without a meaning are nobody's limit."""
    vital = [{"coding": [{"code": "vital-signs"}]}]
    said: dict[str, Any] = {
        "resourceType": "Observation", "status": "final", "category": vital, "effectiveDateTime": AT,
        "device": {"identifier": {"value": "CUFF7"}}, "valueQuantity": {"value": 181}, "referenceRange": ranges,
    }  # fmt: skip
    drafts = fhir(**said)
    assert limits(drafts) == [limit]
    assert drafts[0].keys == {"device": "CUFF7"}
    assert [each.type for each in fhir(**{**said, "device": None})] == ["result.reported"]
    assert fhir(**{**said, "status": "preliminary"}) == []


PRESSURE = {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}
MMHG = {"unit": "mmHg", "code": "mm[Hg]"}


def goal(
    detail: dict[str, Any], *, of: str = "Patient/1", status: str = "active", **target: Any
) -> dict[str, Any]:
    """A goal about the pressure of a patient."""
    return {"resourceType": "Goal", "id": "g1", "lifecycleStatus": status, "subject": {"reference": of},
            "target": [{"measure": PRESSURE, **detail, **target}]}  # fmt: skip


def below(value: float, **more: Any) -> dict[str, Any]:
    return {"detailQuantity": {"value": value, "comparator": "<", **MMHG, **more}}


@pytest.mark.parametrize(
    ("goals", "ranges", "limit"),
    [
        ([goal(below(140))], [], "beyond"),
        ([goal(below(200))], [], "within"),
        ([goal({"detailRange": {"low": {"value": 90}, "high": {"value": 150, **MMHG}}})], [], "beyond"),
        ([goal({"detailRange": {"low": {"value": 190}}})], [], "beyond"),
        ([goal(below(300)), {**goal(below(140)), "id": "g2"}], [], "beyond"),
        ([goal(below(140))], [{"high": {"value": 200}}], "beyond"),
        ([goal(below(140))], [{"type": {"coding": [{"code": "treatment"}]}, "high": {"value": 200}}], "within"),
        ([goal({"detailQuantity": {"value": 120, **MMHG}})], [], None),
        ([goal({"detailString": "lower"})], [{"high": {"value": 160}}], "beyond"),
        ([goal(below(18, unit="kPa", code="kPa"))], [], None),
        ([goal(below(140), status="proposed")], [], None),
        ([goal(below(140), of="Patient/2")], [], None),
        ([goal(below(140), measure={"coding": [{"code": "8867-4"}]})], [], None),
    ],
)  # fmt: skip
def test_a_goal_is_a_limit_where_it_is_about_the_same(
    goals: list[Any], ranges: list[Any], limit: str | None
) -> None:
    """In force, of this patient, this code and unit; after what came approved with the reading, before the rest."""
    reading: dict[str, Any] = {
        "resourceType": "Observation", "id": "7", "status": "final", "effectiveDateTime": AT, "code": PRESSURE,
        "category": [{"coding": [{"code": "vital-signs"}]}], "device": {"identifier": {"value": "CUFF7"}},
        "subject": {"reference": "Patient/1", "identifier": {"system": "NORTH", "value": "P0000001"}},
        "valueQuantity": {"value": 181, **MMHG}, "referenceRange": ranges,
    }  # fmt: skip
    entries = [{"resource": one} for one in (reading, *goals)]
    raw = msgspec.json.encode({"resourceType": "Bundle", "type": "collection", "entry": entries})
    found, _ = fhir_reader({})(raw, received_at=NOW)
    assert limits(list(found.drafts)) == [limit]


def risk_of(draft: Draft) -> Any:
    """The stated risk."""
    encounter: Any = draft.payload.reveal()["encounter"]
    return encounter.get("followUpRisk", {}).get("coding", [{}])[0].get("code")


@pytest.mark.parametrize(
    ("observation", "risk"),
    [
        ("OBX|1|CWE|READMISSION-RISK^Risk^L||high^High^L||||||F\r", "high"),
        ("OBX|1|ST|X^Y^L^READMISSION-RISK^Risk^L||moderate||||||F\r", "moderate"),
        ("OBX|1|ST|LACE^Index^L||14||||||F\r", None),
        ("", None),
    ],
)
def test_a_discharge_says_its_risk_in_an_obx(observation: str, risk: str | None) -> None:
    """A code of the connection's `risk_codes`; with another ADT it is a fact of its own."""
    [discharged] = hl7(STAY.format("A03") + PID + VISIT + observation)
    assert (discharged.type, risk_of(discharged)) == ("patient.discharged", risk)
    others = [each.type for each in hl7(STAY.format("A08") + PID + VISIT + observation)]
    assert others == ["patient.updated", *(["risk.assessed"] if risk else [])]


def test_the_site_says_which_code_is_its_risk() -> None:
    """`risk_codes` of the connection stand instead of the usual ones."""
    text = STAY.format("A03") + PID + VISIT + "OBX|1|ST|LACE^Index^L||high||||||F\r"
    assert risk_of(hl7(text, risk_codes=["lace"])[0]) == "high"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"code": {"coding": [{"code": "readmission-risk"}]}}, ["high"]),
        ({"status": "preliminary", "code": {"coding": [{"code": "readmission-risk"}]}}, []),
        ({"code": {"coding": [{"code": "heart-disease"}]}}, []),
    ],
)
def test_a_risk_assessment_says_how_soon_a_visit_is_wanted(more: Any, found: list[str]) -> None:
    """Only a final one, only of the codes that the connection knows; the level is taken as it is."""
    high = {"qualitativeRisk": {"coding": [{"code": "high"}]}}
    said = {"resourceType": "RiskAssessment", "status": "final", "prediction": [high],
            "encounter": {"identifier": {"system": "NORTH", "value": "V1"}}}  # fmt: skip
    drafts = fhir(**{**said, **more})
    assert [(each.type, risk_of(each)) for each in drafts] == [
        ("risk.assessed", one) for one in found
    ]
    assert all(each.keys == {"encounter": "NORTH|V1"} for each in drafts)


def test_an_appointment_says_its_no_show_risk_in_an_obx() -> None:
    """As a scheduling system states it; a connection may name another code."""
    said = messages.appointment_booked(1)
    risky = said.replace(b"RGS", b"OBX|1|CWE|NO-SHOW-RISK^Risk^L||high^High^L||||||F\rRGS", 1)
    for raw, level in ((said, None), (risky, "high")):
        [draft] = hl7(raw.decode())
        appointment: Any = draft.payload.reveal()["appointment"]
        found = appointment.get("noShowRisk", {}).get("coding", [{}])[0].get("code")
        assert found == level
    assert "noShowRisk" not in str(hl7(risky.decode(), no_show_codes=["X"])[0].payload.reveal())


def said_by(channel: str, **said: Any) -> Any:
    """The payload of the one fact that a channel's message makes."""
    plain = {"id": "1", "sent_at": AT, "patient": {}}
    raw = msgspec.json.encode({**plain, **said})
    reading, _ = channel_reader({"channel": channel}, source=channel)(raw, received_at=NOW)
    [draft] = reading.drafts
    return {"type": draft.type, "keys": draft.keys, **draft.payload.reveal()}


def test_a_form_says_the_patients_words_reasons_and_answers() -> None:
    """Reasons are codes as they stand, questions answered with yes too; words are kept apart from the assistant's."""
    said = said_by("web-form", kind="symptoms", reasons=["cough"], text="It hurts.",
                   answers=[{"question": "chest-pain", "value": True},
                            {"question": "fever", "value": False}])  # fmt: skip
    for complaints in (said["request"]["reasonCode"], said["intake"]["complaint"]):
        codes = [coding["code"] for one in complaints for coding in one["coding"]]
        assert codes == ["cough", "chest-pain"]
    assert said["intake"]["said"] == ["It hurts.", "cough"]
    turns = [
        {"by": "assistant", "at": AT, "text": "Any pain?"},
        {"by": "patient", "at": AT, "text": "None"},
    ]
    asked = said_by(
        "chat", thread="T", turns=turns, topic="symptom", sender="proxy", priority="urgent"
    )
    assert asked["communication"]["said"] == ["None"]
    assert asked["communication"]["senderRole"] == "proxy"
    assert asked["communication"]["priority"] == "urgent"
    assert asked["communication"]["category"] == [{"coding": [{"code": "symptom"}]}]
    assert asked["keys"] == {"thread": "T", "message": "chat|1"}


def test_a_request_is_taken_back_by_its_number() -> None:
    """Without a number nobody would know which."""
    assert (
        said_by("web-form", kind="callback", request="R", withdrawn=True)["type"]
        == "request.withdrawn"
    )
    assert said_by("web-form", kind="callback", withdrawn=True)["type"] == "request.received"


def test_a_questionnaire_belongs_to_its_appointment() -> None:
    """Finished, or saved to go on with; the answers stand beside."""
    visit = {"authority": "sched", "value": "APT1"}
    answers = [{"question": "fasting", "value": True}]
    for complete, status in ((True, "completed"), (False, "in-progress")):
        said = said_by(
            "web-form", kind="questionnaire", appointment=visit, complete=complete, answers=answers
        )
        assert said["type"] == "preparation.answered"
        assert said["keys"] == {"appointment": "SCHED|APT1", "message": "web-form|1"}
        assert said["preparation"]["status"] == status
        assert said["answers"] == {"fasting": True}


def test_a_request_says_what_visit_and_when() -> None:
    """As a visit type and a window that calls and offers keep to."""
    said = said_by(
        "web-form", kind="appointment", visit="telehealth", wanted_by="2026-11-24T17:00:00-05:00"
    )
    assert said["request"]["visitType"] == {"coding": [{"code": "telehealth"}]}
    assert said["request"]["occurrencePeriod"] == {"end": "2026-11-24T22:00:00+00:00"}
