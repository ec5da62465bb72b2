"""What people do to a case: outcomes, undo, overrides, escalation, urgency (SEMANTICS 5)."""

from datetime import timedelta

import pytest

from carelane.cases.model import Disposition, EffectState, OwnerRef
from carelane.facts.fact import Actor, Fact, Json, Urgency
from carelane.facts.ids import name_id
from carelane.facts.replacing import replace
from carelane.pathways.definition import OwnerKind, TaskKind
from carelane.testing.core.pathways import critical, referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, Site, completed, definitions_of, fact

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def start(priority: str = "routine", definition_site: Site | None = None) -> Play:
    """A referral in triage."""
    game = Play(definitions=definitions_of(referral()), site=definition_site or Site())
    request: dict[str, Json] = {"priority": priority, "specialty": "cardiology", "reason": "x"}
    game.tell(fact("referral.received", keys={"placer_order": "p1"}, payload={"request": request}))
    return game


def called() -> Play:
    """A critical result that waits for somebody to take it."""
    game = Play(definitions=definitions_of(critical()))
    game.tell(
        fact(
            "result.reported",
            keys={"filler_order": "l1"},
            payload={
                "result": {
                    "status": "final",
                    "issued": NOON.isoformat(),
                    "observation": [{"interpretation": "HH"}],
                }
            },
        )
    )
    return game


def person(kind: str, game: Play, **form: Json) -> Fact:
    """A person's fact about the open task."""
    task = game.open_step().task
    assert task is not None
    return fact(
        kind,
        at=game.now,
        payload={"task": {"form": form}},
        refers={"task": task, "case": game.case().id},
        actor=Actor.PERSON,
        person="lead.kim",
    )


def test_an_outcome_moves_the_case_and_wants_its_effects() -> None:
    """Held for the undo window; a successor waits for its predecessor; only declared fields go."""
    game = start()
    (change,) = game.do("accept").changes
    told, letter = change.intents
    assert game.state() == "scheduling"
    assert [how for _, how in change.closed] == ["accept"]
    assert told.held_until == game.now + 10 * SECOND
    assert letter.after == (told.id,)
    assert letter.not_after == game.now + timedelta(days=1)
    content = told.content.reveal()
    assert content["fields"] == {"reason": "x"}
    assert content["values"] == {"status": "accepted"}


@pytest.mark.parametrize(
    ("outcome", "form", "reason"),
    [
        ("decline", {}, "form-incomplete:reason"),
        ("decline", {"reason": ""}, "form-incomplete:reason"),
        ("accept", {"urgency": "yesterday"}, "form-incomplete:urgency"),
        ("cured", {}, "outcome-unknown"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    outcome: str, form: dict[str, Json], reason: str
) -> None:
    """As a value with a reason the portal can show; nothing moves."""
    game = start()
    before = game.case()
    decided = game.do(outcome, form=form)
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, reason)
    assert game.case() is before


def test_a_read_back_is_an_attestation() -> None:
    """Not said, or said no: the result is not acknowledged."""
    for form in ({}, {"read_back": False}):
        assert called().do("acknowledged", form=form).reason == "form-incomplete:read_back"
    assert called().do("acknowledged", form={"read_back": True}).disposition is Disposition.APPLIED


def test_could_not_do_needs_one_of_its_reasons() -> None:
    """A task that could not be done says why."""
    base = referral()
    kind: TaskKind = replace(base.tasks["triage-referral"], reasons=("no-capacity",))
    game = Play(definitions=definitions_of(replace(base, tasks={**base.tasks, kind.name: kind})))
    game.tell(fact("referral.received", keys={"placer_order": "p1"}))
    assert game.do("could-not-do").reason == "reason-missing"
    assert game.do("could-not-do", form={"reason": "no-capacity"}).disposition is (
        Disposition.APPLIED
    )


def test_a_closed_task_can_not_be_finished_again() -> None:
    """The second of two clicks is told that it came late."""
    game = start()
    task = game.open_step().task
    assert task is not None
    game.do("accept")
    late = completed(task, "decline", at=game.now + SECOND, form={"reason": "x"})
    decided = game.tell(late)
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "task-closed")


def test_counters_bound_a_loop() -> None:
    """Three attempts in all, then somebody decides; each attempt is a wait of its own."""
    game = start()
    game.do("accept")
    seen = [game.open_step().id]
    for expected in ("scheduling", "scheduling", "decide"):
        game.do("no-answer")
        assert game.state() == expected
        seen.append(game.open_step().id)
    assert len(set(seen)) == 4
    assert game.case().counters == {"attempts": 3}


def test_undo_within_its_window_takes_everything_back() -> None:
    """Effects withdrawn, the task open again with the same clock; ids are new, the due time is not."""
    game = start()
    before = game.open_step()
    task = before.task
    assert task is not None
    wanted = game.do("accept").changes[0].intents
    undo = fact(
        "task.undone",
        at=game.now + 9 * SECOND,
        refers={"task": task, "case": game.case().id},
        actor=Actor.PERSON,
        person="nurse.lee",
    )
    (change,) = game.tell(undo).changes
    after = game.open_step()
    assert set(change.withdrawn) == {intent.id for intent in wanted}
    assert (game.state(), after.clock.due_at) == ("triage", before.clock.due_at)
    assert after.id != before.id
    assert after.clock.generation == before.clock.generation + 1
    assert game.case().last_actor == ""


def test_undo_reopens_a_case_that_the_outcome_closed() -> None:
    """The last step too can be taken back."""
    game = start()
    task = game.open_step().task
    assert task is not None
    game.do("decline", form={"reason": "wrong clinic"})
    assert not game.view.cases
    closed = game.view.closed[0]
    game.tell(fact("task.undone", at=game.now + SECOND, refers={"task": task, "case": closed.id}))
    assert (game.state(), game.case().outcome, game.case().closed_at) == ("triage", "", None)


@pytest.mark.parametrize("how", ["late", "something happened", "effect has left"])
def test_undo_is_refused_when_it_would_rewrite_what_others_saw(how: str) -> None:
    """After the window, after anything else, or once an effect has left."""
    game = start()
    task = game.open_step().task
    assert task is not None
    game.do("accept")
    at = game.now + SECOND
    if how == "late":
        at = game.now + 11 * SECOND
    elif how == "something happened":
        game.tell(fact("referral.received", at=at, keys={"placer_order": "p1"}))
    else:
        case = game.case()
        sent = tuple(replace(each, state=EffectState.SENDING) for each in case.effects)
        game.view = replace(game.view, cases=(replace(case, effects=sent),))
    refers = {"task": task, "case": game.case().id}
    decided = game.tell(fact("task.undone", at=at, refers=refers))
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "undo-too-late")
    assert game.state() == "scheduling"


def test_the_last_actor_owns_what_they_took() -> None:
    """Who acknowledges a critical result acts on it."""
    game = called()
    game.do("acknowledged", person="dr.osei", form={"read_back": True})
    owner = game.open_step().owner
    assert (owner.kind, owner.name) == (OwnerKind.PERSON, "dr.osei")


def test_when_the_last_actor_is_gone_the_role_owns() -> None:
    """There is always an owner."""
    game = called()
    game.site = Site(gone=frozenset({"dr.osei"}))
    game.do("acknowledged", person="dr.osei", form={"read_back": True})
    assert game.open_step().owner.name == "responsible-clinician"


def test_nothing_about_safety_waits_for_an_undo_window() -> None:
    """Alerts and effects of safety states leave at once."""
    game = called()
    (change,) = game.do("acknowledged", form={"read_back": True}).changes
    assert [intent.held_until for intent in change.intents] == [None]


@pytest.mark.requirement("R58")
def test_a_person_routes_against_the_rule_with_a_reason() -> None:
    """A fact, counted by rule; the clock goes on."""
    game = start()
    before = game.open_step()
    decided = game.tell(person("routing.overridden", game, pool="scheduling", reason="wrong desk"))
    after = game.open_step()
    assert after.owner == OwnerRef(
        kind=OwnerKind.POOL, name="scheduling", version=1, trail=("pool scheduling",)
    )
    assert (after.id, after.clock) == (before.id, before.clock)
    assert [each.rule for each in decided.changes[0].reasons] == ["override desk"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"pool": "scheduling"}, "reason-missing"),
        ({"pool": "no-such-pool", "reason": "x"}, "not-allowed"),
        ({"state": "closed-decided", "reason": "x"}, "not-allowed"),
    ],
)
def test_an_override_stays_within_the_pathway(form: dict[str, Json], reason: str) -> None:
    """To its pools and waiting states only: nobody closes a case by routing it."""
    game = start()
    assert game.tell(person("routing.overridden", game, **form)).reason == reason


def test_an_override_may_lead_to_another_state() -> None:
    """The step is closed as overridden, a new one opens with its own clock."""
    game = start()
    decided = game.tell(person("routing.overridden", game, state="decide", reason="known"))
    assert game.state() == "decide"
    assert [how for _, how in decided.changes[0].closed] == ["overridden"]


def test_a_step_can_be_given_to_somebody() -> None:
    """Reassigning changes the owner and nothing else."""
    game = start()
    before = game.open_step()
    game.tell(person("task.reassigned", game, person="nurse.ito"))
    assert game.open_step() == replace(before, owner=game.open_step().owner)
    assert game.open_step().owner.name == "nurse.ito"


def test_a_person_can_call_the_next_level_now() -> None:
    """Up one level at a time, each with its alert; above the last the owner is told."""
    game = called()
    assert game.open_step().clock.level == 1
    for level in (2, 3, 3):
        click = replace(person("task.escalated", game), id=name_id("click", level, len(game.steps)))
        (change,) = game.tell(click).changes
        assert game.open_step().clock.level == level
        assert [notice.kind for notice in change.notices] == ["level"]


@pytest.mark.invariant("I17")
@pytest.mark.parametrize(("licensed", "expected"), [(True, Urgency.ROUTINE), (False, Urgency.STAT)])
def test_only_a_licensed_person_lowers_an_urgency(*, licensed: bool, expected: Urgency) -> None:
    """Rules and everybody else only raise it."""
    game = start("stat")
    game.do("accept", form={"urgency": "routine"}, licensed=licensed)
    assert game.case().urgency is expected


@pytest.mark.invariant("I17")
def test_a_lowered_urgency_is_not_raised_by_repeating_the_same_message() -> None:
    """A person judged these inputs already; new ones raise it again."""
    game = start("urgent")
    game.do("accept", form={"urgency": "routine"}, licensed=True)
    same = {"request": {"priority": "urgent", "specialty": "cardiology"}}
    game.tell(
        fact("referral.received", at=game.now + HOUR, keys={"placer_order": "p1"}, payload=same)
    )
    assert game.case().urgency is Urgency.ROUTINE
    worse = {"request": {"priority": "stat", "specialty": "cardiology"}}
    game.tell(
        fact("referral.received", at=game.now + HOUR, keys={"placer_order": "p1"}, payload=worse)
    )
    assert game.case().urgency is Urgency.STAT


@pytest.mark.requirement("R49")
def test_a_message_never_lowers_a_raise_only_input() -> None:
    """`routine` after `urgent` changes nothing."""
    game = start("urgent")
    calmer = {"request": {"priority": "routine", "specialty": "cardiology"}}
    game.tell(
        fact("referral.received", at=game.now + HOUR, keys={"placer_order": "p1"}, payload=calmer)
    )
    assert game.case().values["priority"] == "urgent"
