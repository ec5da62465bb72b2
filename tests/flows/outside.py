"""The other side of flow tests: a synthetic EHR of either profile beside a house, and people who do the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from typing_extensions import override

from carelane.compose.connections import alerted
from carelane.compose.house import House
from carelane.compose.people import outbox_of, viewer_of
from carelane.connect.fhir.sender import FhirSender
from carelane.connect.mail.adapter import open_sender as open_mail
from carelane.directory.alerting import MAIL
from carelane.effects.claim import know
from carelane.effects.outbox import Outbox
from carelane.facts.phi import Phi
from carelane.facts.ports import Sender
from carelane.testing.conformance.fhir_rig import CLIENT_PROFILES
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.worklist import acting
from carelane.worklist.answers import Acted
from tests.flows.conftest import Feed, Hand
from tests.flows.rounds import once_around

NO_FORM: Mapping[str, Any] = {}
ROUNDS_MAX = 40

ABSENT = frozenset({"texts", "letters"})  # no gateway here: whoever is called by phone gets mail


class SharedClock(HostClock):
    """The EHR goes by the hand clock too, so that nothing waits."""

    def __init__(self, hand: Hand) -> None:
        super().__init__()
        self._hand = hand

    @override
    def now(self) -> datetime:
        """The time the hand clock shows."""
        return self._hand()


@dataclass(kw_only=True)
class Outside:
    """A house with its outbox and the EHR it talks to."""

    house: House
    feed: Feed
    hand: Hand
    outbox: Outbox
    ehr: EhrServer

    async def settle(self, *, seconds: int = 60) -> None:
        """Let the undo window pass, send what may go, look up what is unknown, decide what comes of it."""
        self.hand.forward(timedelta(seconds=seconds))
        for _ in range(ROUNDS_MAX):
            moved = await once_around(self.outbox)
            await self.feed.drain()
            if not moved:
                return
            self.hand.forward(timedelta(seconds=1))

    async def forward(self, by: timedelta) -> None:
        """Let time pass and clocks fire."""
        self.hand.forward(by)
        await self.feed.drain()

    def task(self, name: str, *, pathway: str = "referral-intake") -> tuple[UUID, int]:
        """The one open task of that name."""
        rows = self.feed.sql(
            "select t.id, t.version from task t join pathway_case c on c.id = t.case_id"
            " where t.name = %s and c.pathway = %s and t.closed_at is null", name, pathway)  # fmt: skip
        [(task, version)] = rows
        return task, version

    async def do(
        self,
        name: str,
        outcome: str,
        *,
        by: str = "amara.quill",
        form: Mapping[str, Any] = NO_FORM,
        pathway: str = "referral-intake",
        reason: str = "",
    ) -> UUID:
        """A person finishes the open task of that name."""
        task, version = self.task(name, pathway=pathway)
        acted = await acting.complete(
            self.house.runtime,
            viewer_of(self.house, by),
            task,
            version=version,
            outcome=outcome,
            form=Phi(form, "form"),
            reason=reason,
        )
        assert isinstance(acted, Acted), acted
        assert acted.answer.reason == "", acted.answer
        await self.feed.drain()
        return task

    def state(self, *, pathway: str = "referral-intake") -> str:
        """Where the only case of a pathway stands; `closed: OUTCOME` once it is closed."""
        query = ("select s.state, c.closed_at, c.outcome from pathway_case c left join step s on s.case_id = c.id"
                 " and s.closed_at is null where c.pathway = %s")  # fmt: skip
        [(state, closed, outcome)] = self.feed.sql(query, pathway)
        return f"closed: {outcome}" if closed else str(state)

    def owned(self) -> None:
        """Every open case has one open step with owner and clock (I1)."""
        rows = self.feed.sql(
            "select c.id, count(s.id) from pathway_case c left join step s on s.case_id = c.id"
            " and s.closed_at is null and s.owner_name <> '' and s.due_at is not null"
            " where c.closed_at is null group by c.id having count(s.id) <> 1")  # fmt: skip
        assert rows == []

    def effects(self) -> list[tuple[str, str, str]]:
        """Name, state and cause of each effect in order, but for milestones told to the patient, which stand apart."""
        return [(str(a), str(b), str(c)) for a, b, c in self.feed.sql(
            "select name, state, cause from effect where name <> 'tell-milestone'"
            " order by created_at, id")]  # fmt: skip

    def held(self) -> Mapping[str, int]:
        """How many resources of the EHR carry the id of each effect that counts as done at the EHR."""
        ids = [str(each) for (each,) in self.feed.sql(
            "select id from effect where state = 'done' and connection = 'ehr'")]  # fmt: skip
        found = [str(one.get("value")) for version in self.ehr.desk.records.everything()
                 for one in version.resource.get("identifier", [])]  # fmt: skip
        return {each: found.count(each) for each in ids}


async def open_outside(
    house: House, feed: Feed, hand: Hand, *, profile: str, mail_port: int = 0
) -> Outside:
    """Start an EHR, put a sender for it in the house's outbox, know the destinations."""
    directory = house.runtime.directory
    ehr = EhrServer(profile=PROFILES[profile], clock=SharedClock(hand))
    client = signed_client(ehr, await ehr.start())
    plain = outbox_of(house)
    senders: dict[str, Sender] = {
        **plain.senders,
        "ehr": FhirSender(client=client, profile=CLIENT_PROFILES[profile]),
    }
    await plain.senders["ehr"].close()
    if mail_port:
        staff = {**directory.connections["staff"].settings, "port": mail_port}
        staff.pop("sending")
        senders["staff"] = open_mail(staff, find=partial(alerted, directory, MAIL))
    there = {name: each for name, each in plain.destinations.items() if name not in ABSENT}
    outbox = Outbox(runtime=house.runtime, destinations=there, senders=senders)
    await know(outbox)
    return Outside(house=house, feed=feed, hand=hand, outbox=outbox, ehr=ehr)


async def close_outside(outside: Outside) -> None:
    """Let go of sockets."""
    for sender in outside.outbox.senders.values():
        await sender.close()
    await outside.ehr.stop()
