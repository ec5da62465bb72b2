"""What fails parks the pair (case, fact), never the subject (SEMANTICS 1; I5, I6, I9)."""

from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from carelane.cases import advance, redrive
from carelane.cases.model import Definitions, Disposition, OwnerRef, Step
from carelane.facts.fact import Fact
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition, OwnerKind
from carelane.testing.core.pathways import referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, Site, definitions_of, fact

HOUR = timedelta(hours=1)
_SECRET = "MRN 12345"


class Broken(Site):
    """A directory that fails when one role is asked for, and says too much about it."""

    @override
    def owner(
        self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        """As the site, but for one role."""
        if name == "scheduling":
            raise ZeroDivisionError(_SECRET)
        return super().owner(kind, name, site=site, service_line=service_line, at=at)


def about(kind: str, key: str, after: timedelta = timedelta(0)) -> Fact:
    return fact(kind, at=NOON + after, keys={"placer_order": key})


def two_cases() -> Play:
    """Two referrals; moving one to scheduling fails."""
    game = Play(definitions=definitions_of(referral()), site=Broken())
    game.tell(about("referral.received", "p1"))
    game.tell(about("referral.received", "p2", HOUR))
    return game


def break_first(game: Play) -> Step:
    """Accepting the first referral fails inside."""
    return game.do("accept", case=game.view.cases[0])


@pytest.mark.invariant("I5")
def test_a_failure_parks_one_case_and_leaves_it_its_owner_and_clock() -> None:
    """The code is the exception's class: no text of it leaves."""
    game = two_cases()
    before = game.view.cases[0]
    decided = break_first(game)
    (change,) = decided.changes
    assert (decided.disposition, decided.reason) == (Disposition.PARKED, "failed")
    assert change.parked == "ZeroDivisionError"
    assert change.after == replace(before, parked_by=decided.fact.id, fields=before.fields)
    assert _SECRET not in repr(decided)
    (told,) = decided.emissions
    assert (told.fact, told.refers) == ("case.parked", {"case": before.id, "fact": decided.fact.id})


@pytest.mark.invariant("I5")
def test_later_facts_of_a_parked_case_wait_and_others_go_on() -> None:
    """The other case of the patient hears the same fact."""
    game = two_cases()
    break_first(game)
    parked, other = game.view.cases
    decided = game.tell(about("referral.received", "p1", 2 * HOUR))
    assert (decided.disposition, decided.reason) == (Disposition.PARKED, "waits-behind")
    assert decided.changes[0].after == replace(parked, fields=parked.fields)
    both = game.tell(fact("patient.died", at=NOON + 3 * HOUR))
    assert both.disposition is Disposition.APPLIED
    assert [case.id for case in game.view.closed] == [other.id]


@pytest.mark.invariant("I6")
def test_cancel_wins_over_a_parked_case() -> None:
    """Its ready effects are withdrawn without running its pathway."""
    game = Play(definitions=definitions_of(referral()))
    game.tell(about("referral.received", "p1"))
    game.do("accept")
    game.view = replace(game.view, cases=(replace(game.case(), parked_by=game.steps[-1].fact.id),))
    (change,) = game.tell(about("referral.cancelled", "p1", HOUR)).changes
    assert change.after.cancelled
    assert len(change.withdrawn) == 2


@pytest.mark.invariant("I7")
def test_a_parked_cases_clock_goes_on_ringing() -> None:
    """No failing code is needed to remind its owner, again and again."""
    game = two_cases()
    break_first(game)
    parked = game.view.cases[0]
    game.wait(timedelta(days=3))
    reminded = [
        notice
        for decided in game.steps
        for change in decided.changes
        for notice in change.notices
        if notice.case == parked.id
    ]
    assert len(reminded) > 1
    assert {notice.to for notice in reminded} == {"referral-desk"}
    still = next(case for case in game.view.cases if case.id == parked.id)
    assert still.steps[0].state == "triage"
    assert still.steps[0].clock.due_at > game.now


def test_a_redriven_case_takes_its_parked_facts_in_order() -> None:
    """Set free by a fact; the same facts, delivered again, apply."""
    game = two_cases()
    failed = break_first(game)
    game.site = Site()
    parked = game.view.cases[0]
    game.tell(fact("case.redriven", at=game.now, refers={"case": parked.id}))
    assert game.tell(failed.fact).disposition is Disposition.APPLIED
    assert {case.status for case in game.view.cases} == {"scheduling", "in-triage"}
    again = fact("case.redriven", at=game.now, refers={"case": parked.id}, name="again")
    assert game.tell(again).reason == "nothing-parked"


def test_redriving_in_memory_frees_only_that_case() -> None:
    """`redrive(view, fact)` is what a preview uses."""
    game = two_cases()
    failed = break_first(game)
    assert all(case.parked_by is None for case in redrive(game.view, failed.fact).cases)
    other = redrive(game.view, fact("patient.died"))
    assert [case.parked_by for case in other.cases] == [failed.fact.id, None]


def test_a_start_that_fails_is_a_persons() -> None:
    """Nothing is opened half; the fact is parked and a system pathway owns it."""
    base = referral()
    lost: Definition = replace(base, start=replace(base.start, branches=()))
    game = Play(definitions=definitions_of(lost))
    decided = game.tell(about("referral.received", "p1"))
    assert (decided.disposition, decided.changes) == (Disposition.PARKED, ())
    assert [told.fact for told in decided.emissions] == ["fact.unmatched"]


def test_a_release_that_was_not_given_parks_the_case() -> None:
    """The view must come with its definitions."""
    game = two_cases()
    game.definitions = Definitions(pinned={}, active=())
    (change,) = break_first(game).changes
    assert change.parked == "release-missing"


def test_a_failed_decision_changes_no_view_but_the_parked_mark() -> None:
    """Folding it in keeps every other case as it was."""
    game = two_cases()
    other = game.view.cases[1]
    decided = break_first(game)
    assert advance(game.view, decided).cases[1] is other
