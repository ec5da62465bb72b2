"""A critical result from verification to "the patient was told", with real mail to staff and both EHRs."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from carelane.casebook.trace import trace
from carelane.compose.house import House
from carelane.testing.hospital.smtp import Sink
from carelane.testing.messages import Origin, critical_result, result
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
PATHWAY = "critical-result"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    """Where mail to staff arrives."""
    opened = Sink()
    yield opened
    await opened.close()


@pytest.fixture(params=["a", "b"])
async def outside(
    house: House, feed: Feed, hand: Hand, sink: Sink, request: pytest.FixtureRequest
) -> AsyncIterator[Outside]:
    """A house beside an EHR of each profile and a mail server."""
    opened = await open_outside(
        house, feed, hand, profile=request.param, mail_port=await sink.open()
    )
    yield opened
    await close_outside(opened)


def _verified(at: datetime) -> Origin:
    """Messages of event 1 are verified at this instant."""
    return Origin(start=at - timedelta(seconds=1))


def _levels(outside: Outside) -> list[tuple[str, str]]:
    rows = outside.feed.sql(
        "select name, state from effect where name = 'alert' order by created_at, id"
    )
    return [(str(name), str(state)) for name, state in rows]


@pytest.mark.requirement("R75")
@pytest.mark.parametrize("status", ["P", "F"])
async def test_help_is_called_higher_until_someone_reads_it_back(
    outside: Outside, sink: Sink, status: str
) -> None:
    """Responsible at once, covering at 10, on call at 20 minutes; taken, acted on, the patient told, closed."""
    origin = _verified(outside.hand())
    await outside.feed.send(critical_result(1, status=status, origin=origin))
    outside.owned()
    assert outside.state(pathway=PATHWAY) == "call"
    await outside.settle(seconds=5)
    first = len(sink.mails)
    assert first >= 1, outside.effects()
    await outside.forward(timedelta(minutes=10))
    await outside.settle(seconds=1)
    second = len(sink.mails)
    assert second > first, outside.effects()
    await outside.forward(timedelta(minutes=10))
    await outside.settle(seconds=1)
    assert len(sink.mails) > second, outside.effects()
    outside.owned()
    await outside.do("take-result", "acknowledged", by="gwen.ashby", pathway=PATHWAY,
                     form={"received_by": "Gwen Ashby", "read_back": True})  # fmt: skip
    outside.owned()
    assert outside.state(pathway=PATHWAY) == "act"
    await outside.settle()
    assert set(outside.held().values()) == {1}
    await outside.do("act-on-result", "acted", by="gwen.ashby", pathway=PATHWAY,
                     form={"action": "Calcium given"})  # fmt: skip
    assert outside.state(pathway=PATHWAY) == "inform"
    [(time,)] = outside.feed.sql("select due_at - started_at from step where state = 'inform'")
    assert time == timedelta(hours=24)  # the site's setting as shipped
    await outside.do("inform-patient", "informed", by="dev.okafor", pathway=PATHWAY,
                     form={"told_by": "Dev", "told_how": "phone"})  # fmt: skip
    assert outside.state(pathway=PATHWAY) == "closed: informed"


async def test_it_is_called_on_and_on_until_someone_does(outside: Outside, sink: Sink) -> None:
    """After 30 minutes the physician on call is called, and again; the case keeps owner and clock."""
    await outside.feed.send(critical_result(1, origin=_verified(outside.hand())))
    heard = []
    for _ in range(6):
        await outside.forward(timedelta(minutes=15))
        await outside.settle(seconds=1)
        outside.owned()
        heard.append(len(sink.mails))
    assert outside.state(pathway=PATHWAY) == "call-on-call"
    assert heard == sorted(set(heard)), heard


async def test_a_result_verified_long_ago_goes_to_the_highest_level_at_once(
    outside: Outside, sink: Sink
) -> None:
    """The clock counts from verification, not arrival; the lower levels are told too."""
    await outside.feed.send(
        critical_result(1, origin=_verified(outside.hand() - timedelta(hours=3)))
    )
    await outside.feed.drain()
    await outside.settle(seconds=1)
    outside.owned()
    assert any("physician-on-call" in mail for mail in sink.mails)
    passed = outside.feed.sql("select recipient from notice where kind = 'passed'")
    assert {"responsible-clinician", "covering-clinician"} <= {name for (name,) in passed}


async def test_a_correction_even_to_normal_goes_back_to_whoever_acted(outside: Outside) -> None:
    """After it was taken, the corrected result is a task of the same person."""
    origin = _verified(outside.hand())
    await outside.feed.send(critical_result(1, origin=origin))
    await outside.do("take-result", "acknowledged", by="gwen.ashby", pathway=PATHWAY,
                     form={"received_by": "Gwen Ashby", "read_back": True})  # fmt: skip
    await outside.feed.send(result(60, of=1, status="C", origin=origin))
    outside.owned()
    assert outside.state(pathway=PATHWAY) == "correction"
    [owner] = outside.feed.sql("select owner_kind, owner_name from step where state = 'correction'")
    assert owner == ("person", "gwen.ashby")


@pytest.mark.invariant("I16")
async def test_the_clock_is_wall_time_across_the_end_of_summer_time(
    house: House, feed: Feed, hand: Hand
) -> None:
    """A result verified at 01:50 in the hour that comes twice is due 30 real minutes later."""
    hand.at = datetime(2026, 11, 1, 5, 50, tzinfo=UTC)
    await feed.send(critical_result(1, origin=_verified(hand.at)))
    [(due,)] = feed.sql("select due_at from step where state = 'call'")
    assert due == datetime(2026, 11, 1, 6, 20, tzinfo=UTC)
    assert house.runtime.now() < due


@pytest.mark.requirement("R7", "R81")
async def test_the_trace_stands_in_the_order_of_our_doing_with_the_sources_time_beside(
    outside: Outside,
) -> None:
    """A clock that counts from a verification 12 minutes ago, and a warning due since, come after their message."""
    verified = outside.hand() - timedelta(minutes=12)
    await outside.feed.send(critical_result(1, origin=_verified(verified)))
    [(case,)] = outside.feed.sql("select id from pathway_case where pathway = %s", PATHWAY)
    async with outside.house.runtime.worker.transaction() as tx:
        found = await trace(tx, case)
    assert found is not None
    assert found.hops[0].hop == "message received"
    assert [hop.at for hop in found.hops] == sorted(hop.at for hop in found.hops)
    clock = next(hop for hop in found.hops if hop.hop == "clock started")
    assert clock.of == verified
    assert clock.at > found.hops[0].at
    warned = next(
        hop for hop in found.hops if hop.what == "clock.warned" and hop.hop == "fact recorded"
    )
    assert warned.of is not None
    assert warned.of < found.hops[0].at <= warned.at
