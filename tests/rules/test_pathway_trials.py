"""The shipped pathways' own tests, as text tables, run on the core; a broken pathway fails them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from carelane.pathways.definition import Definition
from carelane.pathways.folder import read_texts
from carelane.pathways.trial import payload_of, read_trials
from carelane.proofs.trial_report import report
from carelane.proofs.trials import run_trial

HOUSE = Path(__file__).parents[2] / "pathways"
TABLES = sorted((HOUSE / "tests").glob("*.txt"))


def definition_of(name: str) -> Definition:
    """A shipped pathway, or a base with one of the shipped overlays on it."""
    files = {str(each): each.read_text("utf-8") for each in HOUSE.rglob("*.yaml")}
    found, problems = read_texts(files)
    assert problems == ()
    return next(each.definition for each in found if Path(each.place).stem == name)


@pytest.mark.requirement("R30")
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_pathway_tables_hold(path: Path) -> None:
    """Each row is followed by what the table says; else the table is shown with what followed."""
    definition = definition_of(path.stem)
    trials, findings = read_trials(path.read_text("utf-8"), definition, place=path.name)
    results = [(trial, run_trial(definition, trial)) for trial in trials]
    failed = [report(trial, found) for trial, found in results if any(one.missed for one in found)]

    assert [one.line() for one in findings.problems] == []
    assert trials
    assert failed == [], "\n" + "\n".join(failed)


def test_pathway_each_has_its_tables() -> None:
    """No pathway is shipped without tests of its own."""
    assert {path.stem for path in TABLES} == {path.stem for path in HOUSE.rglob("*.yaml")}


def test_pathway_table_catches_a_slower_clock() -> None:
    """A planted change (due 45 instead of 30 minutes) is shown with what really followed."""
    right = definition_of("critical-result")
    call = right.states["call"]
    assert call.clock is not None
    slow = replace(call, clock=replace(call.clock, due=timedelta(minutes=45)))
    broken = replace(right, states={**right.states, "call": slow})
    text = (HOUSE / "tests/critical-result.txt").read_text("utf-8")
    trial = read_trials(text, broken)[0][0]
    shown = report(trial, run_trial(broken, trial))

    assert "line 6, at 0m: expected due 30m\n    but: state call;" in shown
    assert "state call; owner role responsible-clinician; due 45m; urgency stat" in shown
    _pasted_holds(broken, shown)


def test_pathway_table_that_failed_says_when_it_starts() -> None:
    """A table that doesn't start at the usual instant keeps its own."""
    text = "starts: 2026-11-28T02:00:00Z\ntest: x\n0m | nothing | state call\n"
    definition = definition_of("critical-result")
    trial = read_trials(text, definition)[0][0]
    shown = report(trial, run_trial(definition, trial))

    assert "starts: 2026-11-28T02:00:00Z\ntest: x\n" in shown


def test_pathway_table_that_failed_can_be_pasted_back() -> None:
    """Every shipped test with each clock doubled: the table as it went reads, is aligned, and holds."""
    for path in TABLES:
        slow = _slower(definition_of(path.stem))
        trials, _ = read_trials(path.read_text("utf-8"), slow)
        for trial in trials:
            results = run_trial(slow, trial)
            if any(one.missed for one in results) and not any(one.impossible for one in results):
                _pasted_holds(slow, report(trial, results))


def test_pathway_table_says_what_could_not_happen() -> None:
    """A task that is not open is no row that could be mended: a comment says so above it."""
    text = "test: x\n0m | task take-result acknowledged | state act\n"
    definition = definition_of("critical-result")
    trial = read_trials(text, definition)[0][0]
    shown = report(trial, run_trial(definition, trial), place="t.txt")

    assert (
        "t.txt, line 2, at 0m: expected no open task `take-result`; state act\n    but: no case"
        in shown
    )
    assert "# this can't happen here: no open task `take-result`\n0m   | task" in shown


def _slower(definition: Definition) -> Definition:
    states = {
        name: replace(state, clock=replace(state.clock, due=state.clock.due * 2))
        if state.clock is not None and state.clock.due is not None
        else state
        for name, state in definition.states.items()
    }
    return replace(definition, states=states)


def _pasted_holds(definition: Definition, shown: str) -> None:
    """The table in a report, read again, has its columns in line and holds."""
    table = shown.partition("What really followed:\n\n")[2]
    rows = [line for line in table.splitlines()[1:] if not line.startswith("#")]
    trials, findings = read_trials(table, definition)

    assert [each.line() for each in findings.problems] == []
    assert len({line.index("|") for line in rows}) == 1
    assert len({line.index("|", line.index("|") + 1) for line in rows}) == 1
    assert [
        row.missed for trial in trials for row in run_trial(definition, trial) if row.missed
    ] == []


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("0m | result.reported flag=HH", 1),
        ("soon | nothing | state call", 1),
        ("0m | result.exploded | state call", 5),
        ("0m | result.reported colour=red | state call", 5),
        ("0m | task take-result sold | state call", 5),
        ("0m | task sing | state call", 5),
        ("0m | nothing | weather fine", 15),
        ("starts: tomorrow", 9),
    ],
)
def test_pathway_table_problem_names_its_place(line: str, column: int) -> None:
    """A row that can't be read has line, column and remedy."""
    _, findings = read_trials(f"test: x\n{line}\n", definition_of("critical-result"), place="t.txt")

    assert findings.problems
    assert findings.problems[0].place == f"t.txt, line 2, column {column}"
    assert findings.problems[0].remedy


@pytest.mark.parametrize("names", [["payer", "coverage_known"], ["coverage_known", "payer"]])
@pytest.mark.parametrize(("many", "list_"), [("0", 1), ("1", 1), ("3", 3)])
def test_pathway_row_says_a_value_and_how_many_there_are(
    names: list[str], many: str, list_: int
) -> None:
    """Two inputs of one list are said in one list, in whichever order: neither takes the other's place."""
    given = {"payer": "self-pay", "coverage_known": many}
    payload = payload_of(
        definition_of("prior-authorisation"), {name: given[name] for name in names}
    )

    assert payload == {"coverage": {"payor": ["self-pay", *["given"] * (list_ - 1)]}}
