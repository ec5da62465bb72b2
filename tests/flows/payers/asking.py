"""A house beside a synthetic payer and EHR, all on one hand clock: for tests of prior authorisations."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from carelane.compose.house import House
from carelane.compose.people import keeper_of
from carelane.connect.fhir.payer import PayerSender
from carelane.connect.fhir.payer_adapter import profile_of
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.payer.claims import Held
from carelane.testing.payer.server import PayerServer
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, SharedClock, close_outside, open_outside
from tests.flows.rounds import once_around

PATHWAY = "prior-authorisation"
ROUNDS_MAX = 30
EVERY_S = 3600  # how often these tests ask after a pended claim, whatever the site says


@dataclass(kw_only=True)
class Asking:
    """What a test of authorisations has at hand."""

    outside: Outside
    payer: PayerServer

    @property
    def feed(self) -> Feed:
        """Messages in."""
        return self.outside.feed

    async def settle(self, *, seconds: int = 60) -> None:
        """Send what may go, look up, ask after, interpret the answers, decide."""
        out = self.outside
        out.hand.forward(timedelta(seconds=seconds))
        for _ in range(ROUNDS_MAX):
            moved = await once_around(out.outbox)
            await self.feed.interpret(connection="payer")
            await self.feed.drain()
            if not moved:
                return
            out.hand.forward(timedelta(seconds=1))

    async def later(self, **by: float) -> None:
        """Let time pass, clocks fire, and what is due be asked."""
        await self.outside.forward(timedelta(**by))
        await self.settle()

    async def do(self, task: str, outcome: str, *, by: str = "amara.quill", **form: Any) -> None:
        """A person finishes the open task; what follows leaves."""
        await self.outside.do(task, outcome, by=by, form=form, pathway=PATHWAY)
        await self.settle()

    async def prepared(self, raw: bytes) -> None:
        """An order comes and its documents are put together."""
        await self.feed.send(raw)
        assert self.state() == "assembling"
        await self.do("assemble", "complete", documents="Letter, imaging report")

    def answers(self, *answers: str) -> None:
        """What the payer says to the next claims."""
        self.payer.desk.said.extend(answers)

    def decides(self, answer: str) -> None:
        """The payer's reviewer decides what is pended."""
        self.payer.desk.decide("", answer)

    def state(self) -> str:
        """Where the only case stands."""
        return self.outside.state(pathway=PATHWAY)

    def claims(self) -> list[Held]:
        """What the payer holds; never anything twice."""
        assert self.payer.desk.book.doubles == 0
        return self.payer.desk.book.held

    def facts(self) -> list[str]:
        """The payer's answers, as they were read, oldest first."""
        rows = self.feed.sql(
            "select type from fact where type like 'authorisation.%%' order by recorded_at, id"
        )
        return [str(name) for (name,) in rows]

    def submissions(self) -> list[tuple[str, str]]:
        """State and cause of each submission, in order."""
        rows = self.feed.sql(
            "select state, cause from effect where name = 'submit' order by created_at, id"
        )
        return [(str(state), str(cause)) for state, cause in rows]

    def awaited(self) -> int:
        """How many answers are asked after."""
        [(count,)] = self.feed.sql("select count(*) from awaited")
        return int(count)


@asynccontextmanager
async def asking(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Asking]:
    """Start a payer and an EHR for the house."""
    outside = await open_outside(house, feed, hand, profile="a")
    payer = PayerServer(clock=SharedClock(hand))
    client = signed_client(payer, await payer.start())
    said = house.runtime.directory.connections["payer"].settings
    given: Mapping[str, Any] = {**said, "inquire_every_s": EVERY_S}
    keep = partial(keeper_of(house), "payer")
    await outside.outbox.senders["payer"].close()
    sender = PayerSender(client=client, profile=profile_of(given), keep=keep)
    outside.outbox = replace(outside.outbox, senders={**outside.outbox.senders, "payer": sender})
    try:
        yield Asking(outside=outside, payer=payer)
        outside.owned()
    finally:
        await close_outside(outside)
        await payer.stop()
