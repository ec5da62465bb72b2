"""Reminders from the EHR's booking to the end: confirmed, moved, cancelled, called, missed and booked again."""

import re
from datetime import timedelta

import pytest

from tests.flows.scheduling.clinic import Clinic
from tests.flows.scheduling.waiting import ACCEPTED, PHONES

pytestmark = pytest.mark.postgres
LINK = re.compile(r"http://\S+/answers/links\?a=[A-Za-z0-9_-]{43}\b")
OK, BAD, GONE, UNKNOWN = 200, 400, 410, 404


def link_in(text: str) -> str:
    """The link of a message."""
    found = LINK.search(text)
    assert found is not None, text
    return found[0]


@pytest.mark.requirement("R34", "R40")
async def test_a_visit_is_confirmed_by_a_link_or_changed_by_a_reply(clinic: Clinic) -> None:
    """A week before, each in their own way: link, text, no phone, high risk; all end with a person or in the record."""
    starts = clinic.hand() + timedelta(days=9)
    for person in (1, 2, 3):
        await clinic.known(person, PHONES[person])
        await clinic.visit(f"V{person}", person, starts)
    await clinic.known(4, "")
    await clinic.visit("V4", 4, starts)  # nobody knows a phone
    await clinic.chart("RiskAssessment", "r3", {
        "status": "final", "subject": {"reference": "Patient/p3"}, "basis": [{"reference": "Appointment/V3",
        "identifier": {"system": "urn:carelane:testing:appointments", "value": "V3"}}],
        "prediction": [{"qualitativeRisk": {"coding": [{"code": "high"}]}}]})  # fmt: skip

    assert [clinic.states("appointment-reminder", n) for n in (1, 2, 3, 4)] == [["waiting"]] * 4

    await clinic.wait(days=2, hours=1)

    assert [clinic.states("appointment-reminder", n) for n in (1, 2, 3, 4)] == [
        ["messaging"], ["messaging"], ["calling"], ["calling"]]  # fmt: skip

    link = link_in(clinic.texts(PHONES[1])[0])
    looked = await clinic.follows(link, language="es-US,en;q=0.5")

    assert looked[0] == OK
    assert '<html lang="es">' in looked[1]
    assert "Voy a venir" in looked[1]
    assert clinic.states("appointment-reminder", 1) == ["messaging"]  # looking does nothing

    assert (await clinic.follows(link, "burn"))[0] == BAD
    assert "We have your answer" in (await clinic.follows(link, "confirm"))[1]
    assert clinic.states("appointment-reminder", 1) == ["confirmed"]
    assert (
        "answered already" in (await clinic.follows(link, "cancel"))[1]
    )  # once, whatever is pressed
    assert clinic.states("appointment-reminder", 1) == ["confirmed"]
    assert (await clinic.follows(f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}", "cancel"))[
        0
    ] == UNKNOWN

    await clinic.replies(PHONES[2], "CANCEL")
    assert clinic.states("appointment-reminder", 2) == ["changing"]
    await clinic.visit("V2", 2, starts, status="cancelled")
    assert clinic.states("appointment-reminder", 2) == ["closed: cancelled"]

    assert await clinic.do("call-before", "confirmed", person=3) == ""
    assert await clinic.do("call-before", "wants-to-move", person=4) == ""
    await clinic.visit("V4", 4, starts + timedelta(days=20))
    assert clinic.states("appointment-reminder", 4) == ["changing"]
    assert await clinic.do("change-visit", "moved", person=4) == ""
    assert clinic.states("appointment-reminder", 4) == ["waiting"]

    await clinic.visit("V1", 1, starts, status="arrived")
    assert clinic.states("appointment-reminder", 1) == ["closed: came"]
    assert len(clinic.texts(PHONES[1])) == 1  # once
    await clinic.wait(days=8)
    assert (await clinic.follows(link))[0] == GONE
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_who_does_not_come_is_booked_again(clinic: Clinic) -> None:
    """Silent to the last reminder, then missed: called, and booked again; a STOP is honoured at once."""
    starts = clinic.hand() + timedelta(days=2)
    for person in (1, 2):
        await clinic.known(person, PHONES[person])
        await clinic.visit(f"V{person}", person, starts)
    await clinic.settle()
    assert clinic.states("appointment-reminder") == ["reminded", "reminded"]

    await clinic.wait(days=1, hours=1)
    assert clinic.states("appointment-reminder") == ["day-before", "day-before"]
    assert len(clinic.texts(PHONES[1])) == 1

    await clinic.replies(PHONES[2], "STOP")
    await clinic.visit("V1", 1, starts, status="noshow")
    await clinic.settle()

    assert clinic.states("appointment-reminder", 1) == ["no-show"]
    assert "missed you" in clinic.texts(PHONES[1])[-1]

    for _ in range(2):
        assert await clinic.do("book-again", "no-answer", person=1) == ""
    assert await clinic.do("book-again", "booked", person=1) == ""
    assert clinic.states("appointment-reminder", 1) == ["closed: rebooked"]

    await clinic.visit("V2", 2, starts, status="noshow")
    await clinic.settle()
    assert clinic.states("appointment-reminder", 2) == ["no-show"]
    assert len(clinic.texts(PHONES[2])) == 1  # nothing after the STOP
    assert [clinic.news(PHONES[person]) for person in (1, 2)] == [1, 1]  # the visit comes up
    clinic.owned()


@pytest.mark.requirement("R34", "R112")
async def test_an_answer_goes_to_what_asked_and_not_to_the_news_after_it(clinic: Clinic) -> None:
    """The reminder asked, then the inbox told that it has a message: YES confirms the visit, STOP is the reminder's."""
    starts = clinic.hand() + timedelta(days=9)
    for person in (1, 2):
        await clinic.known(person, PHONES[person])
        await clinic.visit(f"V{person}", person, starts)
    await clinic.wait(days=2, hours=1)
    for person in (1, 2):
        asked = {"thread": f"T{person}", "subject": "Parking", "text": "Where can I park?"}
        assert await clinic.says("portal", person, **asked) == ACCEPTED
    await clinic.settle()
    assert clinic.states("appointment-reminder") == ["messaging", "messaging"]
    before = [clinic.news(PHONES[person]) for person in (1, 2)]
    assert before == [1, 1]  # we have your message

    await clinic.replies(PHONES[1], "Yes")
    await clinic.replies(PHONES[2], "STOP")
    await clinic.settle()

    assert clinic.states("appointment-reminder") == ["confirmed", "calling"]
    assert clinic.states("inbox-message") == ["opening", "opening"]
    assert [clinic.news(PHONES[person]) for person in (1, 2)] == [
        2,
        1,
    ]  # confirmed; nothing after a STOP
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_one_bad_record_stops_no_batch(clinic: Clinic) -> None:
    """A visit without a time, one without a patient, bytes that are nothing: the others are reminded all the same."""
    starts = clinic.hand() + timedelta(days=9)
    for person in (1, 2):
        await clinic.known(person, PHONES[person])
    await clinic.visit("V1", 1, starts)
    await clinic.chart("Appointment", "V8", {"status": "booked", "participant": []})
    await clinic.visit("V9", 3, starts, start="soon", end="later")
    await clinic.feed.send(b"{not json", connection="ehr")
    await clinic.visit("V2", 2, starts)
    await clinic.wait(days=2, hours=1)

    assert clinic.states("appointment-reminder") == ["messaging", "messaging"]
    assert len(clinic.texts()) == 2  # both who can be reminded
    clinic.owned()


@pytest.mark.requirement("R34")
async def test_what_reaches_a_patient_by_no_message_is_one_task_for_all(clinic: Clinic) -> None:
    """Two last reminders that no address takes: one case names both, and giving them up opens no other one."""
    await clinic.known(2, "")
    for number, hours in (("N1", 120), ("N2", 121)):
        await clinic.visit(number, 2, clinic.hand() + timedelta(hours=hours), service="follow-up")
    await clinic.wait(minutes=5)
    assert clinic.states("appointment-reminder") == ["calling", "calling"]
    for _ in range(2):
        refused = await clinic.do("call-before", "could-not-do", person=2, reason="other")
        assert refused == ""
    await clinic.wait(hours=98)

    ended = [each for each in clinic.effects("appointment-reminder") if each[0] == "remind-late"]
    assert ended == [("remind-late", "withdrawn", "no-address")] * 2
    assert clinic.states("effect-attention") == ["attention"]
    ((numbers,),) = clinic.feed.sql(
        "select jsonb_array_length(state -> 'keys' -> 'effect') from pathway_case"
        " where pathway = 'effect-attention'"
    )
    assert numbers == 2

    form = {"note": "Told by phone."}
    done = await clinic.do("settle-effect", "not-needed", by="jonas.weald", form=form)
    assert done == ""
    await clinic.settle()

    assert clinic.states("effect-attention") == ["closed: not-needed"]
    assert clinic.effects("effect-attention") == [("drop", "done", "")]
    clinic.owned()
