"""The case page shows what it may, the trace tells the hops in order, search needs two kinds, measures add up."""

from datetime import date, timedelta
from typing import Any

import pytest

from carelane.casebook.page import cases, page
from carelane.casebook.search import find, leaves
from carelane.casebook.trace import trace
from carelane.effects.dispatch import send_ready
from carelane.engine.drain import drain
from carelane.facts.ids import name_id
from carelane.facts.phi import Phi
from carelane.measures import read
from carelane.store.tokens import SEARCHED, SearchTerms, TooFewTerms, search_rows
from carelane.testing.senders import ScriptedSystem
from carelane.worklist import acting, thread
from carelane.worklist.viewer import Viewer

Rig = Any  # the fixture's class lives in conftest
WHO = Viewer(person="r.moreau", sites=("main",), pools=("referral-desk",))


async def _accepted(rig: Rig, system: ScriptedSystem) -> Any:
    task = await rig.referral()
    rig.hand.forward(minutes=5)
    await acting.complete(rig.runtime, WHO, task, version=1, outcome="accept")
    rig.hand.forward(minutes=1)
    await send_ready(rig.outbox(system), "ehr")
    await drain(rig.runtime)
    return rig.value("select id from pathway_case")


@pytest.mark.requirement("R118")
async def test_the_page_shows_only_allowed_fields_and_says_why(
    rig: Rig, system: ScriptedSystem
) -> None:
    case = await _accepted(rig, system)
    await thread.write(rig.runtime, WHO, case, thread.Kind.NOTE, Phi("zebra-7731"))

    shown = await page(rig.runtime, case, sites=("main",), allowed={"reason"})
    masked = await page(rig.runtime, case, sites=("main",), allowed=set())
    assert shown is not None
    assert masked is not None
    assert [(f.name, f.authority, f.value.reveal()) for f in shown.fields] == [
        ("reason", "ehr", "palpitations")
    ]
    assert (masked.fields, masked.masked) == ((), ("reason",))
    assert "palpitations" not in repr(shown)
    assert shown.thread[0].content.reveal()["text"] == "zebra-7731"
    assert [entry.type for entry in shown.timeline] == ["referral.received", "task.completed"]
    assert [type_ for type_, _ in shown.timeline[1].folded] == ["effect.settled"]
    assert shown.explanation.here[0].state == "scheduling"
    assert [each["state"] for each in shown.effects if each["name"] == "accepted-told"] == ["done"]
    assert await page(rig.runtime, case, sites=("north",), allowed={"reason"}) is None


@pytest.mark.requirement("R81")
@pytest.mark.requirement("R7")
@pytest.mark.requirement("R98")
async def test_the_trace_tells_every_hop_in_order(rig: Rig, system: ScriptedSystem) -> None:
    case = await _accepted(rig, system)
    async with rig.runtime.worker.transaction() as tx:
        found = await trace(tx, case)
    assert found is not None
    names = [hop.hop for hop in found.hops]
    wanted = [
        "fact decided",
        "case opened",
        "clock started",
        "task opened",
        "task claimed",
        "effect wanted",
        "effect sent",
        "effect done",
    ]
    places = [names.index(each) for each in wanted]
    assert places == sorted(places)
    done = next(hop for hop in found.hops if hop.hop == "effect done")
    assert "scripted" in done.what
    claimed = next(hop for hop in found.hops if hop.hop == "task claimed")
    assert claimed.who == "r.moreau"
    assert claimed.late_s is not None
    assert claimed.late_s < 0, "before its clock"


async def test_search_needs_two_kinds_of_term_and_finds_by_all_of_them(rig: Rig) -> None:
    await rig.referral()
    subject = name_id("patient", "one")
    terms = SearchTerms(family=("O'Brien",), birth_date=date(1961, 2, 3))
    for mark, *tokens in search_rows(rig.runtime.vault.tokens.stored(terms)):
        rig.insert(
            "subject_token",
            subject=subject,
            organisation=rig.organisation,
            mark=mark,
            **dict(zip(SEARCHED, tokens, strict=True)),
        )
    found = await find(rig.runtime, terms, sites=("main",))
    assert not isinstance(found, TooFewTerms)
    assert [(each.subject, each.open_cases) for each in found] == [(subject, 1)]
    other = SearchTerms(family=("obrien",), birth_date=date(1961, 2, 4))
    assert await find(rig.runtime, other, sites=("main",)) == []
    assert isinstance(
        await find(rig.runtime, SearchTerms(family=("O'Brien",)), sites=("main",)), TooFewTerms
    )


async def test_the_audit_of_a_case_and_a_person_can_be_read(
    rig: Rig, system: ScriptedSystem
) -> None:
    case = await _accepted(rig, system)
    start, end = rig.hand() - timedelta(hours=1), rig.hand() + timedelta(hours=1)
    async with rig.runtime.worker.transaction() as tx:
        mine = await leaves(tx, from_at=start, to_at=end, actor="r.moreau")
        of_case = await leaves(tx, from_at=start, to_at=end, case=case)
        rows = await cases(tx, open_only=True)
    assert {str(row.body["action"]) for row in mine} == {"task.claimed", "fact.decided"}
    assert {"fact.decided", "effect.settled"} <= {str(row.body["action"]) for row in of_case}
    assert [row["id"] for row in rows] == [case]


async def test_the_first_measures_add_up(rig: Rig, system: ScriptedSystem) -> None:
    await _accepted(rig, system)
    start, end = rig.hand() - timedelta(hours=1), rig.hand() + timedelta(days=9)
    async with rig.runtime.worker.transaction() as tx:
        work = await read.open_work(tx, rig.hand() + timedelta(days=8))
        turn = await read.turnaround(tx, start, end)
        late = await read.breaches(tx, start, end)
        effects = await read.effects(tx, rig.hand())
        assert await read.touches(tx, start, end) == []
        assert await read.overrides(tx, start, end) == []
        assert [row["name"] for row in await read.connections(tx)] == ["ehr"]
    assert [(row["owner_name"], row["age"], row["open"], row["overdue"]) for row in work] == [
        ("scheduling", "over 7 d", 1, 1)
    ]
    assert [(row["state"], row["how"], row["median_s"], row["late"]) for row in turn] == [
        ("triage", "accept", 300.0, 0)
    ]
    assert [(row["state"], row["still_open"]) for row in late] == [("scheduling", 1)]
    assert ("ehr", "done", 1) in [
        (row["connection"], row["state"], row["effects"]) for row in effects
    ]
