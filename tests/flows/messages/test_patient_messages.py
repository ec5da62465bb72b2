"""Messages to patients through the whole runtime: a gateway over HTTP, a mail server, receipts and replies."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typing_extensions import override

from carelane.effects import known
from carelane.engine.retention import sweep
from carelane.store.roles import DatabaseUrls
from carelane.testing.messages import appointment_booked, appointment_event
from tests.flows.conftest import Hand
from tests.flows.messages.texting import Texting, texting, with_contacts

pytestmark = pytest.mark.postgres
MOBILE = "555-555-0101"
NUMBER = "+15555550101"


@pytest.fixture(params=["twilio", "vonage"])
async def either(
    database: DatabaseUrls,
    home: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    request: pytest.FixtureRequest,
) -> AsyncIterator[Texting]:
    """One for each gateway: swapping it is the setting `dialect` and its address."""
    async with texting(database, home, hand, superuser, dialect=request.param) as opened:
        yield opened


@pytest.fixture
async def house_that_texts(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Texting]:
    """One with a gateway; which one makes no difference."""
    async with texting(database, home, hand, superuser, dialect="vonage") as opened:
        yield opened


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R24")
async def test_a_patient_is_reminded_and_confirms(either: Texting) -> None:
    """One text, content-free, at the site's local time; the receipt and the answer reach the case that asked."""
    texted = either
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    [(number, words)] = texted.texts()
    assert number == NUMBER
    assert words.startswith("Northgate Health: your appointment is ")
    assert "Reply YES" in words
    assert texted.states() == ["waiting"]
    await texted.receipt("delivered")
    await texted.reply(NUMBER, "Yes!")
    assert texted.states() == ["closed: confirmed"]
    assert texted.facts("message.") == ["message.delivered", "message.replied"]
    correlations = texted.feed.sql("select count(distinct correlation) from effect e join fact f using (correlation)"
                                   " where f.type = 'message.replied'")  # fmt: skip
    assert correlations == [(1,)]
    assert texted.gateway.doubles == 0


async def test_the_language_and_the_channel_are_the_patients_wish(
    house_that_texts: Texting,
) -> None:
    """Spanish by text; another who ranks mail first gets mail; nobody gets both."""
    texted = house_that_texts
    await texted.visit(1, 1, mobile=MOBILE, language="spa")
    await texted.visit(2, 2, mobile="555-555-0102", mail="two@example.org", rank="1")
    await texted.settle()
    [(_, words)] = texted.texts()
    assert "su cita es el" in words
    assert len(texted.mail.mails) == 1
    assert "Subject: A reminder from Northgate Health" in texted.mail.mails[0]
    assert texted.states() == ["waiting", "waiting"]


@pytest.mark.requirement("R112")
async def test_a_stop_holds_at_once_also_for_what_is_queued(either: Texting) -> None:
    """The queued text is withdrawn with its reason, a person calls; START lets texts go again."""
    texted = either
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    await texted.feed.send(with_contacts(appointment_booked(30, person=1), mobile=MOBILE))
    assert texted.effects()[1:] == [("", "ready", "")]
    await texted.reply(NUMBER, "STOP")
    await texted.settle()
    assert len(texted.texts()) == 1
    assert [(state, cause) for _, state, cause in texted.effects()] == [
        ("done", ""),
        ("withdrawn", "opted-out"),
    ]
    assert texted.states() == ["waiting", "calling"]
    assert texted.facts("consent.") == ["consent.withdrawn"]
    await texted.reply(NUMBER, "start")
    await texted.feed.send(with_contacts(appointment_booked(40, person=1), mobile=MOBILE))
    await texted.settle()
    assert len(texted.texts()) == 2


async def test_a_stop_leaves_the_other_channel(house_that_texts: Texting) -> None:
    """Who wants no texts and has a mail address gets mail, also what was routed already."""
    texted = house_that_texts
    both = {"mobile": MOBILE, "mail": "one@example.org"}
    await texted.visit(1, 1, **both)
    await texted.settle()
    texted.hand.at = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # 23:00 in New York
    await texted.feed.send(with_contacts(appointment_booked(30, person=1), **both))
    await texted.settle()
    assert texted.effects()[1] == ("texts", "ready", "")
    await texted.reply(NUMBER, "STOP")
    texted.hand.at = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    await texted.settle()
    assert len(texted.texts()) == 1
    assert len(texted.mail.mails) == 1
    assert texted.effects()[1] == ("letters", "done", "")


async def test_an_opt_out_that_only_the_gateway_knows(either: Texting) -> None:
    """By its answer or by its receipt: written down, told, a person calls, nothing is sent again."""
    texted = either
    texted.gateway.opted_out.add(NUMBER)
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    if texted.gateway.flavour.name == "vonage":
        await texted.receipt("failed", "opted-out")
    assert texted.states() == ["calling"]
    assert texted.facts("consent.") == ["consent.withdrawn"]
    await texted.visit(2, 1, mobile=MOBILE)
    requests = texted.gateway.requests
    await texted.settle()
    assert texted.gateway.requests == requests
    assert texted.effects()[-1][1:] == ("withdrawn", "opted-out")


async def test_quiet_hours_are_the_patients_own(house_that_texts: Texting) -> None:
    """At 13:30 UTC it is 8:30 in New York and 7:30 in Chicago."""
    texted = house_that_texts
    texted.hand.at = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)
    await texted.visit(1, 1, mobile=MOBILE, state="NY")
    await texted.visit(2, 2, mobile="555-555-0102", state="IL")
    await texted.settle()
    assert [number for number, _ in texted.texts()] == [NUMBER]
    texted.hand.at = datetime(2026, 3, 3, 14, 0, 1, tzinfo=UTC)
    await texted.settle()
    assert len(texted.texts()) == 2


@pytest.mark.parametrize(
    ("contacts", "cause"),
    [
        ({}, "no-address"),
        ({"mobile": "12"}, "no-address"),
        ({"mail": "nobody"}, "no-address"),
        ({"mobile": MOBILE, "language": "vie"}, "language"),
    ],
)
async def test_who_can_not_be_reached_gets_a_person(
    house_that_texts: Texting, contacts: dict[str, str], cause: str
) -> None:
    texted = house_that_texts
    await texted.visit(1, 1, **contacts)
    await texted.settle()
    assert texted.effects() == [("", "withdrawn", cause)]
    assert texted.states() == ["calling"]
    assert texted.states("effect-attention") == []


async def test_a_limit_of_contacts_a_week(house_that_texts: Texting) -> None:
    """The sixth unasked message in seven days becomes a call; after the week texts go again."""
    texted = house_that_texts
    for n in range(1, 7):
        await texted.visit(n, 1, mobile=MOBILE)
        await texted.settle()
    assert len(texted.texts()) == 5
    assert texted.effects()[-1][1:] == ("withdrawn", "contact-limit")
    assert texted.states().count("calling") == 1
    texted.hand.forward(timedelta(days=7))
    await texted.visit(8, 1, mobile=MOBILE)
    await texted.settle()
    assert len(texted.texts()) == 6


@pytest.mark.parametrize(
    "fault", ["reset-after", "error-after", "half-after", "lying", "hang-after"]
)
@pytest.mark.invariant("I3")
async def test_nothing_is_sent_twice_when_nobody_knows(either: Texting, fault: str) -> None:
    """A reminder whose end is unknown is dropped, the clock gives it to a person; never a second text."""
    texted = either
    texted.gateway.faults.append(fault)
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    assert texted.effects() == [("texts", "withdrawn", "unknown-dropped")]
    await texted.settle()
    assert texted.gateway.doubles == 0
    assert len(texted.texts()) <= 1
    texted.hand.forward(timedelta(days=2, seconds=2))
    await texted.feed.drain()
    assert texted.states() == ["calling"]


@pytest.mark.parametrize("fault", ["busy", "busy-date", "down"])
async def test_a_busy_gateway_is_left_alone(house_that_texts: Texting, fault: str) -> None:
    texted = house_that_texts
    texted.gateway.faults.append(fault)
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    for _ in range(4):
        texted.hand.forward(timedelta(seconds=90))
        await texted.settle()
    assert texted.gateway.requests == 2
    assert texted.states() == ["waiting"]
    assert texted.gateway.doubles == 0


async def test_replies_that_nobody_waits_for_and_those_of_strangers(
    house_that_texts: Texting,
) -> None:
    """Free text of a known patient is a message; a stranger's and a shared number's go to a person."""
    texted = house_that_texts
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    await texted.reply(NUMBER, "yes")
    await texted.reply(NUMBER, "Where do I park?")
    assert texted.facts("message.") == ["message.replied", "message.received"]
    await texted.reply("+15550009999", "yes")
    assert texted.states("identity-review") == ["review"]
    await texted.visit(2, 2, mobile=MOBILE)
    await texted.settle()
    await texted.reply(NUMBER, "yes")
    assert texted.states("identity-review") == ["review", "review"]
    await texted.reply(NUMBER, "STOP")
    assert texted.facts("consent.") == ["consent.withdrawn", "consent.withdrawn"]


@pytest.mark.invariant("I6")
async def test_a_cancelled_visit_reminds_nobody(house_that_texts: Texting) -> None:
    """Withdrawn before it left (I6)."""
    texted = house_that_texts
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.feed.send(appointment_event(9, "S15", booked=3, person=1))
    await texted.settle()
    assert texted.texts() == []
    assert [state for _, state, _ in texted.effects()] == ["withdrawn"]


@pytest.mark.invariant("I3")
async def test_a_receipt_settles_what_nobody_knew(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> None:
    """The answer was lost and a person was asked; then the gateway's receipt shows that the text went out."""
    async with texting(
        database, home, hand, superuser, dialect="twilio", if_unknown="ask"
    ) as texted:
        texted.gateway.faults.append("reset-after")
        await texted.visit(1, 1, mobile=MOBILE)
        await texted.settle()
        assert texted.effects() == [("texts", "unknown", "connection-lost")]
        assert texted.states("effect-attention") == ["attention"]
        await texted.receipt("delivered")
        await texted.settle()
        assert texted.effects() == [("texts", "done", "receipt")]
        assert texted.states() == ["calling"]
        assert texted.states("effect-attention") == ["closed: settled"]
        assert len(texted.texts()) == 1


async def test_nobody_is_written_to_who_has_not_agreed(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> None:
    """Where the site asks first: a person calls until the patient texts START."""
    rules = "messages: { consent: asked, untranslated: default, phone: +1-555-010-0100 }\n"
    async with texting(database, home, hand, superuser, dialect="twilio", rules=rules) as texted:
        await texted.visit(1, 1, mobile=MOBILE)
        await texted.settle()
        assert texted.effects() == [("", "withdrawn", "no-consent")]
        await texted.reply(NUMBER, "START")
        await texted.visit(2, 1, mobile=MOBILE, language="vie")
        await texted.settle()
        [(_, words)] = texted.texts()
        assert "your appointment is" in words


@pytest.mark.requirement("R104")
async def test_what_is_stored_of_addresses_is_sealed_or_hashed(house_that_texts: Texting) -> None:
    """No number and no word of a message stands in clear in the tables of messages (I13)."""
    texted = house_that_texts
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    await texted.reply(NUMBER, "STOP canary-word")
    await texted.reply(NUMBER, "STOP")
    dumped = "".join(
        str(row)
        for table in ("contact", "reached", "consent", "effect", "fact", "message", "audit_leaf")
        for row in texted.feed.sql(f"select to_jsonb(t) || '{{}}' from {table} t")  # noqa: S608  # our own names
    )
    assert "5550101" not in dumped
    assert "555-0101" not in dumped
    assert "canary-word" not in dumped


async def test_contacts_are_kept_while_they_hold_and_no_longer(house_that_texts: Texting) -> None:
    """One without a telecom changes nothing, one that says the same writes nothing; they go with the copy."""
    texted = house_that_texts
    await texted.visit(1, 1, mobile=MOBILE)
    first = texted.feed.sql("select sealed, sealed_at from contact")
    await texted.feed.send(with_contacts(appointment_booked(30, person=1), mobile=MOBILE))
    await texted.feed.send(with_contacts(appointment_booked(31, person=1)))
    assert texted.feed.sql("select sealed, sealed_at from contact") == first
    await texted.feed.send(with_contacts(appointment_booked(32, person=1), mobile="555-555-0177"))
    assert texted.feed.sql("select sealed, sealed_at from contact") != first
    await texted.settle()
    assert {number for number, _ in texted.texts()} == {"+15555550177"}
    await texted.reply("+15555550177", "STOP")
    for booked in (3, 30, 31, 32):
        await texted.feed.send(appointment_event(booked + 100, "S15", booked=booked, person=1))
    texted.hand.forward(timedelta(days=100))
    await sweep(texted.house.runtime)
    assert texted.feed.sql("select count(*) from contact") == [(0,)]
    texted.hand.forward(timedelta(days=2_600))
    await sweep(texted.house.runtime)
    assert texted.feed.sql("select count(*) from reached") == [(0,)]
    assert texted.feed.sql("select given from consent") == [(False,)]


async def _queued_at_night_then_stopped(texted: Texting) -> int:
    """A text is routed and waits for the morning; STOP comes before it; how many texts went out in the end."""
    texted.hand.at = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # 23:00 in New York
    await texted.visit(1, 1, mobile=MOBILE)
    await texted.settle()
    assert texted.effects() == [("texts", "ready", "")]
    await texted.reply(NUMBER, "STOP")
    texted.hand.at = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)
    await texted.settle()
    return len(texted.texts())


async def test_what_waits_for_the_morning_hears_a_stop_of_the_night(
    house_that_texts: Texting,
) -> None:
    """Withdrawn with its reason, and a person calls."""
    assert await _queued_at_night_then_stopped(house_that_texts) == 0
    assert house_that_texts.effects() == [("texts", "withdrawn", "opted-out")]
    assert house_that_texts.states() == ["calling"]


async def test_mutant_that_asks_consent_only_when_it_queues_is_caught(
    house_that_texts: Texting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without asking again before it leaves, the text would go out (the gateway's own block taken away)."""

    def nothing_said(
        tokens: Mapping[object, object], _rows: object
    ) -> Mapping[object, list[object]]:
        return {subject: [] for subject in tokens}

    monkeypatch.setattr(known, "_by_patient", nothing_said)
    monkeypatch.setattr(house_that_texts.gateway, "opted_out", _Forgetful())
    assert await _queued_at_night_then_stopped(house_that_texts) == 1


class _Forgetful(set[str]):
    """A gateway that blocks nobody itself."""

    @override
    def add(self, _number: str) -> None:
        """Forget it."""
