"""Old histories give the same states and the same ids, for every language number (I15, SEMANTICS 8).

Each folder `language-N` holds pathways as they were and `*.history.json`: recorded facts with their times, and what
came of them. They are never edited: a difference is a defect, or a new language number.
"""

import json
from pathlib import Path

import pytest

from carelane.pathways.definition import LANGUAGES, Definition
from carelane.pathways.loading import load
from carelane.testing.core.frozen import thaw

_HERE = Path(__file__).parent
HISTORIES = sorted(_HERE.glob("language-*/*.history.json"))


def pathways(folder: Path) -> list[Definition]:
    """The pathways of a folder, as they were."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        definition, problems = load(path.read_text(encoding="utf-8"))
        assert definition is not None, [each.line() for each in problems]
        found.append(definition)
    return found


@pytest.mark.invariant("I15")
@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_frozen_history_gives_what_it_gave(path: Path) -> None:
    """Every fact ends as it did, and the last state has the same ids, owners, clocks and effects."""
    frozen = json.loads(path.read_text(encoding="utf-8"))
    assert thaw(pathways(path.parent), frozen["facts"]) == frozen["expected"]


@pytest.mark.invariant("I15")
def test_a_changed_history_is_noticed() -> None:
    """A second's difference in one fact's time changes ids: the comparison is not blind."""
    (path, *_) = HISTORIES
    frozen = json.loads(path.read_text(encoding="utf-8"))
    first = frozen["facts"][0]
    first["recorded_at"] = first["recorded_at"].replace(":00+00:00", ":01+00:00")
    assert thaw(pathways(path.parent), frozen["facts"]) != frozen["expected"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_supported_language_has_histories(language: int) -> None:
    """Referrals and critical results in number 1; blocks, calls, waits and a for each in number 2."""
    folder = _HERE / f"language-{language}"
    names = {path.name for path in HISTORIES if path.parent == folder}
    assert len(names) >= 4
    assert {each.language for each in pathways(folder)} == {language}


@pytest.mark.invariant("I15")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_digests_of_old_pathways_stay(language: int) -> None:
    """A release is its digest: what a later number adds does not change those that do not say it."""
    folder = _HERE / f"language-{language}"
    known = json.loads((folder / "digests.json").read_text(encoding="utf-8"))
    assert {each.name: each.digest for each in pathways(folder)} == known
