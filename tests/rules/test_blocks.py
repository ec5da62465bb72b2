"""Blocks: regions side by side, their join, what ends them together, and the clock that spans them (SEMANTICS 4, 7)."""

from datetime import timedelta
from uuid import UUID

import pytest

from carelane.cases.model import Disposition, EffectState, Step
from carelane.facts.replacing import replace
from carelane.testing.core import invariants
from carelane.testing.core.play import Play
from carelane.testing.core.site import definitions_of, fact, settled
from tests.rules.language2 import ANY, BOARD, DAY, HOUR, REVIEW, at, begun, case, do, states, tell
from tests.rules.texts import loaded


def effect(game: Play, name: str) -> EffectState:
    """Where an effect stands, as the core sees it."""
    return next(each.state for each in case(game).effects if each.name == name)


def settle(game: Play, name: str, outcome: str) -> None:
    """The newest effect of this name ends."""
    wanted = [each for each in case(game).effects if each.name == name][-1]
    game.now += timedelta(minutes=1)
    game.tell(settled(wanted.id, outcome, at=game.now, case=case(game).id))


@pytest.mark.invariant("I7")
def test_block_opens_a_step_for_its_join_and_for_each_region() -> None:
    """Each has an owner, a clock and a fallback; the case shows the block's status."""
    game = begun()
    assert states(game) == {"review", "read", "funding"}
    assert {each.owner.name for each in case(game).steps} == {"clinic", "funding"}
    assert case(game).status == "in-review"
    assert invariants.owned(game.view) == []


def test_block_is_joined_by_all_and_guards_read_how_regions_ended() -> None:
    """Both regions end; then the block's edge is followed at once."""
    game = begun()
    do(game, "look", "looked", fit=True)
    assert states(game) == {"review", "funding"}
    do(game, "fund", "payer")
    assert case(game).outcome == "accepted"
    assert case(game).regions == {}
    again = begun()
    do(again, "fund", "nobody", reason="none")
    do(again, "look", "looked", fit=True)
    assert case(again).outcome == "declined"


@pytest.mark.invariant("I6")
def test_block_any_cuts_off_the_others_and_takes_back_what_they_wanted() -> None:
    """Ready effects are withdrawn, done ones undone in reverse, one on its way once it is settled."""
    game = begun(ANY)
    decided = do(game, "look", "looked", fit=True)
    assert effect(game, "ask-payer") is EffectState.WITHDRAWN
    assert effect(game, "ask-records") is EffectState.READY
    assert ("funding", "cut off") in {
        (step.state, how) for each in decided.changes for step, how in each.closed
    }
    done = begun(ANY)
    settle(done, "ask-payer", "done")
    do(done, "look", "looked", fit=True)
    assert [each.name for each in case(done).effects if each.compensates] == ["take-back"]
    late = begun(ANY)
    under_way(late, "ask-payer")
    do(late, "look", "looked", fit=True)
    assert len(case(late).owed) == 1
    settle(late, "ask-payer", "done")
    assert [each.name for each in case(late).effects if each.compensates] == ["take-back"]
    assert case(late).owed == ()


def under_way(game: Play, name: str) -> None:
    """The dispatcher has begun to send it."""
    known = case(game)
    moved = tuple(
        replace(each, state=EffectState.SENDING) if each.name == name else each
        for each in known.effects
    )
    game.view = replace(game.view, cases=(replace(known, effects=moved),))


@pytest.mark.invariant("I6")
def test_block_boundary_event_ends_all_regions() -> None:
    """A cancellation answered everywhere, or on the block, leaves nothing open inside."""
    game = begun()
    tell(game, "request.cancelled", placer_order="R1")
    assert states(game) == set()
    assert case(game).outcome == "cancelled"
    assert effect(game, "ask-records") is EffectState.WITHDRAWN
    own = REVIEW.replace("    fallback: { state: late, tell: chair }\n", (
        "    fallback: { state: late, tell: chair }\n    on: { records.arrived: late }\n"
    )).replace("              on: { records.arrived: read }\n", "")  # fmt: skip
    inside = begun(own)
    tell(inside, "records.arrived", placer_order="R1")
    assert states(inside) == {"late"}


def test_block_answers_for_inner_states_that_say_nothing() -> None:
    """Precedence: a state's own edge, the block's, everywhere; an edge that stays leaves the inner one asked."""
    game = begun()
    do(game, "look", "could-not-do", reason="absent")
    assert states(game) == {"review", "wait-for-records", "funding"}
    tell(game, "records.arrived", placer_order="R1")
    assert states(game) == {"review", "read", "funding"}


def test_block_clock_spans_its_regions_and_its_fallback_ends_them() -> None:
    """Ten days after it began, whatever the regions did."""
    game = begun()
    began = case(game).opened_at
    game.wait(4 * DAY)
    assert at(game, "review").clock.paused_at is not None
    tell(game, "records.arrived", placer_order="R1")
    due = at(game, "review").clock.due_at
    assert due > began + 10 * DAY
    game.wait(due)
    game.wait(HOUR)
    assert "review" in states(game) or states(game) == {"late"}
    game.wait(40 * DAY)
    assert case(game).outcome == "declined"


def test_block_clock_pauses_while_a_named_state_is_open() -> None:
    """Elapsed time before and after the pause counts once; the pause has an end of its own."""
    game = begun()
    game.now += DAY
    do(game, "look", "could-not-do", reason="absent")
    paused = at(game, "review").clock
    assert paused.pause_reason == "records are outstanding"
    assert paused.due_at == game.now + 20 * DAY
    game.now += 2 * DAY
    tell(game, "records.arrived", placer_order="R1")
    running = at(game, "review").clock
    assert running.paused_at is None
    assert running.accrued == paused.accrued
    assert running.due_at == game.now + 10 * DAY - paused.accrued


def test_block_clock_pauses_by_an_event_until_another() -> None:
    """And after the longest time the rule allows, whether or not the other came."""
    game = begun()
    tell(game, "patient.asked")
    assert at(game, "review").clock.pause_reason == "the patient was asked"
    tell(game, "patient.answered")
    assert at(game, "review").clock.paused_at is None
    tell(game, "patient.asked")
    until = at(game, "review").clock.due_at
    game.wait(until)
    game.wait(timedelta(minutes=1))
    assert at(game, "review").clock.pause_reason != "the patient was asked"


def test_block_undo_brings_back_the_region_alone() -> None:
    """A click that ended a region is taken back; the other region and the block's own wait are as they were."""
    game = begun()
    other, join = at(game, "funding").id, at(game, "review").id
    task = at(game, "read").task
    assert task is not None
    do(game, "look", "looked", fit=True)
    game.tell(fact("task.undone", at=game.now, refers={"task": task, "case": case(game).id}))
    assert states(game) == {"review", "read", "funding"}
    assert at(game, "funding").id == other
    assert at(game, "review").id == join
    assert "review.clinical" not in case(game).values
    do(game, "look", "looked", fit=True)
    do(game, "fund", "payer")
    assert case(game).outcome == "accepted"


def test_block_undo_of_the_click_that_joined_it_brings_back_the_block() -> None:
    """The join's own wait and the click's are open again as they were; what the other region ended with stays known."""
    game = begun()
    join = at(game, "review")
    do(game, "look", "looked", fit=True)
    last = at(game, "funding")
    before = case(game)
    do(game, "fund", "payer")
    assert case(game).outcome == "accepted"
    taken_back(game, last.task)

    after = case(game)
    assert states(game) == {"review", "funding"}
    assert (after.outcome, after.closed_at, after.status) == ("", None, before.status)
    assert {name: view.outcome for name, view in after.regions.items()} == {
        name: view.outcome for name, view in before.regions.items()
    }
    assert after.values["review.clinical"] == before.values["review.clinical"]
    assert "review.payment" not in after.values
    for step in (join, last):
        again = at(game, step.state)
        assert again.id != step.id
        assert (again.owner, again.clock.due_at) == (step.owner, step.clock.due_at)
    do(game, "fund", "payer")
    assert case(game).outcome == "accepted"


def test_block_undo_is_refused_where_the_join_took_back_what_others_began() -> None:
    """A region was cut off with an effect wanted: that is withdrawn for good, and the answer says why not."""
    game = begun(ANY)
    task = at(game, "read").task
    do(game, "look", "looked", fit=True)
    assert effect(game, "ask-payer") is EffectState.WITHDRAWN
    before = case(game)
    decided = taken_back(game, task)

    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "undo-joined")
    assert case(game) == before


def test_block_undo_is_refused_where_what_was_on_its_way_is_to_be_undone() -> None:
    """A region was cut off while its effect was being sent: it is undone once it is settled."""
    game = begun(ANY)
    under_way(game, "ask-payer")
    task = at(game, "read").task
    do(game, "look", "looked", fit=True)

    assert taken_back(game, task).reason == "undo-joined"


def test_block_undo_after_the_window_is_too_late_whatever_it_joined() -> None:
    """The window comes first."""
    game = begun()
    do(game, "look", "looked", fit=True)
    task = at(game, "funding").task
    do(game, "fund", "payer")
    game.now += timedelta(minutes=1)

    assert taken_back(game, task).reason == "undo-too-late"


def taken_back(game: Play, task: UUID | None) -> Step:
    """A person takes back what they have just completed."""
    assert task is not None
    return game.tell(fact("task.undone", at=game.now, refers={"task": task, "case": case(game).id}))


def test_block_override_stays_in_its_region() -> None:
    """A person can't route a step out of its region past the join."""
    game = begun()
    step = at(game, "read")
    assert step.task is not None
    for state, reason in (
        ("late", "not-allowed"),
        ("funding", "not-allowed"),
        ("wait-for-records", ""),
    ):
        decided = game.tell(
            fact(
                "routing.overridden",
                at=game.now,
                refers={"task": step.task, "case": case(game).id},
                payload={"task": {"form": {"state": state, "reason": "known"}}},
                name=state,
            )
        )
        assert decided.reason == reason
    assert states(game) == {"review", "wait-for-records", "funding"}


def test_for_each_opens_a_region_for_every_answer() -> None:
    """With an owner, counters and an end of its own; the join counts the outcomes it is for."""
    game = Play(definitions=definitions_of(loaded(BOARD)))
    tell(game, "request.received", {"request": {"site": "both"}}, placer_order="R1")
    assert {each.owner.name for each in case(game).steps} == {"board", "cardiology", "pneumology"}
    do(game, "opine", "disagree")
    assert case(game).values["opinions.disagree"] == 1
    assert len(states(game)) == 2
    do(game, "opine", "agree")
    assert case(game).outcome == "agreed"


def test_for_each_without_answers_goes_on() -> None:
    """Nobody to ask: the `else` edge, and never a wait for nothing."""
    game = Play(definitions=definitions_of(loaded(BOARD)))
    tell(game, "request.received", placer_order="R1")
    assert case(game).outcome == "nobody"


def test_for_each_ends_when_the_join_can_not_be_reached_any_more() -> None:
    """All have ended: the join's count is what guards ask."""
    game = Play(definitions=definitions_of(loaded(BOARD)))
    tell(game, "request.received", {"request": {"site": "heart"}}, placer_order="R1")
    do(game, "opine", "disagree")
    assert case(game).outcome == "refused"


def test_block_that_leads_away_leaves_nothing_inside_asked() -> None:
    """Outermost first: what is inside is cut off, and what it would have said is not said."""
    text = REVIEW.replace(
        "    fallback: { state: late, tell: chair }\n",
        "    fallback: { state: late, tell: chair }\n"
        '    on: { records.arrived: { when: "priority = urgent", then: late, else: stay } }\n',
    )
    for priority, stands in (("urgent", {"late"}), ("routine", {"review", "read", "funding"})):
        game = begun(text)
        do(game, "look", "could-not-do", reason="absent")
        decided = tell(
            game, "records.arrived", {"request": {"priority": priority}}, placer_order="R1"
        )
        assert states(game) == stands
        (change,) = decided.changes
        inside = [how for step, how in change.closed if step.state == "wait-for-records"]
        assert inside == (["cut off"] if priority == "urgent" else ["records.arrived"])
        assert len(change.opened) == 1


def test_block_inside_a_region_leaves_what_it_did_to_that_region() -> None:
    """The inner block is over and its effect done; when the outer one cuts the region off, it is undone."""
    inner = """\
            both:
              owner: { pool: clinic }
              clock: { kind: wall, due: 3d }
              fallback: { state: read }
              parallel:
                join: any
                regions:
                  left:
                    start: leftmost
                    states:
                      leftmost:
                        owner: { pool: clinic }
                        clock: { kind: wall, due: 1d }
                        fallback: { state: left-over }
                        effects: [ask-records]
                      left-over: { final: true }
                  right:
                    start: rightmost
                    states:
                      rightmost:
                        owner: { pool: clinic }
                        clock: { kind: wall, due: 2d }
                        fallback: { state: right-over }
                      right-over: { final: true }
                then: read
            read:
"""
    text = ANY.replace("            read:\n", inner, 1).replace("start: read\n", "start: both\n", 1)
    game = begun(
        text.replace(
            "              effects: [ask-records]\n              outcomes",
            "              outcomes",
            1,
        )
    )
    assert states(game) == {"review", "both", "leftmost", "rightmost", "funding"}
    settle(game, "ask-records", "done")
    game.wait(DAY + HOUR)
    assert states(game) == {"review", "read", "funding"}
    do(game, "fund", "payer")
    assert [each.name for each in case(game).effects if each.compensates] == ["take-back"]


@pytest.mark.invariant("I7")
def test_block_is_joined_only_once_all_its_regions_have_begun() -> None:
    """A region that ends at once, because a table has no answers, does not let the others begin after the join."""
    each = """\
            asked:
              owner: { pool: clinic }
              clock: { kind: wall, due: 1d }
              fallback: { state: asked-over }
              for_each:
                table: askers
                join: all
                start: answer
                states:
                  answer: { owner: { pool: each }, clock: { kind: wall, due: 1d }, fallback: { state: answered } }
                  answered: { final: true }
                then: asked-over
                else: asked-over
            asked-over: { final: true, outcome: fit }
            read:
"""
    table = (
        "tables:\n  askers:\n    hit: collect\n    output: pool\n    rows:\n"
        '      - { when: "priority = urgent", then: clinic }\nevents:\n'
    )
    text = ANY.replace("            read:\n", each, 1).replace("start: read\n", "start: asked\n", 1)
    text = text.replace("events:\n", table, 1).replace(
        "            asked:\n", "            asked:\n", 1
    )
    text = text.replace(
        "              fallback: { state: asked-over }\n",
        "              fallback: { state: read }\n",
        1,
    )
    game = begun(text)
    assert states(game) == set()
    assert case(game).outcome == "declined"
    assert case(game).regions == {}
    assert [each.state.value for each in case(game).effects] == ["withdrawn"]
