"""The inbox from a patient's message to its answer: one case for a conversation, one next action (issue 4, l)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.clinical.clinic import NUMBER, Clinic

pytestmark = pytest.mark.postgres
PATHWAY = "inbox-message"
ANSWER = {"answer": "Bring your card, please."}


async def wrote(ward: Clinic, text: str, thread: str = "T1", **said: Any) -> None:
    """A patient writes in the portal."""
    status, _ = await ward.send("portal", thread=thread, subject="A message", text=text, **said)
    assert status == 202


def replies(ward: Clinic) -> list[tuple[str, str]]:
    """The texts that say that a message waits, apart from those that tell milestones."""
    return [each for each in ward.texts() if "You have a message from Northgate Health" in each[1]]


async def test_a_message_is_opened_answered_and_filed_once(ward: Clinic) -> None:
    """To its desk by topic, within twelve hours; the answer reaches the patient's phone content-free and the chart."""
    await wrote(ward, "Where do I send my form", topic="form")
    assert ward.waits(PATHWAY) == ["opening"]
    assert ward.owner("opening") == "inbox-desk"
    assert ward.due("opening") - ward.hand() <= timedelta(hours=12)
    ward.owned()
    arrived = ward.hand()
    await ward.forward(timedelta(hours=2))
    await ward.do(PATHWAY, "open-message", "answered", by="amara.quill", form=ANSWER)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: answered"]
    [(number, words)] = replies(ward)
    assert number == NUMBER
    assert "card" not in words
    [filed] = ward.charted()
    assert "Bring your card" in str(filed)
    [(answered,)] = ward.feed.sql("select min(created_at) from effect where name = 'reply'")
    assert (
        timedelta(hours=2) <= answered - arrived < timedelta(hours=2, minutes=1)
    )  # first response
    assert ward.gateway.doubles == 0


@pytest.mark.requirement("R62")
async def test_duplicates_thanks_and_news_fold_and_questions_do_not(ward: Clinic) -> None:
    """The same again and a thank you: one case. News that asks nothing: none. A question: one of its own."""
    await wrote(ward, "I moved house", topic="administrative")
    await wrote(ward, "I moved house", topic="administrative")
    await wrote(ward, "Thank you!", topic="thanks")
    assert ward.waits(PATHWAY) == ["opening"]
    await wrote(ward, "Thank you all", thread="T2", topic="thanks")
    await wrote(
        ward,
        "For your information: seen at the eye clinic",
        thread="T3",
        topic="fyi",
        sender="practitioner",
    )
    assert ward.waits(PATHWAY) == ["opening"]
    await wrote(ward, "Thanks. When is my next visit", thread="T4", topic="thanks")
    assert ward.waits(PATHWAY) == ["opening", "opening"]
    [(applied,)] = ward.feed.sql(
        "select max(n) from (select count(*) as n from application a join pathway_case c on c.id = a.case_id"
        " where c.pathway = %s group by c.id) t", PATHWAY)  # fmt: skip
    assert applied == 3


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(
    ("said", "state", "owner"),
    [
        ({"topic": "symptom"}, "opening-now", "triage-nurses"),
        ({"topic": "billing", "priority": "urgent"}, "opening-now", "triage-nurses"),
        ({"topic": "medication"}, "opening", "refill-nurses"),
        ({"topic": "appointment"}, "opening", "scheduling-desk"),
        ({"topic": "other"}, "opening", "inbox-desk"),
        ({}, "opening", "inbox-desk"),
    ],
)
async def test_each_message_has_one_pool_and_a_clock(
    ward: Clinic, said: dict[str, str], state: str, owner: str
) -> None:
    """By the topic that its sender chose; what nobody declared goes to a person at the desk."""
    await wrote(ward, "Hello", **said)
    assert ward.waits(PATHWAY) == [state]
    assert ward.owner(state) == owner
    ward.owned()


async def test_words_of_alarm_make_it_urgent_whatever_its_topic(ward: Clinic) -> None:
    """A billing message that gets worse by its words goes to the nurses; nobody opens it, so a clinician has it."""
    await wrote(ward, "A bill", topic="billing")
    assert ward.waits(PATHWAY) == ["opening"]
    await wrote(ward, "And it is getting worse", topic="billing")
    assert ward.waits(PATHWAY) == ["opening-now"]
    await ward.forward(timedelta(minutes=21))
    assert "covering-clinician" in ward.told()
    await ward.forward(timedelta(minutes=10))
    assert ward.waits(PATHWAY) == ["unopened"]
    await ward.forward(timedelta(hours=5))
    assert ward.waits(PATHWAY) == ["unopened"]
    ward.owned()


async def test_the_patient_is_asked_answers_by_text_and_a_clinician_ends_it(ward: Clinic) -> None:
    """Asked, and the ball is the patient's; the reply by text is in the same case; the answer goes out."""
    await wrote(ward, "My blood pressure pill", topic="medication")
    await ward.do(
        PATHWAY, "open-message", "ask-patient", by="dev.okafor", form={"answer": "Which one?"}
    )
    await ward.done()
    assert ward.waits(PATHWAY) == ["asking"]
    await ward.reply(NUMBER, "The white one")
    assert ward.waits(PATHWAY) == ["opening"]
    await ward.do(PATHWAY, "open-message", "needs-clinician", by="dev.okafor")
    await ward.do(PATHWAY, "answer-clinician", "answered", by="gwen.ashby", form=ANSWER)
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: answered"]
    assert len(replies(ward)) == 2


async def test_who_never_answers_or_has_no_channel_is_not_forgotten(ward: Clinic) -> None:
    """No answer in three days: back to the desk. No phone, no mail: the answer goes by phone or letter."""
    await wrote(ward, "Which form", topic="form")
    await ward.do(
        PATHWAY, "open-message", "ask-patient", by="amara.quill", form={"answer": "Which?"}
    )
    await ward.done()
    await ward.forward(timedelta(days=4))
    assert ward.waits(PATHWAY) == ["opening"]
    nowhere = {"numbers": [{"authority": "NORTH", "value": "P0000009"}]}
    await wrote(ward, "Which form", thread="T9", topic="billing", patient=nowhere)
    [(case,)] = ward.feed.sql("select id from pathway_case where pathway = %s and subject = %s", PATHWAY,
                              ward.feed.subject(9))  # fmt: skip
    await ward.do(PATHWAY, "open-message", "answered", by="amara.quill", form=ANSWER, case=case)
    await ward.done()
    assert "by-phone" in ward.waits(PATHWAY)
    await ward.do(PATHWAY, "answer-by-phone", "answered", by="amara.quill", form={"note": "Letter"})
    assert ward.waits(PATHWAY) == ["closed: answered", "opening"]
