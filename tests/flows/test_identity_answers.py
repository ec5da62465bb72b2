"""An identity question answered "same person" is over: what stood against it is set aside, and the message goes on."""

from collections.abc import AsyncIterator

import pytest

from carelane.compose.house import House
from carelane.engine.merge import take_back
from carelane.testing import messages
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
REVIEW, DESK = "identity-review", "jonas.weald"


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house whose own connection does what people decide."""
    opened = await open_outside(house, feed, hand, profile="a")
    yield opened
    await close_outside(opened)


def _number(person: int) -> bytes:
    return messages.patient_number(person).encode()


def _leaves(outside: Outside, action: str) -> list[str]:
    return [name for (name,) in outside.feed.sql(
        "select convert_from(body, 'utf8')::jsonb#>>'{actor,name}' from audit_leaf where "
        "convert_from(body, 'utf8')::jsonb->>'action' = %s order by seq", action)]  # fmt: skip


async def _same_person(outside: Outside) -> None:
    await outside.do("identify-patient", "same-person", by=DESK, pathway=REVIEW)
    await outside.settle()
    await outside.feed.interpret()
    await outside.feed.drain()


async def test_other_demographics_are_accepted_and_the_message_goes_on(outside: Outside) -> None:
    """One question, one answer: the referral is the patient's, and the next message is no question any more."""
    feed = outside.feed
    await feed.send(messages.referral(1, person=1))
    changed = messages.referral(2, person=2).replace(_number(2), _number(1))
    await feed.send(changed)
    assert outside.state(pathway=REVIEW) == "review"
    await _same_person(outside)
    assert outside.state(pathway=REVIEW) == "closed: identified"
    assert feed.open_cases(1) == {"referral-intake": 2}
    assert _leaves(outside, "identity.accepted") == [DESK]
    await feed.send(messages.referral(3, person=2).replace(_number(2), _number(1)))
    assert feed.open_cases(1) == {"referral-intake": 3}
    assert feed.sql("select count(*) from pathway_case where pathway = %s", REVIEW) == [(1,)]


@pytest.mark.invariant("I18")
async def test_identifiers_of_two_patients_are_linked_and_can_be_taken_back(
    outside: Outside,
) -> None:
    """The person's link is a merge like any other: logged, audited under their name, reversible."""
    feed = outside.feed
    await feed.send(messages.referral(1, person=1), messages.referral(2, person=2))
    one, two = feed.subject(1), feed.subject(2)
    mine = _number(1) + b"^^^NORTH^MR"
    await feed.send(
        messages.referral(3, person=1).replace(mine, mine + b"~" + _number(2) + b"^^^NORTH^MR")
    )
    assert outside.state(pathway=REVIEW) == "review"
    await _same_person(outside)
    assert outside.state(pathway=REVIEW) == "closed: identified"
    assert feed.subject(1) == feed.subject(2) == one
    assert feed.open_cases(1) == {"referral-intake": 3}
    assert _leaves(outside, "subject.linked") == [DESK]
    [(merge,)] = feed.sql("select id from merge_log")
    assert await take_back(outside.house.runtime, merge, by=DESK) is not None
    await feed.drain()
    assert feed.subject(2) == two


async def test_without_an_identifier_that_answer_is_refused_and_asks_higher_not_again(
    outside: Outside,
) -> None:
    """Nothing says whose it is: no new question is made, the open one goes to the house supervisor."""
    feed = outside.feed
    await feed.send(messages.referral(1).replace(_number(1) + b"^^^NORTH^MR", b""))
    await _same_person(outside)
    assert outside.state(pathway=REVIEW) == "overdue"
    outside.owned()
    assert feed.sql("select count(*) from message") == [(1,)]
    await outside.do(
        "identify-patient",
        "not-a-patient",
        by=DESK,
        pathway=REVIEW,
        form={"note": "A test message"},
    )
    assert outside.state(pathway=REVIEW) == "closed: not-a-patient"
    assert (
        outside.state(pathway="effect-attention") == "attention"
    )  # what Carelane itself could not do is owned too
