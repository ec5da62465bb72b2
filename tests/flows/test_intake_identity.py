"""Whose message it is: known, new at once, or a person's question beside the work (SEMANTICS 3)."""

import asyncio
from typing import Any

import pytest

from carelane.testing import messages
from carelane.testing.message_parts import Origin

Feed = Any  # the fixture's class lives in conftest
pytestmark = pytest.mark.postgres
CLINIC = Origin(authority="CLINIC", application="EHR2")


def _reviews(feed: Feed) -> list[tuple[str, str]]:
    rows = feed.sql("select m.outcome, m.reason from pathway_case c join application a on a.case_id = c.id"
                    " join fact f on f.id = a.fact join message m on m.id = f.origin"
                    " where c.pathway = 'identity-review' order by m.seq")  # fmt: skip
    return [tuple(row) for row in rows]


async def test_an_unknown_identifier_is_a_patient_at_once_and_stays_the_same_one(
    feed: Feed,
) -> None:
    await feed.send(messages.referral(1, person=1), messages.critical_result(2, person=1))
    assert feed.sql("select count(*) from subject where kind = 'patient'") == [(1,)]
    assert feed.open_cases(1) == {"referral-intake": 1, "critical-result": 1}
    assert _reviews(feed) == []


@pytest.mark.requirement("R87")
async def test_a_suspected_duplicate_is_asked_about_while_work_goes_on(feed: Feed) -> None:
    await feed.send(messages.referral(1, person=1))
    await feed.send(messages.referral(2, person=1, origin=CLINIC))
    assert feed.subject(1, authority="CLINIC") != feed.subject(1)
    assert feed.sql("select count(*) from pathway_case where pathway = 'referral-intake'") == [(2,)]
    assert _reviews(feed) == [("facts", "")]


async def test_a_suspected_duplicate_in_the_same_batch_is_found_too(feed: Feed) -> None:
    await feed.send(messages.referral(1, person=1), messages.referral(2, person=1, origin=CLINIC))
    assert _reviews(feed) == [("facts", "")]


async def test_twins_are_two_people(feed: Feed) -> None:
    await feed.send(messages.referral(1, person=1))
    twin = messages.referral(2, person=1, origin=CLINIC).replace(b"^Ada", b"^Mara")
    await feed.send(twin)
    assert _reviews(feed) == []


async def test_an_identifier_that_contradicts_the_demographics_is_a_persons(feed: Feed) -> None:
    await feed.send(messages.referral(1, person=1))
    other = messages.referral(2, person=2)
    stolen = other.replace(messages.patient_number(2).encode(), messages.patient_number(1).encode())
    await feed.send(stolen)
    assert _reviews(feed) == [("quarantined", "identity.demographics")]
    assert feed.open_cases(1) == {"referral-intake": 1}


async def test_no_identifier_is_a_persons(feed: Feed) -> None:
    nobody = messages.referral(1).replace(b"P0000001^^^NORTH^MR", b"")
    await feed.send(nobody)
    assert _reviews(feed) == [("quarantined", "identity.no-identifier")]


@pytest.mark.parametrize("kind", ["AN", "VN", "SS"])
async def test_an_account_a_visit_and_a_citizens_number_are_no_patient(
    feed: Feed, kind: str
) -> None:
    """Two patients with one account number stay two; a message with nothing else is a person's."""
    number = b"~ACC1^^^NORTH^" + kind.encode()
    for person in (1, 2):
        mine = messages.patient_number(person).encode() + b"^^^NORTH^MR"
        await feed.send(messages.referral(person, person=person).replace(mine, mine + number))
    assert feed.subject(1) != feed.subject(2)
    assert feed.sql("select count(*) from identity") == [(2,)]
    mine = messages.patient_number(3).encode() + b"^^^NORTH^MR"
    await feed.send(messages.referral(3, person=3).replace(mine, number[1:]))
    assert _reviews(feed) == [("quarantined", "identity.no-identifier")]


@pytest.mark.parametrize(
    ("specialty", "line"), [(0, "cardiology"), (1, "orthopaedics"), (2, "primary-care"), (-1, "")]
)
async def test_a_fact_gets_the_sites_service_line(feed: Feed, specialty: int, line: str) -> None:
    await feed.send(messages.referral(1, specialty=specialty))
    assert feed.sql("select service_line from fact where type = 'referral.received'") == [(line,)]
    assert feed.sql("select service_line from pathway_case where pathway = 'referral-intake'") == [
        (line,)
    ]


async def test_two_connections_that_meet_one_new_patient_at_once_agree_on_its_key(
    feed: Feed,
) -> None:
    """Both interpreters make the identity; one is too late, reads again and uses the other's key."""
    runtime = feed.house.runtime
    await feed.store(*(messages.referral(n, person=n) for n in range(8)))
    await feed.store(
        *(messages.critical_result(20 + n, person=n) for n in range(8)), connection="replay"
    )
    waiting = [feed.interpret(connection=name) for name in ("mllp", "replay") for _ in range(2)]
    await asyncio.gather(*waiting)
    for name in ("mllp", "replay"):  # who was too late tries again, as its loop would
        await feed.interpret(connection=name)
    runtime.vault.forget()
    await feed.drain()
    assert [feed.open_cases(n) for n in range(8)] == [
        {"referral-intake": 1, "critical-result": 1}
    ] * 8
