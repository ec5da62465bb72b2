"""Whole pathways in language number 2: they load, and their text tables hold."""

from pathlib import Path

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.loading import bundle, load, subs_among
from carelane.pathways.trial import read_trials
from carelane.proofs.trial_report import report
from carelane.proofs.trials import run_trial
from tests.rules.texts import loaded

FOLDER = Path(__file__).parent / "pathways"
FILES = sorted(FOLDER.glob("*.yaml"))
SUBS = {path.stem: path.read_text(encoding="utf-8") for path in (FOLDER / "sub").glob("*.yaml")}


def definition_of(path: Path) -> Definition:
    """The definition of a file that has no mistakes."""
    return loaded(path.read_text(encoding="utf-8"), place=path.name, **SUBS)


def tables_of(path: Path) -> str:
    """The tests beside it."""
    return (FOLDER / "tests" / f"{path.stem}.txt").read_text(encoding="utf-8")


@pytest.mark.requirement("R12")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_language2_tables_hold(path: Path) -> None:
    """Every row of every table follows."""
    definition = definition_of(path)
    trials, findings = read_trials(tables_of(path), definition, place=path.name)
    assert not findings.problems
    assert len(trials) >= 5
    for trial in trials:
        results = run_trial(definition, trial)
        assert not any(row.missed for row in results), report(trial, results)


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("join: all", "join: any"),
        ("join: { at_least: 2, of: fit }", "join: { at_least: 2 }"),
        ("within: 60d", "within: 30m"),
        ("until: records.arrived, resume_by: 5d", "resume_by: 5d"),
        ("phrases: { stat: [chest pain", "phrases: { stat: [chest ache"),
        ("undo: free-room }", "on_failure: person }"),
        ("in: { ask/writing", "in: { opinions-few"),
    ],
)
def test_language2_tables_notice_a_changed_construct(there: str, instead: str) -> None:
    """Mutants: a join, a window, a pause, a phrase or a compensation that is another one breaks a row, or the text."""
    path = FOLDER / "surgery-clearance.yaml"
    text = path.read_text(encoding="utf-8")
    if there.startswith("phrases:"):
        there, instead = "stat: [chest pain, cannot breathe]", "stat: [chest pain]"
    assert text.count(there) == 1
    definition, _ = load(text.replace(there, instead), subs=SUBS)
    if definition is None:
        return
    trials, _ = read_trials(tables_of(path), definition)
    missed = [row for trial in trials for row in run_trial(definition, trial) if row.missed]
    assert missed


def test_language2_a_release_text_holds_what_it_calls() -> None:
    """The bundled text loads alone to the same digest, and says the sub-pathway in its digest."""
    path = FOLDER / "surgery-clearance.yaml"
    text = path.read_text(encoding="utf-8")
    definition = definition_of(path)
    alone, problems = load(bundle(text, definition, SUBS))
    assert alone is not None, problems
    assert alone.digest == definition.digest
    assert definition.calls == {"ask": "confirm-with-patient@1"}
    changed = {name: sub.replace("due: 7d", "due: 8d") for name, sub in SUBS.items()}
    other, _ = load(text, subs=changed)
    assert other is not None
    assert other.digest != definition.digest


def test_language2_sub_pathways_are_found_by_folder() -> None:
    """Texts in a folder `sub` are sub-pathways, others are not."""
    assert subs_among({"a.yaml": "x", "sub/b.yaml": "y", "system/sub/c.yaml": "z"}) == {
        "b": "y",
        "c": "z",
    }
