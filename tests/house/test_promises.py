"""ARCHITECTURE.md and the requirements keep to what the code and the tests are."""

import tomllib

import pytest

from tools import problem_table, references
from tools.house import promises
from tools.house.tree import ROOT, Source, python

ARCHITECTURE = "ARCHITECTURE.md"
REQUIREMENTS = "docs/reference/requirements.csv"


def read(path: str) -> Source:
    return Source(path=path, text=(ROOT / path).read_text())


def rooms() -> set[str]:
    """The rooms that the import contract lays out."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(each for each in contracts if each["id"] == "rooms")
    named = (name.strip("() ") for layer in layers["layers"] for name in layer.split("|"))
    return {*named, *layers["exhaustive_ignores"]}


def contract_ids() -> set[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return {each["id"] for each in contracts}


def test_every_room_has_a_paragraph_and_every_paragraph_a_room() -> None:
    planted = Source(path="a.md", text="**`facts`** is.\n**`attic`** is not.\n")
    assert list(promises.rooms_amiss(planted, {"facts", "cases"})) == [
        "a.md: room `cases` has no paragraph",
        "a.md: room `attic` does not exist",
    ]
    assert list(promises.rooms_amiss(read(ARCHITECTURE), rooms())) == []


def test_every_invariant_is_stated_held_and_tested() -> None:
    marked = promises.marked("invariant", python("tests/"))
    found = promises.invariants_amiss(read(ARCHITECTURE), marked, contract_ids())
    assert "\n".join(found) == ""


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("- **Invariant I1**: no.", "I1: names no test or contract that holds it"),
        ("- **Invariant I1**: no. `tests/none.py`", "I1: `tests/none.py` does not exist"),
        ("- **Invariant I1**: no. contract `none`", "I1: no contract `none` in pyproject.toml"),
        ("", "a.md: invariant I1 is not stated"),
        (
            "- **Invariant I1**: contract `rooms`",
            "I1: no test is marked `pytest.mark.invariant('I1')`",
        ),
    ],
)
def test_an_invariant_that_nothing_holds_is_found(text: str, missing: str) -> None:
    marked = {} if "marked" in missing else {"I1": ["tests/a.py"]}
    architecture = Source(path="a.md", text=text)
    assert missing in list(promises.invariants_amiss(architecture, marked, {"rooms"}))


def test_requirements_are_unique_and_marks_name_them() -> None:
    table = Source(path="r.csv", text="id,area,demand\nR1,a,one\nR1,a,\n")
    assert list(promises.requirements_amiss(table, {"R9": ["tests/a.py"]})) == [
        "r.csv: R1 stands twice",
        "r.csv: R1 demands nothing",
        "R9 (tests/a.py): no such requirement",
    ]
    marked = promises.marked("requirement", python("tests/"))
    assert list(promises.requirements_amiss(read(REQUIREMENTS), marked)) == []


def test_generated_references_are_fresh() -> None:
    """Red: run `make docs`, look at the difference, commit it."""
    assert references.stale() == []


def test_problem_codes_are_found_also_through_functions_that_pass_them_on() -> None:
    text = """
class Torn(Fault):
    '''The page is torn; print it anew.'''
    code = "torn"

def _problem(code: str, message: str) -> Problem:
    return Problem(code=f"page.{code}", message=message)

def read() -> Problem:
    return _problem("blank", "The page is blank.")
"""
    source = Source(path="src/carelane/store/page.py", text=text)
    assert [(each.code, each.words) for each in problem_table.codes([source])] == [
        ("page.blank", "The page is blank."),
        ("torn", "The page is torn; print it anew."),
    ]
