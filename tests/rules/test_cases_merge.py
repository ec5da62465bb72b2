"""Merging subjects re-points their cases; clashing ones are both kept (SEMANTICS 3; I18)."""

from datetime import timedelta
from uuid import UUID

import pytest

from carelane.cases import merge_views, repoint
from carelane.cases.merge import Merged
from carelane.cases.model import Disposition, View
from carelane.facts.ids import name_id
from carelane.facts.replacing import replace
from carelane.testing.core.pathways import referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, PATIENT, definitions_of, fact, view_of

HOUR = timedelta(hours=1)
OTHER = name_id("patient", "two")


def patient(subject: UUID, *keys: str, after: timedelta = timedelta(0)) -> View:
    """A patient with open referrals under these keys, and one held fact."""
    game = Play(definitions=definitions_of(referral()), view=view_of(subject))
    for number, key in enumerate(keys):
        game.tell(
            fact(
                "referral.received",
                at=NOON + after + number * HOUR,
                keys={"placer_order": key},
                subject=subject,
            )
        )
    held = fact("referral.cancelled", at=NOON + after, keys={"placer_order": "q"}, subject=subject)
    game.tell(held)
    return game.view


def merged() -> Merged:
    """The second patient (p1 again, and p2) becomes the first (p1)."""
    return merge_views(
        patient(PATIENT, "p1"),
        patient(OTHER, "p1", "p2", after=2 * HOUR),
        fact("patient.merged", at=NOON + 9 * HOUR),
    )


def points_elsewhere(view: View) -> list[UUID]:
    """Cases that still name another subject."""
    return [case.id for case in (*view.cases, *view.closed) if case.subject != view.subject]


@pytest.mark.invariant("I18")
def test_nothing_refers_to_the_retired_subject() -> None:
    """Cases, held facts and counters are the survivor's."""
    view = merged().view
    assert not points_elsewhere(view)
    assert len(view.cases) == 3
    assert [held.fact.recorded_at for held in view.held] == [NOON, NOON + 2 * HOUR]


@pytest.mark.invariant("I18")
def test_the_check_catches_a_merge_that_forgets_a_case() -> None:
    """Mutant `case_left_behind`."""
    view = merged().view
    left = replace(view.cases[-1], subject=OTHER)
    assert points_elsewhere(replace(view, cases=(*view.cases[:-1], left))) == [left.id]


@pytest.mark.invariant("I18")
def test_of_two_clashing_cases_the_younger_is_marked_and_given_to_a_person() -> None:
    """Both stay open."""
    both = merged()
    older, younger, _ = both.view.cases
    assert (older.duplicate_of, younger.duplicate_of) == (None, older.id)
    (told,) = both.emissions
    assert (told.fact, told.to) == ("case.duplicate", "self")
    assert told.refers == {"case": younger.id, "older": older.id}
    assert {change.after.id for change in both.changes} == {case.id for case in both.view.cases[1:]}


def test_after_a_merge_events_go_to_the_older_and_a_cancellation_to_both() -> None:
    """What one referral asks is done once; what stops it stops both."""
    base = referral()
    one = replace(base.events["report.received"])
    game = Play(
        definitions=definitions_of(replace(base, events={**base.events, one.name: one})),
        view=merged().view,
    )
    older = game.view.cases[0]
    report = fact("report.received", at=NOON + 10 * HOUR, keys={"placer_order": "p1"})
    decided = game.tell(report)
    assert [change.after.id for change in decided.changes] == [older.id]
    game.view = merged().view
    cancel = fact("referral.cancelled", at=NOON + 11 * HOUR, keys={"placer_order": "p1"})
    decided = game.tell(cancel)
    assert decided.disposition is Disposition.APPLIED
    assert len(decided.changes) == 2


def test_a_reversal_is_a_re_pointing_too() -> None:
    """Nothing else of a case changes."""
    case = patient(PATIENT, "p1").cases[0]
    back = repoint(repoint(case, OTHER), PATIENT)
    assert replace(back, revision=case.revision, fields=case.fields) == case
