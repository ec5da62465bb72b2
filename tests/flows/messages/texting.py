"""A house that texts: the shipped site with an SMS gateway and mail, and a pathway that reminds of visits."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from carelane.compose.connections import envelopes, settings_of
from carelane.compose.house import House
from carelane.connect.sms.adapter import open_door
from carelane.effects.outbox import Outbox
from carelane.facts.ports import Receipt
from carelane.intake.receive import arrived_of
from carelane.store.messages import store_arrived
from carelane.store.roles import DatabaseUrls
from carelane.testing.doorstep import standing
from carelane.testing.gateways.server import GatewayServer
from carelane.testing.hospital.smtp import Sink
from carelane.testing.messages import appointment_booked, register
from tests.flows.conftest import Feed, Hand
from tests.flows.doors import Later
from tests.flows.posts import LISTENER, PATIENTS, outbox_for, standing_posts
from tests.flows.rounds import once_around
from tests.flows.sites import add, copied, fed

HERE = Path(__file__).parent
SITE = f"""{LISTENER}  ehr:
    kind: hl7v2
    serves: [ehr.referral.update]
    settings: {{ host: 127.0.0.1, port: 9 }}
"""
NOTHING: Mapping[str, str] = {}


@dataclass(kw_only=True)
class Texting:
    """A house, the gateway it texts by and the mail server it writes by."""

    house: House
    feed: Feed
    hand: Hand
    outbox: Outbox
    gateway: GatewayServer
    mail: Sink
    door: str

    async def visit(self, n: int, person: int, **contacts: str) -> None:
        """A patient with these contacts is registered and gets an appointment."""
        await self.feed.send(with_contacts(register(2 * n, person=person), **contacts))
        await self.feed.send(
            with_contacts(appointment_booked(2 * n + 1, person=person), **contacts)
        )

    async def settle(self, *, rounds: int = 12) -> None:
        """Send what may go, reconcile, decide, until nothing moves."""
        for _ in range(rounds):
            moved = await once_around(self.outbox)
            await self.hear()
            if not moved:
                return
            self.hand.forward(timedelta(seconds=3))

    async def hear(self) -> None:
        """Interpret and decide what came to the door."""
        await self.feed.interpret(connection="texts")
        await self.feed.drain()

    async def reply(self, number: str, text: str) -> None:
        """A patient texts back, and it is dealt with."""
        self.hand.forward(timedelta(seconds=1))
        assert await self.gateway.reply(number, text, self.door) == 204
        await self.hear()

    async def receipt(self, status: str, why: str = "", *, of: int = -1) -> None:
        """The gateway says how a text ended."""
        assert await self.gateway.receipt(self.gateway.accepted[of], status, why) == 204
        await self.hear()

    def texts(self) -> list[tuple[str, str]]:
        """What went out: number and words."""
        return [(one.asked.to, one.asked.text) for one in self.gateway.taken]

    def effects(self) -> list[tuple[str, str, str]]:
        """Connection, state and cause of each message to a patient."""
        return [(str(a), str(b), str(c)) for a, b, c in self.feed.sql(
            "select connection, state, cause from effect where capability = 'patient.message'"
            " order by created_at, id")]  # fmt: skip

    def states(self, pathway: str = "visit-reminder") -> list[str]:
        """Where the cases of a pathway stand, oldest first."""
        rows = self.feed.sql(
            "select s.state, c.outcome from pathway_case c left join step s on s.case_id = c.id and s.closed_at is null"
            " where c.pathway = %s order by c.opened_at, c.id", pathway)  # fmt: skip
        return [str(state or f"closed: {outcome}") for state, outcome in rows]

    def facts(self, prefix: str) -> list[str]:
        """The types of facts that begin so, in order."""
        rows = self.feed.sql(
            "select type from fact where type like %s order by recorded_at, id", f"{prefix}%"
        )
        return [str(one) for (one,) in rows]


def with_contacts(
    raw: bytes,
    *,
    mobile: str = "",
    mail: str = "",
    language: str = "",
    state: str = "",
    rank: str = "",
) -> bytes:
    """The message with other contacts of its patient (PID-11, PID-13, PID-15)."""
    lines = raw.decode().split("\r")
    place = next(at for at, line in enumerate(lines) if line.startswith("PID"))
    fields = lines[place].split("|") + [""] * 20
    ranked = f"{'^' * 14}{rank}" if rank else ""
    listed = [f"{mobile}^PRN^CP" if mobile else "", f"^NET^Internet^{mail}{ranked}" if mail else ""]
    fields[13] = "~".join(one for one in listed if one)
    fields[15] = language
    if state:
        fields[11] = f"1 Elm Street^^Northtown^{state}^10001"
    lines[place] = "|".join(fields).rstrip("|")
    return "\r".join(lines).encode()


@asynccontextmanager
async def texting(  # what a house is made of
    database: DatabaseUrls,
    folder: Path,
    hand: Hand,
    superuser: "psycopg.Connection[Any]",
    *,
    dialect: str,
    rules: str = "",
    if_unknown: str = "drop",
    extra: Mapping[str, str] = NOTHING,
    site: str = SITE,
    texts: str = PATIENTS,
) -> AsyncIterator[Texting]:
    """Open one on a site's other connections; its books are audited when the test is over.

    `extra` is added to files of the folder, `texts` is what the gateway serves.
    """
    async with AsyncExitStack() as stack:
        posts = await stack.enter_async_context(standing_posts(dialect, hand))
        at_the_door = Later()
        door = f"{await stack.enter_async_context(standing(at_the_door))}/sms/texts"
        settings = copied(folder, site + posts.connections(door, texts=texts))
        if rules:
            (settings.site / "messages.yaml").write_text(rules)
        reminder = add(settings, HERE / "visit-reminder.yaml")
        said = f"if_unknown: {if_unknown}"
        reminder.write_text(reminder.read_text().replace("if_unknown: drop", said))
        for name, text in extra.items():
            with (folder / name).open("a") as file:
                file.write(text)
        feed = await stack.enter_async_context(fed(settings, database, hand, superuser))
        house = feed.house
        at_the_door.app = open_door(
            settings_of(house.runtime.directory.connections["texts"], settings.home),
            connection="texts", receive=_keeper(house), now=hand)  # fmt: skip
        outbox = await stack.enter_async_context(outbox_for(house))
        yield Texting(
            house=house, feed=feed, hand=hand, outbox=outbox, gateway=posts.gateway, mail=posts.mail, door=door
        )  # fmt: skip


def _keeper(house: House) -> Any:
    """A receiver that stores one message and then answers."""
    read = envelopes(house.runtime.directory)

    async def receive(connection: str, raw: bytes) -> Receipt:
        runtime = house.runtime
        arrived = arrived_of(runtime, connection, raw, read[connection](raw))
        async with runtime.worker.transaction() as tx:
            [receipt] = await store_arrived(tx, runtime.vault, runtime.organisation, [arrived])
        return receipt

    return receive
