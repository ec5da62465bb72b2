"""Requests by every channel through the whole runtime: one canonical event, one case for one request."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.compose.house import House
from carelane.store.roles import DatabaseUrls
from carelane.testing.doorstep import standing
from tests.flows.conftest import Feed, Hand
from tests.flows.doors import CHANNEL, knock, receiving
from tests.flows.sites import add, copied, fed

pytestmark = pytest.mark.postgres
HERE = Path(__file__).parent
CHANNELS = ("web-form", "chat", "call-centre", "portal", "device")


@dataclass(kw_only=True)
class Desk:
    """A house with its listener's doors on a socket."""

    house: House
    feed: Feed
    hand: Hand
    home: Path
    base: str
    numbers: dict[str, int] = field(default_factory=dict)

    async def send(self, channel: str, person: int = 1, **said: Any) -> tuple[int, Any]:
        """One message by a channel, and all that follows."""
        self.hand.forward(timedelta(seconds=1))
        self.numbers[channel] = self.numbers.get(channel, 0) + 1
        plain: dict[str, Any] = {
            "id": f"{channel}-{self.numbers[channel]}",
            "sent_at": self.hand().isoformat(),
            "patient": {"numbers": [{"authority": "NORTH", "value": f"P{person:07d}"}]},
        }
        told = await knock(self.base, channel, {**plain, **said}, home=self.home, hand=self.hand)
        await self.feed.interpret(connection=channel)
        await self.feed.drain()
        return told

    def cases(self) -> list[tuple[str, int]]:
        """State, and how many facts were applied, of each case of a request."""
        rows = self.feed.sql(
            "select coalesce(s.state, c.outcome), (select count(*) from application a where a.case_id = c.id)"
            " from pathway_case c left join step s on s.case_id = c.id and s.closed_at is null"
            " where c.pathway = 'request-desk' order by c.opened_at, c.id")  # fmt: skip
        return [(str(state), int(count)) for state, count in rows]


@pytest.fixture
async def desk(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Desk]:
    """The listener's own receiver and doors; secrets are made at the first start."""
    channels = "".join(CHANNEL.format(name=name) for name in CHANNELS)
    settings = copied(home, f"connections:\n{channels}")
    add(settings, HERE / "request-desk.yaml")
    async with (
        fed(settings, database, hand, superuser) as feed,
        receiving(feed.house) as app,
        standing(app) as base,
    ):
        yield Desk(house=feed.house, feed=feed, hand=hand, home=home, base=base)


@pytest.mark.requirement("R46")
async def test_every_channel_ends_in_canonical_facts(desk: Desk) -> None:
    """Five channels, one vocabulary; each is accepted after its commit, and once."""
    turn = {"by": "patient", "at": "2026-03-02T14:00:00Z", "text": "Hello"}
    reading = {"code": "8480-6", "value": 181, "unit": "mm[Hg]", "at": "2026-03-02T14:00:00Z"}
    sent: Mapping[str, Any] = {
        "web-form": {"kind": "appointment", "text": "My knee."},
        "chat": {"thread": "T1", "turns": [turn]},
        "call-centre": {"kind": "refill", "service": "lisinopril", "note": "More.", "agent": "bo"},
        "portal": {"thread": "T2", "subject": "A question", "text": "May I swim?"},
        "device": {"device": "cuff-7", "readings": [reading]},
    }  # fmt: skip
    for channel, said in sent.items():
        status, told = await desk.send(channel, **said)
        assert (status, told["outcome"]) == (202, "accepted"), channel
    facts = desk.feed.sql(
        "select connection, type, subject from fact where connection = any(%s) order by recorded_at, id",
        list(CHANNELS),
    )
    assert [(connection, type_) for connection, type_, _ in facts] == [
        ("web-form", "request.received"),
        ("chat", "message.received"),
        ("call-centre", "refill.requested"),
        ("portal", "message.received"),
        ("device", "reading.received"),
    ]
    assert {subject for _, _, subject in facts} == {desk.feed.subject(1)}
    outcomes = desk.feed.sql(
        "select distinct outcome from message where connection = any(%s)", list(CHANNELS)
    )
    assert outcomes == [("facts",)]


async def test_one_request_by_two_channels_is_one_case(desk: Desk) -> None:
    """By its number: both sources are applied to the one case."""
    await desk.send("web-form", kind="appointment", request="RQ-7", text="My knee.")
    await desk.send(
        "call-centre",
        kind="appointment",
        request="RQ-7",
        note="Called about RQ-7.",
        agent="bo.tarrant",
    )
    assert desk.cases() == [("asked", 2)]


async def test_a_suspected_second_request_joins_and_a_person_looks(desk: Desk) -> None:
    """Without a number: the same patient, the same thing, within the site's two days; other things are other cases."""
    await desk.send("web-form", kind="appointment", service="cardiology", text="Palpitations.")
    await desk.send(
        "call-centre", kind="appointment", service="cardiology", note="Called.", agent="bo.tarrant"
    )
    assert desk.cases() == [("compare", 2)]
    await desk.send(
        "call-centre", kind="records", service="letters", note="One.", agent="bo.tarrant"
    )
    await desk.send(
        "portal", kind="records", service="images", thread="T", subject="Copies", text="Another."
    )
    await desk.send(
        "web-form", person=2, kind="appointment", service="cardiology", text="Somebody else."
    )
    assert desk.cases() == [("compare", 2), ("asked", 1), ("asked", 1), ("asked", 1)]
    desk.hand.forward(timedelta(days=3))
    await desk.send("chat", kind="appointment", service="cardiology", thread="T3",
                    turns=[{"by": "patient", "at": desk.hand().isoformat(), "text": "Again."}])  # fmt: skip
    assert len(desk.cases()) == 5


async def test_a_request_of_a_stranger_goes_on_while_somebody_looks(desk: Desk) -> None:
    """No number: a provisional patient at once; where name, birth date and sex agree a person compares."""
    ada = {"family": "Abbot", "given": "Ada", "birth_date": "1950-01-01", "sex": "female"}
    known = {**ada, "numbers": [{"authority": "NORTH", "value": "P0000001"}]}
    await desk.send("web-form", patient=known, kind="records", text="One.")
    await desk.send("web-form", patient=ada, kind="appointment", text="Two.")
    assert desk.cases() == [("asked", 1), ("asked", 1)]
    reviews = desk.feed.sql("select count(*) from pathway_case where pathway = 'identity-review'")
    assert reviews == [(1,)]


async def test_what_can_not_be_used_is_counted_and_what_repeats_a_number_is_kept(
    desk: Desk,
) -> None:
    """422 leaves a rejected row; the same number with another body is quarantined, with an owner."""
    status, told = await desk.send("web-form", kind="nonsense")
    assert (status, told["problems"][0]["field"]) == (422, "$.kind")
    await desk.send("web-form", id="W1", kind="billing", text="One.")
    status, _ = await desk.send("web-form", id="W1", kind="billing", text="Two.")
    assert status == 409
    rows = desk.feed.sql(
        "select outcome, count(*) from message where connection = 'web-form' group by 1 order by 1"
    )
    assert rows == [("facts", 1), ("quarantined", 1), ("rejected", 1)]
    assert desk.feed.sql("select count(*) from pathway_case where pathway = 'quarantine'") == [(1,)]


async def test_a_consent_in_a_form_counts_for_every_address(desk: Desk) -> None:
    """Said by a known patient: kept under the identity, and told as a fact."""
    no = [{"channel": "text", "given": False}]
    await desk.send("web-form", kind="other", text="No texts, please.", consents=no)
    rows = desk.feed.sql(
        "select channel, scope, given, address_token, identity is not null from consent"
    )
    assert rows == [("text", "messages", False, "", True)]
    assert desk.feed.sql("select count(*) from fact where type = 'consent.withdrawn'") == [(1,)]
