"""Work is held by one person at a time: claim, release, complete, snooze, hand over, in every interleaving."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from carelane.engine.decide import Standing
from carelane.facts.phi import Phi
from carelane.store.database import Tx
from carelane.worklist import acting, handover, holding, listing, thread
from carelane.worklist.answers import Acted, Held, Lost, Refused
from carelane.worklist.viewer import Viewer

Rig = Any  # the fixture's class lives in conftest
POOLS = ("referral-desk", "scheduling")


def viewer(person: str = "r.moreau", **changes: Any) -> Viewer:
    return Viewer(person=person, **({"sites": ("main",), "pools": POOLS} | changes))


@pytest.mark.invariant("I8")
@pytest.mark.parametrize("mutant", [False, True])
async def test_of_eight_who_claim_one_wins_and_the_others_are_told_who(
    rig: Rig, *, mutant: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 people x 12 tasks. The mutant looks first and writes after, without the condition."""
    tasks = [await rig.referral(subject=f"p{n}", order=f"O{n}") for n in range(12)]
    if mutant:
        _plant_blind_claim(monkeypatch)
    people = [viewer(f"person{n}") for n in range(8)]
    answers = await asyncio.gather(
        *(holding.claim(rig.runtime, each, task, version=1) for task in tasks for each in people)
    )
    won = [answer for answer in answers if isinstance(answer, Held)]
    assert (len(won) == 12) is not mutant
    if not mutant:
        lost = [answer for answer in answers if isinstance(answer, Lost)]
        assert len(lost) == 84
        assert all(each.by.startswith("person") and each.at == rig.hand() for each in lost)
        assert (
            rig.value("select count(*) from task where version = 2 and status = 'in-progress'")
            == 12
        )
        leaves = rig.value(
            "select count(*) from audit_leaf where convert_from(body, 'utf8') like '%%task.claimed%%'"
        )
        assert leaves == 12


def _plant_blind_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Tx.one

    async def blind(self: Tx, name: str, **values: Any) -> Any:
        if name != "worklist.claim":
            return await one(self, name, **values)
        await (await self.begun()).execute(
            "update task set assignee = %s, status = 'in-progress', version = version + 1 where id = %s",
            (values["person"], values["id"]),
        )
        return await one(self, "worklist.task", id=values["id"])

    monkeypatch.setattr(Tx, "one", blind)


@pytest.mark.invariant("I8")
@pytest.mark.parametrize("order", sorted(set(permutations("aaabbb"))))
async def test_every_interleaving_of_two_people_leaves_one_holder(
    rig: Rig, order: tuple[str, ...]
) -> None:
    """Claim, release, complete by each of two people, in all 20 orders: never two holders, one completion at most."""
    task = await rig.referral()
    people = {"a": viewer("a"), "b": viewer("b")}
    steps: dict[str, list[Callable[[Viewer, int], Awaitable[Any]]]] = {
        each: [
            lambda who, version: holding.claim(rig.runtime, who, task, version=version),
            lambda who, version: holding.release(rig.runtime, who, task, version=version),
            lambda who, version: acting.complete(
                rig.runtime, who, task, version=version, outcome="accept"
            ),
        ]
        for each in people
    }
    completed = 0
    holder = ""
    for who in order:
        rig.hand.forward(seconds=1)
        seen = rig.value("select version from task where id = %(t)s", t=task)
        answer = await steps[who].pop(0)(people[who], seen)
        row = rig.sql("select assignee, status from task where id = %(t)s", t=task)[0]
        if isinstance(answer, Acted):
            completed += answer.answer.standing is Standing.APPLIED
        if isinstance(answer, Held) and row[1] == "in-progress":
            assert holder in ("", who), "a held task changed hands by a claim"
        if isinstance(answer, Lost):
            assert holder != who or completed
        holder = row[0] if row[1] == "in-progress" else ""
    assert completed == 1
    assert rig.value("select count(*) from task where status = 'completed'") == 1


async def test_two_people_who_complete_at_once_complete_it_once(rig: Rig) -> None:
    task = await rig.referral()
    answers = await asyncio.gather(
        *(
            acting.complete(rig.runtime, viewer(f"p{n}"), task, version=1, outcome="accept")
            for n in range(4)
        )
    )
    done = [a for a in answers if isinstance(a, Acted) and a.answer.standing is Standing.APPLIED]
    assert len(done) == 1
    assert all(isinstance(answer, Lost | Acted) for answer in answers)
    assert rig.value("select count(*) from effect where name = 'accepted-told'") == 1


async def test_completing_opens_the_next_work_and_may_be_undone(rig: Rig) -> None:
    task = await rig.referral()
    acted = await acting.complete(rig.runtime, viewer(), task, version=1, outcome="accept")
    assert isinstance(acted, Acted)
    assert acted.answer.standing is Standing.APPLIED
    assert acted.undo_until == rig.hand() + timedelta(seconds=10)
    [row] = await listing.tasks(rig.runtime, viewer())
    assert (row.name, row.owner_name) == ("schedule", "scheduling")

    rig.hand.forward(seconds=5)
    undone = await acting.undo(rig.runtime, viewer(), task)
    assert isinstance(undone, Acted)
    assert undone.answer.standing is Standing.APPLIED
    [row] = await listing.tasks(rig.runtime, viewer())
    assert row.name == "triage-referral"
    assert rig.value("select state from effect where name = 'accepted-told'") == "withdrawn"
    rig.hand.forward(seconds=30)
    assert isinstance(await acting.undo(rig.runtime, viewer(), task), Refused)


async def test_an_incomplete_form_says_which_field_and_the_task_stays(rig: Rig) -> None:
    task = await rig.referral()
    acted = await acting.complete(rig.runtime, viewer(), task, version=1, outcome="decline")
    assert isinstance(acted, Acted)
    assert acted.answer.reason == "form-incomplete:reason"
    again = await acting.complete(
        rig.runtime,
        viewer(),
        task,
        version=acted.version,
        outcome="decline",
        form=Phi({"reason": "not ours"}),
    )
    assert isinstance(again, Acted)
    assert again.answer.standing is Standing.APPLIED


async def test_a_value_that_is_not_the_fields_is_refused_and_the_task_stays(rig: Rig) -> None:
    task = await rig.referral()
    form: acting.Form = Phi({"reason": ["not", "ours"]}, "form")
    refused = await acting.complete(rig.runtime, viewer(), task, version=1, outcome="decline", form=form)  # fmt: skip
    assert isinstance(refused, Refused)
    assert (refused.code, refused.fields) == ("form-unfit", ("reason",))
    [row] = await listing.tasks(rig.runtime, viewer())
    assert row.id == task


async def test_the_list_pages_by_urgency_due_time_and_id(rig: Rig) -> None:
    """Whatever the page size, every task comes once, most urgent first, although others are claimed meanwhile."""
    for n in range(9):
        payload = Phi(
            {
                "request": {
                    "priority": ("routine", "urgent", "stat")[n % 3],
                    "specialty": "neurology",
                }
            }
        )
        await rig.referral(subject=f"p{n}", order=f"O{n}", payload=payload)
        rig.hand.forward(minutes=1)
    seen: list[listing.TaskRow] = []
    after = None
    while page := await listing.tasks(rig.runtime, viewer(), after=after, limit=2):
        seen += page
        after = page[-1].key
    assert [row.urgency for row in seen] == [3] * 3 + [1] * 3 + [0] * 3
    assert len({row.id for row in seen}) == 9
    assert [(-r.urgency, r.due_at) for r in seen] == sorted((-r.urgency, r.due_at) for r in seen)
    urgent = await listing.tasks(rig.runtime, viewer(), filters=listing.Filters(urgency=3))
    assert len(urgent) == 3


@pytest.mark.invariant("I12")
async def test_another_site_or_pool_sees_nothing(rig: Rig) -> None:
    task = await rig.referral()
    assert await listing.tasks(rig.runtime, viewer(sites=("north",))) == []
    assert await listing.tasks(rig.runtime, viewer(pools=("scheduling",))) == []
    assert isinstance(
        await holding.claim(rig.runtime, viewer(sites=("north",)), task, version=1), Refused
    )
    assert len(await listing.tasks(rig.runtime, viewer())) == 1


async def test_a_snooze_ends_before_the_clock_and_never_touches_a_safety_clock(rig: Rig) -> None:
    task = await rig.referral()
    [row] = await listing.tasks(rig.runtime, viewer())
    late = await holding.snooze(
        rig.runtime, viewer(), task, version=1, until=row.due_at + timedelta(seconds=1)
    )
    assert isinstance(late, Refused)
    assert late.code == "past-due"
    held = await holding.snooze(
        rig.runtime, viewer(), task, version=1, until=row.due_at - timedelta(hours=1)
    )
    assert isinstance(held, Held)
    assert await listing.tasks(rig.runtime, viewer()) == []
    assert (
        len(await listing.tasks(rig.runtime, viewer(), filters=listing.Filters(snoozed=True))) == 1
    )
    rig.sql(
        "update step set safety = true, clock_kind = 'wall' where id = (select step from task where id = %(t)s)",
        t=task,
    )
    safety = await holding.snooze(
        rig.runtime, viewer(), task, version=held.version, until=rig.hand()
    )
    assert isinstance(safety, Refused)
    assert safety.code == "safety-clock"


async def test_a_draft_is_sealed_and_only_its_holder_keeps_it(rig: Rig) -> None:
    task = await rig.referral()
    await holding.claim(rig.runtime, viewer(), task, version=1)
    kept = await holding.save_draft(rig.runtime, viewer(), task, Phi({"reason": "zebra-7731"}))
    assert isinstance(kept, Held)
    assert b"zebra" not in rig.value("select draft_sealed from task where id = %(t)s", t=task)
    async with rig.runtime.app.transaction(sites=("main",)) as tx:
        row = await tx.one("worklist.task", id=task)
    assert holding.draft_of(rig.runtime, row).reveal() == {"reason": "zebra-7731"}
    assert isinstance(await holding.save_draft(rig.runtime, viewer("b"), task, Phi({})), Lost)


async def test_a_draft_with_a_field_that_the_form_does_not_have_is_refused(rig: Rig) -> None:
    """Nothing would ever read it; the draft before stays."""
    task = await rig.referral()
    await holding.claim(rig.runtime, viewer(), task, version=1)
    await holding.save_draft(rig.runtime, viewer(), task, Phi({"reason": "kept"}))
    refused = await holding.save_draft(rig.runtime, viewer(), task, Phi({"reasn": "zebra-7731"}))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.fields) == ("form-unknown", ("reason",))
    assert "zebra" not in refused.remedy
    async with rig.runtime.app.transaction(sites=("main",)) as tx:
        row = await tx.one("worklist.task", id=task)
    assert holding.draft_of(rig.runtime, row).reveal() == {"reason": "kept"}


async def test_reassigned_work_is_in_the_other_pool(rig: Rig) -> None:
    task = await rig.referral()
    acted = await acting.reassign(
        rig.runtime, viewer(), task, to_kind="pool", to="scheduling", reason="capacity"
    )
    assert isinstance(acted, Acted)
    [row] = await listing.tasks(rig.runtime, viewer(pools=("scheduling",)))
    assert row.id == task
    unknown = await acting.reassign(
        rig.runtime, viewer(), task, to_kind="pool", to="nobody", reason="x"
    )
    assert isinstance(unknown, Refused)


async def test_an_override_needs_a_listed_reason_and_is_counted_by_rule(rig: Rig) -> None:
    task = await rig.referral()
    refused = await acting.override(
        rig.runtime, viewer(), task, reason="because", pool="cardiology-desk"
    )
    assert isinstance(refused, Refused)
    acted = await acting.override(
        rig.runtime, viewer(), task, reason="wrong-specialty", pool="cardiology-desk"
    )
    assert isinstance(acted, Acted)
    assert acted.answer.standing is Standing.APPLIED
    row = rig.sql("select person, reason, release, rule from routing_override")[0]
    assert row[:3] == ("r.moreau", "wrong-specialty", "referral-1")
    assert row[3].startswith("table triage")


async def test_an_override_is_counted_for_the_release_whose_rule_it_was(rig: Rig) -> None:
    """The case has moved on since; the rule that a person went against answered under the release before."""
    task = await rig.referral()
    rig.sql("update application set release = 'referral-0'")
    await acting.override(
        rig.runtime, viewer(), task, reason="wrong-specialty", pool="cardiology-desk"
    )

    assert rig.value("select release from pathway_case") == "referral-1"
    assert rig.value("select release from routing_override") == "referral-0"


async def test_a_handover_is_the_givers_until_accepted(rig: Rig) -> None:
    task = await rig.referral()
    held = await holding.claim(rig.runtime, viewer(), task, version=1)
    assert isinstance(held, Held)
    ward = viewer("j.ito", pools=())
    offered = await handover.offer(
        rig.runtime,
        viewer(),
        task,
        version=held.version,
        to="j.ito",
        what="whole-task",
        reason="end-of-shift",
    )
    assert not isinstance(offered, Held | Lost | Refused)
    [row] = await listing.tasks(rig.runtime, viewer(), filters=listing.Filters(mine=True))
    assert row.offered
    assert len(await handover.offers(rig.runtime, ward)) == 1
    assert isinstance(
        await handover.accept(rig.runtime, viewer("lead", pools=()), offered), Refused
    )

    taken = await asyncio.gather(*(handover.accept(rig.runtime, ward, offered) for _ in range(3)))
    assert sum(isinstance(each, Held) for each in taken) == 1
    assert await listing.tasks(rig.runtime, viewer(), filters=listing.Filters(mine=True)) == []
    assert len(await listing.tasks(rig.runtime, ward, filters=listing.Filters(mine=True))) == 1
    assert isinstance(await handover.withdraw(rig.runtime, viewer(), offered), Refused)


async def test_a_note_is_sealed_and_a_question_is_decided(rig: Rig) -> None:
    await rig.referral()
    case = rig.value("select id from pathway_case")
    note = await thread.write(rig.runtime, viewer(), case, thread.Kind.NOTE, Phi("zebra-7731"))
    assert not isinstance(note, Refused)
    assert note[1] is None
    assert b"zebra" not in rig.value("select sealed from thread_entry")
    asked = await thread.write(
        rig.runtime, viewer(), case, thread.Kind.QUESTION, Phi("which side?"), to="referral-desk"
    )
    assert not isinstance(asked, Refused)
    assert asked[1] is not None
    assert rig.value("select count(*) from fact where type = 'question.asked'") == 1
    nobody = await thread.write(
        rig.runtime, viewer(), case, thread.Kind.QUESTION, Phi("?"), to="nobody"
    )
    assert isinstance(nobody, Refused)
