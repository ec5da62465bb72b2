"""Nurse triage from the first message to the closed loop: red flags at once, whatever the channel (issue 4, f)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.clinical.clinic import NUMBER, Clinic

pytestmark = pytest.mark.postgres
PATHWAY = "nurse-triage"
ADVICE = {"advised": "Go now", "disposition": "emergency-now"}
HOME = {"advised": "Rest, call again if worse", "disposition": "home-care"}


def turn(by: str, text: str) -> dict[str, str]:
    """One thing said in a chat."""
    return {"by": by, "at": "2026-03-02T14:00:00Z", "text": text}


def reading(value: float, **limits: float) -> dict[str, Any]:
    """A systolic pressure."""
    return {"code": "8480-6", "value": value, "unit": "mm[Hg]", "at": "2026-03-02T14:00:00Z", **limits}  # fmt: skip


@pytest.mark.requirement("R45")
async def test_chest_pain_by_web_form_is_reviewed_at_once_and_followed_to_the_end(
    ward: Clinic,
) -> None:
    """Instructions in the form's own answer, urgent review, help by levels, disposition, seen, charted, closed."""
    status, told = await ward.send(
        "web-form", kind="symptoms", request="RQ-1", reasons=["chest-pain"], text="Since an hour."
    )
    assert status == 202
    assert told["emergency"] is True
    assert "call 911 now" in told["instructions"]
    assert ward.waits(PATHWAY) == ["red-flag"]
    assert ward.owner("red-flag") == "urgent-triage"
    assert ward.due("red-flag") - ward.hand() <= timedelta(minutes=15)
    ward.owned()
    await ward.settle()
    [(number, words)] = ward.texts()
    assert number == NUMBER
    assert "call 911 now" in words
    await ward.forward(timedelta(minutes=6))
    assert ward.told() == ["urgent-triage", "covering-clinician"]
    await ward.do(PATHWAY, "red-flag-call", "disposition", by="dev.okafor", form=ADVICE)
    await ward.done()
    assert ward.waits(PATHWAY) == ["back-soon"]
    seen = {"advised": "Is at the emergency department"}
    await ward.do(PATHWAY, "check-back", "seen", by="edda.voss", form=seen)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: advised"]
    assert len(ward.charted()) == 2
    assert sum("call 911" in said for _, said in ward.texts()) == 1


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("chat", {"kind": "symptoms", "thread": "T1",
                  "turns": [turn("assistant", "How are you?"), turn("patient", "I have CHEST  pain")]}),
        ("chat", {"thread": "T1", "turns": [turn("patient", "me duele: dolor de pecho")]}),
        ("portal", {"thread": "T1", "subject": "Bill", "text": "Also I cannot breathe", "topic": "billing"}),
        ("portal", {"thread": "T1", "subject": "Refill", "text": "I passed out", "kind": "refill"}),
        ("web-form", {"kind": "appointment", "answers": [{"question": "chest-pain", "value": True}]}),
        ("web-form", {"kind": "symptoms", "reasons": ["cough", "Chest pain"]}),
        ("web-form", {"kind": "questionnaire", "appointment": {"authority": "SCHED", "value": "APT1"},
                      "answers": [{"question": "breathing-difficulty", "value": True}]}),
    ],
)  # fmt: skip
async def test_a_red_flag_is_seen_by_every_channel_and_in_whatever_was_asked(
    ward: Clinic, channel: str, said: dict[str, Any]
) -> None:
    """Words, reasons and answered questions; the patient reads what to do in the answer."""
    status, told = await ward.send(channel, **said)
    assert (status, told["emergency"]) == (202, True)
    assert ward.waits(PATHWAY) == ["red-flag"]
    ward.owned()


async def test_what_only_the_assistant_asked_is_no_red_flag_and_instructions_speak_spanish(
    ward: Clinic,
) -> None:
    """A chat bot that asks about chest pain raises nothing; a patient is told in the language that was named."""
    asked = [turn("assistant", "Do you have chest pain?"), turn("patient", "No, a rash")]
    status, told = await ward.send("chat", kind="symptoms", thread="T1", turns=asked)
    assert (status, "emergency" in told) == (202, False)
    assert ward.waits(PATHWAY) == ["assess-soon"]
    spoken = {"numbers": [{"authority": "NORTH", "value": "P0000002"}], "language": "es-MX"}
    _, told = await ward.send("web-form", patient=spoken, kind="symptoms", text="dolor de pecho")
    assert "llame al 911" in told["instructions"]


async def test_no_rule_leads_a_red_flag_down_and_a_licensed_disposition_may(ward: Clinic) -> None:
    """Lighter news, a withdrawal and time leave it red; a nurse's recorded word lowers it and ends it."""
    await ward.send("web-form", kind="symptoms", request="RQ-1", reasons=["chest-pain"])
    await ward.send("call-centre", kind="symptoms", request="RQ-1", reasons=["cough"],
                    priority="routine", note="Only a cough after all.", agent="bo.tarrant")  # fmt: skip
    await ward.send("web-form", kind="symptoms", request="RQ-1", withdrawn=True)
    assert ward.waits(PATHWAY) == ["red-flag"]
    await ward.forward(timedelta(minutes=16))
    assert ward.waits(PATHWAY) == ["red-flag-on-call"]
    urgency = "select urgency from pathway_case where pathway = %s"
    assert ward.feed.sql(urgency, PATHWAY) == [(3,)]
    await ward.do(PATHWAY, "red-flag-call", "disposition", by="gwen.ashby",
                  form={**HOME, "urgency": "routine"})  # fmt: skip
    assert ward.feed.sql(urgency, PATHWAY) == [(0,)]
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: advised"]


@pytest.mark.requirement("R45")
async def test_new_data_is_triaged_again(ward: Clinic) -> None:
    """A rash that becomes a swelling throat: the same case, from the hour's pool to the quarter hour's at once."""
    await ward.send("web-form", kind="symptoms", request="RQ-1", reasons=["rash"])
    assert ward.waits(PATHWAY) == ["assess"]
    _, told = await ward.send("chat", kind="symptoms", request="RQ-1", thread="T9",
                              turns=[turn("patient", "Now my throat is closing")])  # fmt: skip
    assert told["emergency"] is True
    assert ward.waits(PATHWAY) == ["red-flag"]


@pytest.mark.requirement("R54")
async def test_a_reading_beyond_the_patients_limit_is_acknowledged_by_a_nurse(ward: Clinic) -> None:
    """Within: nothing. Beyond: an alert, levels until somebody acts, then the disposition; a second one joins it."""
    await ward.send("device", device="cuff-7", readings=[reading(150, high=160)])
    await ward.send("device", device="cuff-7", readings=[reading(181)])
    assert ward.waits(PATHWAY) == []
    await ward.send("device", device="cuff-7", readings=[reading(181, high=160)])
    assert ward.waits(PATHWAY) == ["red-flag"]
    await ward.send("device", device="cuff-7", readings=[reading(150, high=160), reading(190, high=160)])  # fmt: skip
    assert ward.waits(PATHWAY) == ["red-flag"]
    for minutes in (6, 6, 6, 11):
        await ward.forward(timedelta(minutes=minutes))
        await ward.settle()
    assert ward.waits(PATHWAY) == ["red-flag-on-call"]
    assert {"urgent-triage", "covering-clinician", "physician-on-call"} <= set(ward.told())
    alerts = [state for name, state in ward.wanted(PATHWAY) if name == "alert"]
    assert alerts
    assert set(alerts) <= {"done", "withdrawn"}
    await ward.do(PATHWAY, "red-flag-call", "disposition", by="gwen.ashby", form=HOME)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: advised"]


async def test_a_reply_to_any_text_of_ours_is_read_for_red_flags(ward: Clinic) -> None:
    """A patient answers a text with an emergency: the case that asked hears it, and a nurse at once."""
    await ward.visit(1, 1, mobile="555-555-0101")
    await ward.settle()
    await ward.reply(NUMBER, "I can't come, I can't breathe")
    assert ward.waits(PATHWAY) == ["red-flag"]


@pytest.mark.requirement("R45")
async def test_at_night_the_instructions_still_go_and_a_silent_patient_is_never_dropped(
    ward: Clinic,
) -> None:
    """No quiet hours for an emergency; nobody answers three times, so a clinician decides, and it goes on."""
    ward.hand.at = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)  # 2 in the morning
    await ward.send("web-form", kind="symptoms", request="RQ-1", reasons=["chest-pain"])
    await ward.settle()
    assert len(ward.texts()) == 1
    await ward.do(PATHWAY, "red-flag-call", "no-answer", by="dev.okafor")
    await ward.do(PATHWAY, "red-flag-call", "no-answer", by="gwen.ashby")
    for _ in range(2):
        await ward.do(PATHWAY, "decide-unreached", "try-again", by="gwen.ashby")
    assert ward.waits(PATHWAY) == ["unreached"]
    ward.owned()
    await ward.forward(timedelta(minutes=31))
    assert ward.waits(PATHWAY) == ["red-flag-on-call"]
    ward.owned()
