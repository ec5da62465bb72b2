"""Milestones of a pathway: what may tell them, and that each is told once."""

import pytest

from carelane.facts.fact import Json
from carelane.pathways.loading import load
from carelane.pathways.trial import read_trials
from carelane.proofs.playing import playing
from carelane.proofs.trials import play
from tests.rules.test_pathway_shipped import HOUSE, shipped

TEXT = (HOUSE / "pathways/order-tracking.yaml").read_text("utf-8")
STORY = """
starts: 2026-11-23T14:00:00Z
test: scheduled, missed, scheduled again, and a result that came before its order
time | what happens                                    | what must follow
0m   | order.received placer_order=P1 kind=imaging     | state scheduling
1h   | appointment.booked placer_order=P1 appointment=A1 appointment_start=2026-12-01T15:00:00Z | state scheduled
2h   | appointment.missed appointment=A1               | state scheduling
3h   | appointment.booked placer_order=P1 appointment=A2 appointment_start=2026-12-02T15:00:00Z | state scheduled
4h   | result.reported placer_order=P1 result_status=final | closed reported
"""
ORDERED = "Your doctor has ordered an examination. We will call you to find a time."
TOLD = [ORDERED, "Your examination has a time.", "Your result is with your doctor."]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("milestones: tell-milestone", "milestones: tell-nobody", "pathway.unknown-name"),
        ("milestones: tell-milestone", "milestones: tell-orderer", "pathway.milestones"),
        ("language: 2", "language: 1", "pathway.language"),
    ],
)
def test_what_tells_milestones_is_a_message_to_the_patient(old: str, new: str, code: str) -> None:
    """Declared, of capability `patient.message`, in a text of number 2."""
    definition, problems = load(TEXT.replace(old, new, 1))
    assert definition is None
    assert code in {one.code for one in problems}


def test_without_the_word_in_its_head_nothing_is_told() -> None:
    """The effect alone is a left-over, translations have nobody to say them, and a pathway that names none has none."""
    silent = TEXT.replace("milestones: tell-milestone\n", "")
    _, problems = load(silent)
    assert {one.code for one in problems} == {"pathway.unused", "pathway.milestones"}
    _, problems = load(silent.partition("\ntranslations:")[0])
    assert {one.code for one in problems} == {"pathway.unused"}
    assert shipped("slot-booking").milestones == ""


def test_each_milestone_is_told_once_and_belongs_to_no_step() -> None:
    """Coming back to a milestone tells nothing; each message holds the words, and ids are of the case and the words."""
    definition = shipped("order-tracking")
    trials, problems = read_trials(STORY, definition)
    assert problems.problems == []
    run = playing(definition, trials[0])
    told: list[Json] = []
    for row in trials[0].rows:
        assert play(run, row).missed == ()
        wanted = [one for done in run.last for change in done.changes for one in change.intents]
        mine = [one for one in wanted if one.name == "tell-milestone"]
        assert all(one.step is None for one in mine)
        told += [one.content.reveal()["milestone"] for one in mine]
    assert told == TOLD


def test_entering_anew_tells_nothing_again() -> None:
    """An order redirected to another department stands where it stood, for the patient."""
    definition = shipped("order-tracking")
    story = STORY.split("0m ", maxsplit=1)[0] + (
        "0m   | order.received placer_order=P1 kind=imaging priority=stat | state scheduling-now\n"
        "1h   | task schedule-order redirected department=procedure | state scheduling-now\n"
    )
    trials, problems = read_trials(story, definition)
    assert problems.problems == []
    run = playing(definition, trials[0])
    counts = []
    for row in trials[0].rows:
        assert play(run, row).missed == ()
        wanted = [one for done in run.last for change in done.changes for one in change.intents]
        counts.append(sum(one.name == "tell-milestone" for one in wanted))
    assert counts == [1, 0]
