"""Milestones are told to the patient as they come: once each, without what is the matter unless agreed (issue 4, n)."""

from datetime import timedelta

import pytest

from carelane.compose.people import viewer_of
from carelane.testing.message_parts import Origin
from carelane.testing.messages import register
from carelane.worklist import acting
from tests.flows.clinical.clinic import MOBILE, NUMBER, Clinic
from tests.flows.clinical.test_orders import answer, ordered, visit
from tests.flows.messages.texting import with_contacts

pytestmark = pytest.mark.postgres
PATHWAY = "order-tracking"
NEWS = "There is news for you from Northgate Health."


async def known(ward: Clinic, **contacts: str) -> None:
    """Patient 1 is registered with these contacts."""
    raw = register(90, person=1, origin=Origin(start=ward.hand()))
    await ward.feed.send(with_contacts(raw, **contacts))


def told(ward: Clinic) -> list[str]:
    """What became of the milestones' messages."""
    rows = ward.feed.sql(
        "select state, cause, step from effect where name = 'tell-milestone' order by created_at, id"
    )
    assert {step for _, _, step in rows} <= {None}
    return [f"{state} {cause}".strip() for state, cause, _ in rows]


@pytest.mark.requirement("R112")
async def test_each_milestone_is_told_once_and_says_nothing_of_what_is_the_matter(
    ward: Clinic,
) -> None:
    """Ordered, booked, booked anew, evaluated, reported: one text each; the same milestone again is not told again."""
    await known(ward, mobile=MOBILE)
    await ward.feed.send(with_contacts(ordered(ward, 1, "RAD"), mobile=MOBILE))
    await ward.done()
    assert ward.texts() == [(NUMBER, ward.texts()[0][1])]
    assert ward.texts()[0][1].startswith(NEWS)
    await ward.feed.send(with_contacts(visit(ward, 5, of=1), mobile=MOBILE))
    await ward.done()
    await ward.feed.send(with_contacts(visit(ward, 5, "S26", of=1), mobile=MOBILE))
    await ward.feed.send(with_contacts(visit(ward, 6, of=1), mobile=MOBILE))
    attended = visit(ward, 6, "S14", of=1, status=b"Complete^Complete")
    await ward.feed.send(with_contacts(attended, mobile=MOBILE))
    await ward.feed.send(with_contacts(answer(ward, 1), mobile=MOBILE))
    await ward.done()
    assert ward.waits(PATHWAY) == ["closed: reported"]
    mine = [words for _, words in ward.texts() if words.startswith(NEWS)]
    assert len(mine) == len(told(ward)) == 4
    assert not any("examination" in words for words in mine)
    assert ward.gateway.doubles == 0


async def test_who_agreed_reads_the_words_in_their_language(ward: Clinic) -> None:
    """With consent to clinical messages the pathway's own words, Spanish too; in French that there is news."""
    await ward.send(
        "web-form", kind="other", consents=[{"channel": "text", "given": True, "clinical": True}]
    )
    await known(ward, mobile=MOBILE)
    await ward.feed.send(with_contacts(ordered(ward, 1, "RAD"), mobile=MOBILE))
    await ward.done()
    words = [said for _, said in ward.texts()]
    assert any("Your doctor has ordered an examination." in one for one in words), words
    await known(ward, mobile=MOBILE, language="spa")
    await ward.feed.send(with_contacts(visit(ward, 5, of=1), mobile=MOBILE, language="spa"))
    await ward.done()
    spanish = "Northgate Health: Su examen tiene hora. Ver: "
    assert any(said.startswith(spanish) for _, said in ward.texts())
    assert not any(said.startswith("Tiene novedades") for _, said in ward.texts())
    await known(ward, mobile=MOBILE, language="fra")
    attended = visit(ward, 5, "S14", of=1, status=b"Complete^Complete")
    await ward.feed.send(with_contacts(attended, mobile=MOBILE, language="fra"))
    await ward.done()
    french = "Vous avez des nouvelles de Northgate Health."
    assert any(said.startswith(french) for _, said in ward.texts())


async def test_who_can_not_be_written_to_makes_no_work(ward: Clinic) -> None:
    """No phone, no mail: the milestone stands on the case, and nobody is given a task for it."""
    await ward.feed.send(ordered(ward, 1, "RAD"))
    await ward.done()
    assert told(ward) == ["withdrawn no-address"]
    assert ward.waits("effect-attention") == []
    assert ward.feed.sql("select count(*) from fact where type like 'effect.%%'") == [(0,)]
    assert ward.waits(PATHWAY) == ["scheduling"]
    milestones = ward.feed.sql("select milestone from pathway_case where pathway = %s", PATHWAY)
    assert milestones == [
        ("Your doctor has ordered an examination. We will call you to find a time.",)
    ]


async def test_what_is_taken_back_in_time_is_never_told_and_later_is(ward: Clinic) -> None:
    """A click that is undone within its window: no text; done again, one."""
    await known(ward, mobile=MOBILE)
    await ward.feed.send(with_contacts(ordered(ward, 1, "RAD"), mobile=MOBILE))
    await ward.done()
    [(task, _)] = ward.feed.sql(
        "select id, version from task where name = 'schedule-order' and closed_at is null"
    )
    await ward.do(PATHWAY, "schedule-order", "no-appointment-needed", by="bo.tarrant")
    await acting.undo(ward.house.runtime, viewer_of(ward.house, "bo.tarrant"), task)
    await ward.feed.drain()
    await ward.done()
    assert ward.waits(PATHWAY) == ["scheduling"]
    assert [each.partition(" ")[0] for each in told(ward)] == ["done", "withdrawn"]
    assert len(ward.texts()) == 1
    ward.hand.forward(timedelta(minutes=5))
    await ward.do(PATHWAY, "schedule-order", "no-appointment-needed", by="bo.tarrant")
    await ward.done()
    assert len(ward.texts()) == 2
