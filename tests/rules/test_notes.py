"""Note templates: what is read of them, and every mistake with place and remedy."""

from pathlib import Path

import pytest

from carelane.pathways.folder import read_texts
from carelane.pathways.notes import beside, load_notes

ROOT = Path(__file__).parents[2]
GOOD = """
note: visit-note
title: Note
beside: { documentation: [write-note] }
sections:
  allergies: { title: Allergies, from: allergies, must: true }
  plan: { title: Plan, must: true }
"""


def shipped() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "notes").glob("*.yaml")}


@pytest.mark.requirement("R55")
def test_shipped_notes_stand_beside_tasks_that_exist() -> None:
    """Each names pathways and tasks of the shipped ones, and no task has two."""
    notes, problems = load_notes(shipped())
    assert problems == ()
    texts = {
        path.name: path.read_text(encoding="utf-8") for path in (ROOT / "pathways").glob("*.yaml")
    }
    known = {one.definition.name: set(one.definition.tasks) for one in read_texts(texts)[0]}
    named = [
        (pathway, task)
        for note in notes
        for pathway, tasks in note.beside.items()
        for task in tasks
    ]
    assert [one for one in named if one[1] not in known[one[0]]] == []
    assert len(named) == len(set(named))


def test_a_note_is_found_by_its_task() -> None:
    notes, problems = load_notes({"a.yaml": GOOD})
    assert problems == ()
    found = beside(notes, "documentation", "write-note")
    assert found is not None
    assert found.sources == ("allergies",)
    assert [one.must for one in found.sections] == [True, True]
    assert beside(notes, "documentation", "review-coding") is None
    assert beside(notes, "refill", "write-note") is None


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("from: allergies", "from: horoscope", "pathway.not-listed"),
        ("must: true }\n  plan", "must: perhaps }\n  plan", "pathway.not-listed"),
        ("note: visit-note\n", "", "pathway.missing-key"),
        ("title: Note\n", "title: Note\ncolour: blue\n", "pathway.unknown-key"),
        ("from: allergies", "take: 0, from: allergies", "pathway.not-a-number"),
        ("sections:", "sections: &a", "pathway.anchor"),
    ],
)
def test_a_mistake_is_told_with_its_place(before: str, after: str, code: str) -> None:
    _, problems = load_notes({"a.yaml": GOOD.replace(before, after)})
    assert code in [one.code for one in problems] or (code.endswith("anchor") and problems)
    assert all(one.place.startswith("a.yaml, line") and one.remedy for one in problems)
