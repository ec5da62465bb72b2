"""A site without FHIR: the shipped pathways unchanged, effects leave by HL7 v2 and its acknowledgements settle them."""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.connect.hl7v2.codec import parse
from carelane.store.roles import DatabaseUrls
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.messages import (
    Origin,
    appointment_booked,
    critical_result,
    referral,
    register,
    report,
)
from carelane.testing.mllp import Receiver
from tests.flows.conftest import Hand
from tests.flows.outside import Outside
from tests.flows.posts import outbox_for
from tests.flows.sites import copied, fed

pytestmark = pytest.mark.postgres
CONNECTIONS = """
connections:
  mllp:
    kind: hl7v2
    site: north
    settings: {{ direction: in, listen_host: 127.0.0.1, listen_port: 0 }}
  engine:
    kind: hl7v2
    serves: [ehr.referral.update, ehr.appointment.book, ehr.appointment.cancel, ehr.communication, ehr.document]
    settings:
      direction: out
      host: 127.0.0.1
      port: {port}
      answer_s: 1
      to_application: HIS
      to_facility: NORTH
      sending:
        per_second: 50
        burst: 50
        concurrency: 1
        writes: [{{ resource: RRI^I13 }}, {{ resource: SIU^S12 }}, {{ resource: SIU^S15 }}, {{ resource: MDM^T02 }}]
"""


@dataclass(kw_only=True)
class Engine:
    """The hospital's interface engine, and the house beside it."""

    outside: Outside
    receiver: Receiver

    def triggers(self) -> list[str]:
        """What it was sent, one per control id."""
        kept = []
        for raw in self.receiver.kept.values():
            message, _ = parse(raw)
            assert message is not None
            kept.append(f"{message.get('MSH', 9)}")
        return kept


@pytest.fixture
async def engine(
    database: DatabaseUrls, home: Path, hand: Hand, superuser: "psycopg.Connection[Any]"
) -> AsyncIterator[Engine]:
    """A house whose site has no FHIR connection at all."""
    receiver = Receiver(now=hand)
    settings = copied(home, CONNECTIONS.format(port=await receiver.open()))
    async with (
        fed(settings, database, hand, superuser) as feed,
        outbox_for(feed.house) as outbox,
    ):
        nobody = EhrServer(profile=PROFILES["a"])  # never started: there is none
        outside = Outside(house=feed.house, feed=feed, hand=hand, outbox=outbox, ehr=nobody)
        yield Engine(outside=outside, receiver=receiver)
    await receiver.close()


@pytest.mark.requirement("R89")
@pytest.mark.requirement("R83")
async def test_a_referral_is_answered_by_hl7_alone(engine: Engine) -> None:
    """Accepted and reported leave as RRI^I13, each once, settled by the acknowledgement."""
    outside = engine.outside
    await outside.feed.send(referral(1, specialty=1))
    await outside.do("triage-referral", "accepted", by="dev.okafor")
    await outside.settle()
    assert outside.effects() == [("tell-accepted", "done", "")]
    await outside.feed.send(
        appointment_booked(2, of=1, person=1), register(3, person=1, appointment=2)
    )
    await outside.feed.send(report(4, of=1, person=1))
    await outside.settle()
    assert outside.state() == "closed: report-received"
    assert [state for _, state, _ in outside.effects()] == ["done", "done"]
    assert len(engine.receiver.received) == len(engine.receiver.kept) == 2
    assert all("RRI" in trigger for trigger in engine.triggers()), engine.triggers()


@pytest.mark.parametrize("fault", ["silent", "cut", "half", "refuse", "error"])
async def test_without_an_answer_a_person_is_told_and_nothing_is_done_twice(
    engine: Engine, fault: str
) -> None:
    """The engine holds it at most once; unless it was done, somebody named has the work."""
    outside = engine.outside
    engine.receiver.faults = deque([fault])
    await outside.feed.send(referral(1, specialty=1))
    await outside.do("triage-referral", "accepted", by="dev.okafor")
    for _ in range(3):
        await outside.settle(seconds=120)
    [(_, state, _)] = outside.effects()
    assert len(engine.receiver.kept) <= 1
    owners = outside.feed.sql("select t.owner_name from task t join pathway_case c on c.id = t.case_id"
                              " where c.pathway = 'effect-attention' and t.closed_at is null")  # fmt: skip
    assert state == "done" or owners == [("integration-desk",)], (state, owners)
    outside.owned()


@pytest.mark.requirement("R132")
async def test_what_no_connection_serves_is_a_persons_work(engine: Engine) -> None:
    """Without any way to alert staff, each alert is a task at once, and the levels still rise."""
    outside = engine.outside
    origin = Origin(start=outside.hand() - timedelta(seconds=1))
    await outside.feed.send(critical_result(1, origin=origin))
    await outside.settle(seconds=1)
    assert {state for _, state, _ in outside.effects()} == {"dead"}
    waiting = outside.feed.sql(
        "select count(*) from pathway_case where pathway = 'effect-attention' and closed_at is null"
    )
    assert waiting[0][0] >= 1
    outside.owned()
    state = outside.state(pathway="critical-result")
    assert state in {"call", "call-on-call"}
    await outside.do("take-result", "acknowledged", by="gwen.ashby", pathway="critical-result",
                     form={"received_by": "Gwen Ashby", "read_back": True})  # fmt: skip
    await outside.settle()
    assert any("MDM" in trigger for trigger in engine.triggers()), engine.triggers()


async def test_what_a_person_decides_about_a_failed_effect_is_done(engine: Engine) -> None:
    """Refused, looked at, sent again: the engine has it once, and both cases know."""
    outside = engine.outside
    engine.receiver.faults = deque(["refuse"])
    await outside.feed.send(referral(1, specialty=1))
    await outside.do("triage-referral", "accepted", by="dev.okafor")
    await outside.settle()
    assert outside.effects()[0][1] == "dead"
    await outside.do("settle-effect", "send-again", by="jonas.weald", pathway="effect-attention")
    assert outside.effects()[0][1] == "dead", "the decision may still be undone"
    await outside.settle()
    await outside.settle()
    assert outside.effects()[0][1] == "done"
    assert len(engine.receiver.kept) == 1
    assert outside.state(pathway="effect-attention") == "closed: settled"
