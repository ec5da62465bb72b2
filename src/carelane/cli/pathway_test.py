"""`pathway test FILE...` or folders: runs the text tables beside, and prints one that fails as it really went."""

import argparse
from pathlib import Path

from carelane.cli.asking import answer
from carelane.cli.pathway_files import definition_of, errors_in, pathways_in, text_of
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.pathways.trial import Trial, read_trials
from carelane.proofs.trial_report import report
from carelane.proofs.trials import TrialResult, run_trial


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = actions.add_parser("test", help="run the text tables beside it (tests/NAME.txt)")
    one.add_argument("files", nargs="+", type=Path)
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_test)


def tables_of(file: Path) -> Path:
    """A pathway's tests: in `tests` beside it, or beside the folder it is in (`system`)."""
    beside = file.parent / "tests" / f"{file.stem}.txt"
    above = file.parent.parent / "tests" / f"{file.stem}.txt"
    return above if above.exists() and not beside.exists() else beside


def trials_of(file: Path, definition: Definition) -> tuple[Trial, ...]:
    """The tests of a pathway.

    Raises:
        SetupFault: it has none, or they can't be read; each problem has its place and remedy.
    """
    tables = tables_of(file)
    if not tables.exists():
        raise SetupFault(f"{file} has no tests. Remedy: write {tables}")
    trials, findings = read_trials(text_of(tables), definition, place=str(tables))
    if errors_in(findings.problems):
        raise SetupFault("\n".join(each.line() for each in findings.problems))
    return trials


def _test(options: argparse.Namespace) -> int:
    lines, results = list[str](), list[dict[str, object]]()
    for file in pathways_in(options.files):
        definition = definition_of(file)
        for trial in trials_of(file, definition):
            rows = run_trial(definition, trial)
            held = not any(row.missed for row in rows)
            place = str(tables_of(file))
            results.append(
                {"file": place, "test": trial.title, "held": held, "rows": list(map(_row, rows))}
            )
            lines.append(f"holds: {trial.title}" if held else report(trial, rows, place=place))
    failed = sum(not each["held"] for each in results)
    lines.append(f"{len(results) - failed} of {len(results)} tests hold")
    answer(options, {"tests": results, "failed": failed}, "\n".join(lines))
    return int(failed > 0)


def _row(result: TrialResult) -> dict[str, object]:
    return {
        "line": result.row.line,
        "missed": result.missed,
        "followed": result.followed,
        "really": result.really,
    }
