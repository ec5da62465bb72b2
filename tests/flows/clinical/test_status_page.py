"""A milestone's link leads to a page that shows how far the case is, to its patient alone (issue 4, n).

It never says what is the matter unless that was agreed to.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.compose.status import looking
from carelane.engine import keys
from carelane.facts.answer_links import made
from carelane.store.roles import DatabaseUrls
from carelane.testing.message_parts import Origin
from carelane.testing.messages import link as joined
from carelane.testing.messages import merge
from tests.flows.clinical.clinic import MOBILE, NUMBER
from tests.flows.clinical.seeing import Seeing, lines_of, seeing
from tests.flows.clinical.test_orders import answer, ordered, visit
from tests.flows.conftest import Hand
from tests.flows.messages.texting import with_contacts

pytestmark = pytest.mark.postgres
OK, WRONG, NOT_FOUND, GONE, OFTEN = 200, 403, 404, 410, 429
OTHER = "555-555-0102"
AGREED = {"channel": "text", "given": True, "clinical": True}
STEP, BOOKED = "Your request moved one step on.", "A time is booked for you."
RECEIVED, CLOSED = "We have received your request.", "Your request is closed."


@pytest.fixture
async def page(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Seeing]:
    """A clinic, and the page's door."""
    async with seeing(database, home, hand, superuser) as opened:
        yield opened


async def begun(page: Seeing, *, language: str = "") -> str:
    """Patient 1 is known and has an order; the link of the first milestone."""
    await page.known(1, MOBILE, language=language)
    raw = ordered(page.ward, 1, "RAD")
    await page.ward.feed.send(with_contacts(raw, mobile=MOBILE, language=language))
    await page.ward.done()
    return page.link()


async def heard(page: Seeing, raw: bytes) -> None:
    """A message comes, and what follows is sent."""
    await page.ward.feed.send(with_contacts(raw, mobile=MOBILE))
    await page.ward.done()


@pytest.mark.requirement("R63", "R112")
async def test_from_the_text_to_the_page_and_to_the_end(page: Seeing) -> None:
    """Opening asks for the birth date; then what happened, by when somebody looks, whom to call; looks are audited."""
    first = await begun(page)
    status, asked = await page.opens(first)
    assert status == OK
    assert "Date of birth" in asked
    assert lines_of(asked) == []
    assert page.looks() == []  # nothing was shown

    status, told = await page.says(first, page.born[1])
    assert status == OK
    assert lines_of(told) == [RECEIVED]
    assert "Monday, March 2" in told
    assert "Our team will look at it again by Monday, March 9" in told
    assert 'href="tel:+15550100100"' in told

    await heard(page, visit(page.ward, 5, of=1))
    assert page.link() != first
    for link in (first, page.link()):  # an earlier link shows what holds now
        assert lines_of((await page.says(link, page.born[1]))[1]) == [RECEIVED, BOOKED]

    attended = visit(page.ward, 5, "S14", of=1, status=b"Complete^Complete")
    await heard(page, attended)
    await heard(page, answer(page.ward, 1))
    assert page.ward.waits("order-tracking") == ["closed: reported"]
    status, told = await page.says(page.link(), page.born[1])
    assert status == OK
    assert lines_of(told) == [RECEIVED, BOOKED, STEP, CLOSED]
    assert "This ended on Monday, March 2. Nothing more will come of it." in told
    assert not re.search(r"examination|result|imaging|doctor|X-ray", told, re.IGNORECASE)
    assert page.looks() == [("access.read", "")] * 4


async def test_who_agreed_reads_the_words_and_who_took_it_back_the_phrases(page: Seeing) -> None:
    """In the patient's language; an opt-out of texts ends texts, and not the page."""
    await page.ward.send("web-form", kind="other", consents=[AGREED])
    link = await begun(page, language="spa")
    _, told = await page.says(link, page.born[1])
    assert '<html lang="es">' in told
    assert lines_of(told) == ["Su médico ha pedido un examen. Le llamaremos para acordar una hora."]
    assert "2 de marzo" in told

    await page.ward.reply(NUMBER, "STOP")
    await heard(page, visit(page.ward, 5, of=1))
    status, told = await page.says(
        link, page.born[1]
    )  # registered anew, in no language: the browser's
    assert status == OK
    assert lines_of(told)[-1] == "Your examination has a time."
    _, told = await page.says(
        link, page.born[1], language="fr"
    )  # in which the pathway has no words
    assert lines_of(told)[-1] == "Une heure est réservée pour vous."

    await page.ward.send("web-form", kind="other", consents=[{**AGREED, "given": False}])
    status, told = await page.says(link, page.born[1])
    assert status == OK
    assert lines_of(told) == [RECEIVED, BOOKED]


async def test_another_patients_date_opens_nothing_and_guesses_end(page: Seeing) -> None:
    """Five wrong dates close the page for a day, the right one included, by whichever link; nothing is shown."""
    await page.known(2, OTHER)
    first = await begun(page)
    await heard(page, visit(page.ward, 5, of=1))
    for _ in range(3):
        status, told = await page.says(first, page.born[2])
        assert (status, lines_of(told)) == (WRONG, [])
        assert "That is not the date we have" in told
    for _ in range(2):
        assert (await page.says(page.link(), page.born[2]))[0] == WRONG
    for link in (first, page.link()):
        assert (await page.says(link, page.born[1]))[0] == OFTEN
    page.ward.hand.forward(timedelta(days=1, seconds=1))
    assert (await page.says(first, page.born[1]))[0] == OK
    assert page.looks() == [
        *[("access.denied", "birth-date")] * 5,
        *[("access.denied", "tried-too-often")] * 2,
        ("access.read", ""),
    ]


async def test_a_link_ends_and_no_other_word_opens(page: Seeing) -> None:
    """Expired, changed, for another use, of a message that never was: told to call, and nothing is looked up."""
    link = await begun(page)
    vault, now = page.ward.house.runtime.vault, page.ward.hand()
    [(effect,)] = page.ward.feed.sql("select id from effect where name = 'tell-milestone'")
    answers = made(vault.tokens.of, effect, now + timedelta(days=1))
    changed = link[:-1] + ("A" if link[-1] != "A" else "E")
    for other in (
        changed,
        f"{link.partition('=')[0]}={answers}",
        f"{link}&a=x",
        link.partition("?")[0],
    ):
        status, told = await page.says(other, page.born[1])
        assert status == NOT_FOUND
        assert "This link has ended" in told
    page.ward.hand.forward(timedelta(days=31))
    assert (await page.opens(link))[0] == GONE
    assert (await page.says(link, page.born[1]))[0] == GONE
    assert page.looks() == []


async def test_a_number_that_is_the_patients_no_more_opens_nothing(page: Seeing) -> None:
    """Whoever has the number now holds the old links too: with the record's new number they end."""
    link = await begun(page)
    await page.known(1, OTHER, n=95)
    status, told = await page.says(link, page.born[1])
    assert (status, lines_of(told)) == (GONE, [])
    assert page.looks() == []


async def test_a_merge_takes_the_page_along_and_so_does_its_end(page: Seeing) -> None:
    """What sources say of either is the patient's now, and no more when the merge is taken back."""
    link = await begun(page)
    await page.known(2, OTHER)
    origin = Origin(start=page.ward.hand())
    await page.ward.feed.send(merge(120, survivor=2, retired=1, origin=origin))
    for born in (page.born[1], page.born[2]):
        status, told = await page.says(link, born)
        assert (status, lines_of(told)) == (OK, [RECEIVED])
    await page.ward.feed.send(joined(121, one=2, other=1, apart=True, origin=origin))
    status, told = await page.says(link, page.born[1])
    assert (status, lines_of(told)) == (OK, [RECEIVED])
    assert (await page.says(link, page.born[2]))[0] == WRONG


async def test_what_was_cancelled_says_so_and_what_was_shredded_says_nothing(page: Seeing) -> None:
    """The end of a case is shown; once the patient's keys are destroyed no number is the patient's any more."""
    link = await begun(page)
    await heard(page, ordered(page.ward, 1, "RAD", control="CA"))
    assert page.ward.waits("order-tracking") == ["closed: cancelled"]
    status, told = await page.says(link, page.born[1])
    assert (status, lines_of(told)) == (OK, [RECEIVED])
    assert "This ended on Monday, March 2." in told
    runtime, subject = page.ward.house.runtime, page.ward.feed.subject(1)
    await keys.shred(
        runtime, subject, by="jonas.weald", confirmed_by="luca.fenwick", reason="patient-request"
    )
    assert (await page.says(link, page.born[1]))[0] == GONE


async def test_who_is_known_without_a_birth_date_must_call(page: Seeing) -> None:
    """Nothing can be asked, so nothing is shown, whatever is said."""
    link = await begun(page)
    page.ward.feed.superuser.execute(
        "update identity_link set demographics = demographics - 'birth_date'"
    )
    assert (await page.says(link, page.born[1]))[0] == WRONG
    assert page.looks() == [("access.denied", "birth-date")]


async def test_policies_that_can_not_be_read_close_the_page_and_no_other_door(
    page: Seeing, tmp_path: Path
) -> None:
    """Nobody may look; messages still come in, for the doors stand without them."""
    house = page.ward.house
    assert looking(house) is not None
    house.settings = replace(house.settings, policies=tmp_path / "nowhere")
    assert looking(house) is None
