"""A clinic that schedules: the shipped site with an EHR that notifies, an SMS gateway, mail and every channel's door.

All on sockets: forms, texts and notifications knock at the listener's own doors; bookings reach the EHR by FHIR.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import psycopg

from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.effects.outbox import Outbox
from carelane.facts.phi import Phi
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls
from carelane.testing.doorstep import standing
from carelane.testing.ehr.charts import MEDICAL_RECORD
from carelane.testing.ehr.desk import Asked
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.gateways.server import GatewayServer
from carelane.testing.hospital.smtp import Sink
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from tests.flows.conftest import Feed, Hand
from tests.flows.doors import CHANNEL, Later, knock, receiving
from tests.flows.outside import SharedClock
from tests.flows.posts import LISTENER, outbox_for, standing_posts
from tests.flows.rounds import once_around
from tests.flows.sites import copied, fed

CHANNELS = ("web-form", "call-centre", "portal")
INBOUND = ("mllp", "ehr", "texts", "links", *CHANNELS)
NOTIFIED = ("Appointment", "Slot", "Patient", "RiskAssessment")
ROUNDS = 30
CREATED, NO_CONTENT = 201, 204
VISITS = "urn:carelane:testing:appointments"
EHR = """  ehr:
    kind: fhir
    serves: [ehr.appointment.book, ehr.appointment.cancel, ehr.slot.hold, ehr.slot.release, ehr.communication]
    settings:
      base_url: {ehr}
      client_id: carelane
      key_id: carelane-1
      key_file: run/ehr-client-key.pem
      update_as_create: {keyed}
      booking: {booking}
      notify_secret_file: run/notify.secret
      poll: [Slot]
      openings: true
      openings_s: 2
      sending:
        per_second: 100
        burst: 100
        writes: [{{ resource: Appointment }}, {{ resource: Slot }}, {{ resource: Communication }}]
"""
LINKS = "  links: { kind: link, site: north }\n"
NEWS = "There is news for you from Northgate Health."
NOTHING: Mapping[str, Any] = {}


@dataclass(kw_only=True)
class Clinic:
    """A house, the EHR it books in, the gateway it texts by, and its doors."""

    house: House
    feed: Feed
    hand: Hand
    outbox: Outbox
    ehr: EhrServer
    gateway: GatewayServer
    mail: Sink
    door: str
    home: Path
    sent: dict[str, int] = field(default_factory=dict)

    # What comes in

    async def says(self, channel: str, person: int, *, phone: str = "", **said: Any) -> int:
        """A patient of the EHR's (1 to 5) says something by a channel; the door's answer."""
        self.hand.forward(timedelta(seconds=1))
        self.sent[channel] = self.sent.get(channel, 0) + 1
        patient: dict[str, Any] = {
            "numbers": [{"authority": MEDICAL_RECORD, "value": f"10000{person}"}],
            "family": f"Family{person}",
        }
        if phone:
            patient["phone"] = phone
        patient |= said.pop("patient", {})
        plain = {
            "id": f"{channel}-{self.sent[channel]}",
            "sent_at": self.hand().isoformat(),
            "patient": patient,
        }
        message = {**plain, **said}
        status, _ = await knock(self.door, channel, message, home=self.home, hand=self.hand)
        await self.hear()
        return status

    async def replies(self, number: str, text: str) -> None:
        """A patient texts back."""
        await self.at_once((number, text))

    async def at_once(self, *replies: tuple[str, str]) -> None:
        """Several patients text back before anything is decided."""
        for number, text in replies:
            self.hand.forward(timedelta(seconds=1))
            assert await self.gateway.reply(number, text, f"{self.door}/sms/texts") == NO_CONTENT
        await self.hear()

    async def chart(self, kind: str, key: str, resource: Mapping[str, Any]) -> int:
        """Somebody at the hospital writes into the EHR itself, which notifies of what changed; the answer's status."""
        self.hand.forward(timedelta(seconds=1))
        records, named = self.ehr.desk.records, {**resource, "resourceType": kind, "id": key}
        if records.current(kind, key) is None:  # not every EHR lets a client choose an id
            self.ehr.notifier.tell(records.put(kind, key, named).resource)
            await self.hear()
            return CREATED
        told = self.ehr.desk.answer(
            Asked(method="PUT", parts=(kind, key), body=json.dumps(named).encode())
        )
        for version in told.changed:
            self.ehr.notifier.tell(version.resource)
        await self.hear()
        return told.status

    async def known(self, person: int, phone: str) -> None:
        """The EHR's record of one of its patients says by which phone they are reached, and tells of it."""
        before = self.ehr.desk.records.current("Patient", f"p{person}")
        assert before is not None
        telecom = [{"system": "phone", "value": phone, "use": "mobile"}] if phone else []
        await self.chart("Patient", f"p{person}", {**before.resource, "telecom": telecom})

    async def visit(self, number: str, person: int, starts: datetime, **said: Any) -> None:
        """An appointment stands in the EHR's book, or changes there."""
        named = {"reference": f"Patient/p{person}", "type": "Patient"}
        code = said.pop("service", "follow-up")
        await self.chart("Appointment", number, {
            "status": "booked", "identifier": [{"system": VISITS, "value": number}], "start": starts.isoformat(),
            "end": (starts + timedelta(minutes=30)).isoformat(), "serviceType": [{"coding": [{"code": code}]}],
            "participant": [{"actor": named, "status": "accepted"}], **said})  # fmt: skip

    async def follows(self, link: str, button: str = "", *, language: str = "") -> tuple[int, str]:
        """A patient opens a link, or presses a button behind it: status and page."""
        headers = {"Accept-Language": language} if language else {}
        async with aiohttp.ClientSession(headers=headers) as session:
            asked = session.post(link, data={"button": button}) if button else session.get(link)
            async with asked as answer:
                told = answer.status, await answer.text()
        await self.hear()
        return told

    async def hear(self) -> None:
        """Interpret and decide whatever came."""
        await self.ehr.notifier.settle()
        for name in INBOUND:
            await self.feed.interpret(connection=name)
        await self.feed.drain()

    async def settle(self) -> None:
        """Let undo windows pass; send, look up, hear and decide until nothing moves."""
        self.hand.forward(timedelta(seconds=15))
        await self.feed.drain()
        for _ in range(ROUNDS):
            moved = await once_around(self.outbox)
            await self.hear()
            if not moved:
                return
            self.hand.forward(timedelta(seconds=3))

    async def wait(self, **by: float) -> None:
        """Time passes; clocks fire, and what they want done is done."""
        self.hand.forward(timedelta(**by))
        await self.feed.drain()
        await self.settle()

    # People

    async def do(
        self,
        task: str,
        outcome: str,
        *,
        person: int = 0,
        by: str = "bo.tarrant",
        form: Mapping[str, Any] = NOTHING,
        reason: str = "",
    ) -> str:
        """Somebody finishes the oldest open task of that name (of that patient); why it was not taken, or nothing."""
        rows = self.feed.sql(
            "select id, version, subject from task where name = %s and closed_at is null order by opened_at, id",
            task,
        )
        self.hand.forward(timedelta(seconds=1))
        mine = [row for row in rows if not person or row[2] == self.subject(person)]
        assert mine, (task, self.open_tasks())
        id_, version, _ = mine[0]
        acted = await acting.complete(self.house.runtime, viewer_of(self.house, by), id_, version=version,
                                      outcome=outcome, form=Phi(form, "form"), reason=reason)  # fmt: skip
        assert isinstance(acted, Acted), acted
        await self.feed.drain()
        return str(acted.answer.reason)

    # What is there

    def subject(self, person: int) -> UUID | None:
        """The subject of one of the EHR's patients."""
        token = self.house.runtime.vault.tokens.identifier(MEDICAL_RECORD, f"10000{person}")
        rows = self.feed.sql(
            "select l.subject from identity_link l join identity i on i.id = l.identity where i.token = %s",
            token,
        )
        return rows[0][0] if rows else None

    def states(self, pathway: str, person: int = 0) -> list[str]:
        """Where the cases of a pathway stand, oldest first."""
        rows = self.feed.sql(
            "select s.state, c.outcome, c.subject from pathway_case c left join step s on s.case_id = c.id"
            " and s.closed_at is null where c.pathway = %s order by c.opened_at, c.id", pathway)  # fmt: skip
        return [str(state or f"closed: {outcome}") for state, outcome, subject in rows
                if not person or subject == self.subject(person)]  # fmt: skip

    def open_tasks(self) -> list[str]:
        """Names of open tasks."""
        return [
            str(name)
            for (name,) in self.feed.sql(
                "select name from task where closed_at is null order by name"
            )
        ]

    def effects(self, pathway: str) -> list[tuple[str, str, str]]:
        """Name, state and cause of a pathway's effects, in order, but for milestones told, which stand apart."""
        return [(str(a), str(b), str(c)) for a, b, c in self.feed.sql(
            "select e.name, e.state, e.cause from effect e join pathway_case c on c.id = e.case_id"
            " where c.pathway = %s and e.name <> 'tell-milestone' order by e.created_at, e.id", pathway)]  # fmt: skip

    def texts(self, number: str = "") -> list[str]:
        """What went out by text (to that number), apart from the news of a milestone."""
        return [text for text in self._sent(number) if not text.startswith(NEWS)]

    def news(self, number: str = "") -> int:
        """How many texts (to that number) said that there is news: each tells one milestone."""
        return sum(text.startswith(NEWS) for text in self._sent(number))

    def _sent(self, number: str) -> list[str]:
        return [
            one.asked.text for one in self.gateway.taken if not number or one.asked.to == number
        ]

    def owned(self) -> None:
        """Every open case has an open step with owner and clock (I7)."""
        rows = self.feed.sql(
            "select c.id from pathway_case c left join step s on s.case_id = c.id and s.closed_at is null"
            " and s.owner_name <> '' and s.due_at is not null where c.closed_at is null"
            " group by c.id having count(s.id) < 1")  # fmt: skip
        assert rows == []

    # The EHR

    async def slot(
        self, key: str, starts: datetime, *, minutes: int = 30, status: str = "free", **said: Any
    ) -> None:
        """A slot of cardiology stands in the EHR's book; a free one is told of."""
        end = starts + timedelta(minutes=minutes)
        service = {"serviceType": [{"coding": [{"code": "cardiology"}]}]}
        await self.chart("Slot", key, {
            "status": status, "schedule": {"reference": "Schedule/cardiology"}, "start": starts.isoformat(),
            "end": end.isoformat(), **service, **said})  # fmt: skip

    def slot_status(self, key: str) -> str:
        """What the EHR says of a slot."""
        version = self.ehr.desk.records.current("Slot", key)
        return str(version.resource["status"]) if version else ""

    def appointments(self, slot: str = "") -> list[Mapping[str, Any]]:
        """Booked appointments (of a slot) in the EHR, those of the starting charts left out."""
        return [version.resource for version in self.ehr.desk.records.of_kind("Appointment")
                if version.resource.get("status") == "booked" and version.resource["id"] != "a1"
                and (not slot or f"Slot/{slot}" in str(version.resource.get("slot")))]  # fmt: skip

    def never_double_booked(self) -> None:
        """No slot has two appointments that take place."""
        taken = [
            str(one["reference"]) for each in self.appointments() for one in each.get("slot", [])
        ]
        assert len(taken) == len(set(taken)), taken


@asynccontextmanager
async def opened(
    database: DatabaseUrls,
    home: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    *,
    profile: str = "a",
    minds_match: bool = True,
) -> AsyncIterator[Clinic]:
    """Open one; its books are audited when the test is over."""
    async with AsyncExitStack() as stack:
        posts = await stack.enter_async_context(standing_posts("twilio", hand))
        ehr = EhrServer(
            profile=replace(PROFILES[profile], minds_match=minds_match), clock=SharedClock(hand)
        )
        base = await ehr.start()
        stack.push_async_callback(ehr.stop)
        at_the_door = Later()
        door = await stack.enter_async_context(standing(at_the_door))
        booking = "create" if profile == "a" else "transaction"
        own = EHR.format(ehr=base, keyed=str(profile == "a").lower(), booking=booking)
        channels = "".join(CHANNEL.format(name=name) for name in CHANNELS)
        to_posts = posts.connections(f"{door}/sms/texts")
        settings = _settings(home, LISTENER + own + to_posts + LINKS + channels, door)
        feed = await stack.enter_async_context(fed(settings, database, hand, superuser))
        ehr.tokens.register(
            "carelane", json.loads((home / "run/ehr-client-key.jwks.json").read_text())
        )
        _subscribe(ehr, door, (home / "run/notify.secret").read_text())
        at_the_door.app = await stack.enter_async_context(receiving(feed.house))
        outbox = await stack.enter_async_context(outbox_for(feed.house))
        yield Clinic(
            house=feed.house, feed=feed, hand=hand, outbox=outbox, ehr=ehr,
            gateway=posts.gateway, mail=posts.mail, door=door, home=home,
        )  # fmt: skip


def _settings(home: Path, connections: str, door: str) -> Settings:
    settings = copied(home, connections)
    messages = settings.site / "messages.yaml"
    messages.write_text(messages.read_text().replace("http://127.0.0.1:20481", door))
    (home / "run").mkdir(exist_ok=True)
    (home / "run/notify.secret").write_text("a secret for tests, long enough to count")
    return settings


def _subscribe(ehr: EhrServer, door: str, secret: str) -> None:
    for kind in NOTIFIED:
        ehr.desk.records.put("Subscription", f"to-carelane-{kind.lower()}", {
            "resourceType": "Subscription", "status": "active", "criteria": f"{kind}?",
            "channel": {"type": "rest-hook", "endpoint": f"{door}/fhir/ehr", "payload": "application/fhir+json",
                        "header": [f"X-Carelane-Secret: {secret}"]}})  # fmt: skip
