"""Days judged on a real history: the same arrivals with everything done in time, and with nobody doing anything.

The second is the mutant of the first: each figure that must be nought is shown not to be nought by itself.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from carelane.compose.comparison import ComparisonFault, compared
from carelane.compose.house import House
from carelane.compose.judge import judge
from carelane.compose.judge_days import judged
from carelane.connect.hl7v2.codec import envelope
from carelane.measures.counted import Asked, count, history
from carelane.testing.messages import Origin, admit, critical_result, discharge, referral
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres
CRITICAL = "critical-result"


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house beside an EHR."""
    opened = await open_outside(house, feed, hand, profile="a")
    yield opened
    await close_outside(opened)


async def arrivals(outside: Outside) -> dict[str, Any]:
    """A referral, a discharge and a critical result, a red flag; what the hospital would tell of it."""
    origin = Origin(start=outside.hand())
    flag = critical_result(4, person=3, origin=origin)
    await outside.feed.send(
        referral(1, person=1, origin=origin), admit(2, person=2, origin=origin),
        discharge(3, person=2, origin=origin), flag,
    )  # fmt: skip
    message = {"message": envelope(flag).control_id, "channel": "mllp"}
    staff = {"edda.voss": {"busy_s": 3600.0, "shift_s": 4000.0}}
    return {"red_flags": [message], "staff": staff, "texts": {"sent": 3, "doubles": 0}}


async def took(outside: Outside) -> None:
    """The result is taken after twelve minutes, and the patient told."""
    await outside.forward(timedelta(minutes=10))
    await outside.forward(timedelta(minutes=2))
    read = {"received_by": "G", "read_back": True}
    await outside.do("take-result", "acknowledged", by="gwen.ashby", pathway=CRITICAL, form=read)
    await outside.do("act-on-result", "acted", by="gwen.ashby", pathway=CRITICAL, form={"action": "x"})  # fmt: skip
    told = {"told_by": "E", "told_how": "phone"}
    await outside.do("inform-patient", "informed", by="edda.voss", pathway=CRITICAL, form=told)


def entry(found: Mapping[str, Any], letter: str) -> Mapping[str, Any]:
    """One workflow's entry."""
    mine: Mapping[str, Any] = found["workflows"][letter]
    return mine


async def test_what_was_done_in_time_is_nought_and_says_how_much_was_looked_at(
    outside: Outside,
) -> None:
    told = await arrivals(outside)
    await took(outside)
    found: Any = await judged(outside.house, told, compare=False)

    assert found["cases_without_owner_or_clock"] == 0
    assert (found["red_flags_routed_down"], found["red_flags"]["arrived"]) == (0, 1)
    assert (found["levels_called_late"], found["levels"]["due"]) == (0, 2)
    taken = found["critical_results"]
    assert (taken["calls"], taken["taken"], taken["past"]) == (1, 1, 0)
    assert timedelta(minutes=11) < timedelta(seconds=taken["longest_s"]) < timedelta(minutes=13)
    assert found["missed_follow_ups"] == []
    after = found["discharge"]
    assert (after["clocks"], after["wrong"], after["running"]) == (1, 0, 1)
    assert (found["referrals"]["cases"], found["referrals"]["late"]) == (1, 0)
    assert found["referrals"]["late_waits"] == []
    laws = await judge(outside.house)
    assert (laws["ledger_balanced"], laws["audit_verified"]) == (True, True)
    assert (found["double_bookings"], found["double_messages"], found["messages_to_patients"]) == (0, 0, 3)  # fmt: skip
    results = entry(found, "k")
    assert (results["started"], results["closed"], results["open"]) == (1, 1, 0)
    assert results["touches"] == {"cases": 1, "total": 3, "mean": 3.0}
    assert results["milestones"]["acknowledged"]["n"] == 1
    assert set(found["workflows"]) == set("abcdefghijklmn")


async def test_mutant_nobody_does_anything(outside: Outside) -> None:
    """Every promise is broken once, and each figure says so."""
    told = await arrivals(outside)
    await outside.forward(timedelta(minutes=45))  # a dead worker: all levels at once, too late
    for _ in range(20):
        await outside.forward(timedelta(days=1))
    lost = {"message": "LOST-1", "channel": "mllp"}
    calm = {"message": envelope(referral(1, person=1)).control_id, "channel": "mllp"}
    told |= {
        "red_flags": [*told["red_flags"], lost, calm], "double_booked": ["slot-1"],
        "texts": {"sent": 3, "doubles": 1},
    }  # fmt: skip
    found: Any = await judged(outside.house, told, compare=False)

    assert found["red_flags_routed_down"] == 2
    assert found["red_flags"]["down"]["LOST-1"] == "never arrived"
    assert found["red_flags"]["down"][calm["message"]].startswith("no urgent task at once")
    assert found["levels_called_late"] > 0
    assert found["levels"]["latest_s"] > 600
    taken = found["critical_results"]
    assert (taken["taken"], taken["past"], len(taken["cases"])) == (0, 1, 1)
    assert (found["discharge"]["missed"], found["discharge"]["kept"]) == (1, 0)
    assert found["referrals"]["late"] == 1
    waits = found["referrals"]["late_waits"]
    assert (waits[0]["state"], waits[0]["how"]) == ("triage", "expired")
    assert {each["case_id"] for each in waits} == set(found["referrals"]["late_cases"])
    missed = {(one["pathway"], one["state"]) for one in found["missed_follow_ups"]}
    assert {("discharge-follow-up", "call"), (CRITICAL, "call")} <= missed
    assert (found["double_bookings"], found["double_messages"]) == (1, 1)
    assert entry(found, "k")["exceptions"]["fallback taken"] > 0


async def test_reasons_and_forms_are_counted_as_real_decisions_keep_them(outside: Outside) -> None:
    """A code that a person chose is a reason; what they typed is a field, and who held it before."""
    await arrivals(outside)
    by = "gwen.ashby"
    why = "not-on-duty"
    await outside.do("take-result", "could-not-do", by=by, pathway=CRITICAL, reason=why)
    read = {"received_by": "G", "read_back": True}
    await outside.do("take-result", "acknowledged", by=by, pathway=CRITICAL, form=read)
    runtime = outside.house.runtime
    asked = Asked(from_at=outside.hand() - timedelta(days=1), to_at=outside.hand() + timedelta(1))
    async with runtime.worker.snapshot() as tx:
        found = await history(tx, asked, runtime.releases.published.values())
    figures = count(found, asked, runtime.directory, runtime.releases.published)
    gave_up = [each.what for each in figures if each.what.get("what") == "could not be done"]
    assert gave_up == [{"what": "could not be done", "state": "call", "reason": why}]
    typed = {(each.what["field"], each.what["held"]) for each in figures if each.measure == "typed"}
    assert typed == {("received_by", "nowhere else"), ("read_back", "nowhere else")}


async def test_with_and_without_are_a_program_of_their_own() -> None:
    """Fed with what a run told and counted; what it can't read is a fault, not an empty answer."""
    arrival = {"workflow": "h", "at": "2026-03-02T10:00:00+00:00"}
    found = await compared({"arrivals": [arrival] * 30}, {}, quick=True)
    assert (found["seeds"], found["arrivals"]) == (10, "of this run")
    assert found["with"]["closed"] == found["without"]["closed"]
    with pytest.raises(ComparisonFault):
        await compared({"arrivals": [{"workflow": "h", "at": "yesterday"}]}, {}, quick=True)
