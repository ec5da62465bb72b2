"""A whole clinic for flow tests: the shipped site beside a simulated EHR, an SMS gateway, a mail server and its doors.

Messages come in by HL7 v2 and by every channel's door over a socket; writes leave to the EHR, texts to the gateway,
alerts to the mail server. People do the work by name.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from carelane.compose.incoming import channel_doors
from carelane.compose.people import viewer_of
from carelane.facts.phi import Phi
from carelane.store.roles import DatabaseUrls
from carelane.testing.doorstep import standing
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from tests.flows.conftest import Hand
from tests.flows.doors import CHANNEL, knock, receiving
from tests.flows.messages.texting import Texting, texting
from tests.flows.outside import SharedClock
from tests.flows.posts import LISTENER

CHANNELS = ("web-form", "chat", "call-centre", "portal", "device")
_EHR = """  ehr:
    kind: fhir
    serves: [ehr.referral.update, ehr.communication, ehr.appointment.book, ehr.appointment.cancel, patient.letter]
    settings:
      base_url: BASE
      client_id: carelane
      key_id: carelane-1
      key_file: run/chart-key.pem
      update_as_create: true
      sending:
        per_second: 50
        burst: 50
        writes:
          - { resource: Task }
          - { resource: Communication }
          - { resource: CommunicationRequest }
          - { resource: Appointment }
"""
NO_FORM: Mapping[str, Any] = {}
MOBILE, NUMBER = "555-555-0101", "+15555550101"


@dataclass(kw_only=True)
class Clinic(Texting):
    """A texting house with its channels' doors on a socket, and the EHR that it writes to."""

    ehr: EhrServer
    home: Path
    doors: str
    numbers: dict[str, int] = field(default_factory=dict)

    async def send(self, channel: str, person: int = 1, **said: Any) -> tuple[int, Any]:
        """One message by a channel's door, and all that follows; status and answer."""
        self.hand.forward(timedelta(seconds=1))
        self.numbers[channel] = self.numbers.get(channel, 0) + 1
        plain: dict[str, Any] = {
            "id": f"{channel}-{self.numbers[channel]}",
            "sent_at": self.hand().isoformat(),
            "patient": {"numbers": [{"authority": "NORTH", "value": f"P{person:07d}"}], "phone": MOBILE},
        }  # fmt: skip
        told = await self.post(channel, {**plain, **said})
        await self.feed.interpret(connection=channel)
        await self.feed.drain()
        return told

    async def post(self, channel: str, message: Mapping[str, Any]) -> tuple[int, Any]:
        """One signed request to a door; nothing else happens."""
        return await knock(self.doors, channel, message, home=self.home, hand=self.hand)

    async def forward(self, by: timedelta) -> None:
        """Let time pass and clocks fire."""
        self.hand.forward(by)
        await self.feed.drain()

    async def done(self) -> None:
        """Let the undo window pass, and everything that is wanted happen."""
        self.hand.forward(timedelta(seconds=15))
        await self.settle()

    async def do(
        self,
        pathway: str,
        name: str,
        outcome: str,
        *,
        by: str,
        form: Mapping[str, Any] = NO_FORM,
        reason: str = "",
        case: UUID | None = None,
    ) -> None:
        """A person finishes the open task of that name (of that case), and the answer was taken."""
        self.hand.forward(timedelta(seconds=1))
        [(task, version)] = self.feed.sql(
            "select t.id, t.version from task t join pathway_case c on c.id = t.case_id"
            " where t.name = %s and c.pathway = %s and t.closed_at is null and c.id = coalesce(%s, c.id)",
            name, pathway, case)  # fmt: skip
        acted = await acting.complete(
            self.house.runtime, viewer_of(self.house, by), task, version=version, outcome=outcome,
            form=Phi(form, "form"), reason=reason,
        )  # fmt: skip
        assert isinstance(acted, Acted), acted
        assert acted.answer.reason == "", acted.answer
        await self.feed.drain()

    def waits(self, pathway: str) -> list[str]:
        """The states in which the pathway's cases stand, by name; `closed: OUTCOME` for those that ended."""
        rows = self.feed.sql(
            "select coalesce(s.state, 'closed: ' || c.outcome) from pathway_case c"
            " left join step s on s.case_id = c.id and s.closed_at is null where c.pathway = %s order by 1",
            pathway)  # fmt: skip
        return [str(state) for (state,) in rows]

    def owner(self, state: str) -> str:
        """Who owns the open step of this state."""
        [(name,)] = self.feed.sql(
            "select owner_name from step where state = %s and closed_at is null", state
        )
        return str(name)

    def due(self, state: str) -> Any:
        """When the open step of this state is due."""
        [(at,)] = self.feed.sql(
            "select due_at from step where state = %s and closed_at is null", state
        )
        return at

    def wanted(self, pathway: str) -> list[tuple[str, str]]:
        """Name and state of the effects of the pathway's cases, in order."""
        rows = self.feed.sql(
            "select e.name, e.state from effect e join pathway_case c on c.id = e.case_id where c.pathway = %s"
            " order by e.created_at, e.id", pathway)  # fmt: skip
        return [(str(name), str(state)) for name, state in rows]

    def told(self) -> list[str]:
        """Who was told of a level, in order."""
        rows = self.feed.sql("select recipient from notice where kind = 'level' order by at, id")
        return [str(one) for (one,) in rows]

    def charted(self, kind: str = "Communication") -> list[Any]:
        """What the EHR holds of a kind, in our own writing."""
        return [
            version.resource
            for version in self.ehr.desk.records.everything()
            if version.resource["resourceType"] == kind
        ]

    def owned(self) -> None:
        """Every open case has an open step, and every open step an owner and a due time."""
        rows = self.feed.sql(
            "select c.pathway from pathway_case c where c.closed_at is null and not exists"
            " (select from step s where s.case_id = c.id and s.closed_at is null and s.owner_name <> '')"
            " union all select state from step where closed_at is null"
            " and (owner_name = '' or due_at is null)")  # fmt: skip
        assert rows == []


@asynccontextmanager
async def clinic(
    database: DatabaseUrls,
    folder: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    extra: Mapping[str, str] | None = None,
) -> AsyncIterator[Clinic]:
    """Open one; its books are audited when the test is over."""
    ehr = EhrServer(profile=PROFILES["a"], clock=SharedClock(hand))
    base = await ehr.start()
    site = LISTENER + _EHR.replace("BASE", str(base))
    channels = "connections:\n" + "".join(CHANNEL.format(name=name) for name in CHANNELS)
    more = {"site/channels.yaml": channels, **(extra or {})}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ehr.stop)
        texted = await stack.enter_async_context(
            texting(database, folder, hand, superuser, dialect="twilio", site=site, extra=more)
        )
        ehr.tokens.register(
            "carelane", json.loads((folder / "run/chart-key.jwks.json").read_text())
        )
        app = await stack.enter_async_context(receiving(texted.house, channel_doors))
        doors = await stack.enter_async_context(standing(app))
        yield Clinic(**vars(texted), ehr=ehr, home=folder, doors=doors)
