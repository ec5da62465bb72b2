"""People talk about a case: questions and disputes are work with a clock, and overriding a rule is counted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from carelane.casebook.why import explain, fired
from carelane.compose.house import House
from carelane.compose.people import viewer_of
from carelane.facts.phi import Phi
from carelane.measures.read import overrides
from carelane.testing.messages import referral
from carelane.worklist import acting, holding, thread
from carelane.worklist.answers import Acted, Refused
from carelane.worklist.correcting import Filed, Wrong, correct
from tests.flows.conftest import Feed, Hand
from tests.flows.outside import Outside, close_outside, open_outside

pytestmark = pytest.mark.postgres


@pytest.fixture
async def outside(house: House, feed: Feed, hand: Hand) -> AsyncIterator[Outside]:
    """A house beside an EHR, with one referral in triage."""
    opened = await open_outside(house, feed, hand, profile="a")
    await feed.send(referral(1, specialty=1))
    yield opened
    await close_outside(opened)


async def _write(  # each says one thing about the entry, by name
    outside: Outside,
    kind: thread.Kind,
    *,
    by: str,
    to: str = "",
    about: UUID | None = None,
    field: str = "",
) -> UUID:
    [(case,)] = outside.feed.sql("select id from pathway_case where pathway = 'referral-intake'")
    text = Phi("Which knee is it?", "thread")
    told = await thread.write(
        outside.house.runtime,
        viewer_of(outside.house, by),
        case,
        kind,
        text,
        to=to,
        about=about,
        field=field,
    )
    assert not isinstance(told, Refused), told
    entry, answer = told
    assert answer is None or answer.reason == "", answer
    await outside.feed.drain()
    return entry


@pytest.mark.requirement("R56")
async def test_a_question_is_a_task_until_it_is_answered(outside: Outside) -> None:
    """Asked of a pool, with an owner and a clock; an answer in the thread closes it, the referral stays."""
    question = await _write(outside, thread.Kind.QUESTION, by="dev.okafor", to="referral-intake")
    outside.owned()
    assert outside.state(pathway="question") == "asked"
    outside.task("answer-question", pathway="question")
    await _write(outside, thread.Kind.ANSWER, by="amara.quill", about=question)
    assert outside.state(pathway="question") == "closed: answered"
    assert outside.state() == "triage"


async def test_a_question_nobody_answers_goes_up(outside: Outside) -> None:
    """After its clock a clinician owns it."""
    await _write(outside, thread.Kind.QUESTION, by="dev.okafor", to="referral-intake")
    await outside.forward(timedelta(days=4))
    outside.owned()
    assert outside.state(pathway="question") == "overdue"


async def test_what_is_said_to_be_wrong_is_looked_into(outside: Outside) -> None:
    """A correction is a task of the identity desk, and it closes with what was found."""
    await _write(outside, thread.Kind.CORRECTION, by="dev.okafor", field="birth_date")
    outside.owned()
    assert outside.state(pathway="dispute") == "disputed"
    await outside.do("look-into-dispute", "it-is-right", by="jonas.weald", pathway="dispute",
                     form={"found": "Checked with the record"})  # fmt: skip
    assert outside.state(pathway="dispute") == "closed: answered"


@pytest.mark.requirement("R58")
async def test_an_override_is_counted_by_rule_and_release(outside: Outside) -> None:
    """Routed against the rule for a reason of the list; without one it is refused."""
    runtime, who = outside.house.runtime, viewer_of(outside.house, "dev.okafor")
    task, _ = outside.task("triage-referral")
    no = await acting.override(runtime, who, task, reason="because", pool="referral-triage")
    assert isinstance(no, Refused)
    acted = await acting.override(runtime, who, task, reason="capacity", pool="referral-triage")
    assert isinstance(acted, Acted)
    assert acted.answer.reason == "", acted.answer
    await outside.feed.drain()
    outside.owned()
    [(rule, release, person, reason)] = outside.feed.sql(
        "select rule, release, person, reason from routing_override"
    )
    assert (person, reason) == ("dev.okafor", "capacity")
    assert rule.startswith("table triage_pool row ")
    assert release
    [owner] = outside.feed.sql("select owner_name from step where closed_at is null")
    assert owner == ("referral-triage",)


@pytest.mark.requirement("R52")
async def test_a_wrong_routing_is_filed_counted_judged_and_the_case_moved(outside: Outside) -> None:
    """Said once: the rule is counted, its owners have a task with a clock, and the case is at the right pool."""
    runtime, who = outside.house.runtime, viewer_of(outside.house, "dev.okafor")
    task, _ = outside.task("triage-referral")
    [(case,)] = outside.feed.sql("select id from pathway_case where pathway = 'referral-intake'")
    async with runtime.worker.transaction() as tx:
        why = await explain(tx, runtime.releases.published, case)
    assert why is not None
    assert fired(why).startswith("table triage_pool row "), (
        "the table that names the owner, not the newest one"
    )
    wrong = Wrong(rule=fired(why), reason="wrong-specialty", text=Phi("A knee", "text"), pool="urgent-triage",
                  task=task)  # fmt: skip
    filed = await correct(runtime, who, case, wrong)
    assert isinstance(filed, Filed)
    assert isinstance(filed.moved, Acted)
    await outside.feed.drain()
    outside.owned()
    counted = await _counted(outside)
    assert counted == [(why.release, fired(why), "wrong-specialty", 1)]
    [(owner,)] = outside.feed.sql(
        "select owner_name from step where case_id = %s and closed_at is null", case
    )
    assert owner == "urgent-triage"
    assert outside.state(pathway="routing-correction") == "filed"
    await outside.do("judge-routing", "rule-will-change", by="luca.fenwick", pathway="routing-correction",
                     form={"found": "The table lacks a row"})  # fmt: skip
    assert outside.state(pathway="routing-correction") == "closed: rule-changes"


async def test_a_wrong_routing_that_nobody_judges_goes_up(outside: Outside) -> None:
    """Filed without moving the case; after its clock compliance owns it."""
    runtime, who = outside.house.runtime, viewer_of(outside.house, "dev.okafor")
    [(case,)] = outside.feed.sql("select id from pathway_case where pathway = 'referral-intake'")
    wrong = Wrong(
        rule="table triage_pool row 1", reason="rule-wrong", text=Phi("Too broad", "text")
    )
    assert isinstance(await correct(runtime, who, case, wrong), Filed)
    await outside.feed.drain()
    assert outside.state() == "triage"
    await outside.forward(timedelta(days=7))
    outside.owned()
    assert outside.state(pathway="routing-correction") == "overdue"


async def _counted(outside: Outside) -> list[tuple[str, str, str, int]]:
    runtime = outside.house.runtime
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        rows = await overrides(tx, now - timedelta(days=1), now + timedelta(days=1))
    return [(row["release"], row["rule"], row["reason"], row["overrides"]) for row in rows]


async def test_reassign_escalate_and_snooze_never_lose_the_clock(outside: Outside) -> None:
    """Another person's, then a level up; a snooze past the clock is refused or cut to it."""
    runtime, who = outside.house.runtime, viewer_of(outside.house, "dev.okafor")
    task, _ = outside.task("triage-referral")
    [(due,)] = outside.feed.sql("select due_at from task where id = %s", task)
    await holding.snooze(runtime, who, task, until=due + timedelta(days=1), version=1)
    [(snoozed,)] = outside.feed.sql("select snoozed_until from task where id = %s", task)
    assert snoozed is None or snoozed <= due
    acted = await acting.reassign(
        runtime, who, task, to_kind="person", to="gwen.ashby", reason="knows the patient"
    )
    assert isinstance(acted, Acted)
    assert acted.answer.reason == "", acted.answer
    await outside.feed.drain()
    outside.owned()
    [(owner, kept)] = outside.feed.sql(
        "select owner_name, due_at from step where closed_at is null"
    )
    assert (owner, kept) == ("gwen.ashby", due)
