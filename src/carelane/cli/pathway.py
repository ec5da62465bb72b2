"""`pathway check | test FILE...`: what a pathway's text says, and whether its tests hold."""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.cli import pathway_draw
from carelane.cli.asking import answer
from carelane.cli.pathway_files import definition_of, errors_in, text_of
from carelane.facts.errors import SetupFault
from carelane.pathways.loading import load
from carelane.pathways.trial import read_trials
from carelane.proofs.trial_report import report
from carelane.proofs.trials import TrialResult, run_trial


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """All of them."""
    pathway = commands.add_parser("pathway", help="check, test and draw pathways")
    actions = pathway.add_subparsers(dest="action", required=True)
    for name, help_, run in (
        ("check", "problems of the text, with line, column and remedy", _check),
        ("test", "run the text tables beside it (tests/NAME.txt)", _test),
    ):
        one = actions.add_parser(name, help=help_)
        one.add_argument("files", nargs="+", type=Path)
        one.add_argument("--json", action="store_true", help="one document on the last line")
        one.set_defaults(run=run)
    pathway_draw.add(actions)


def _check(options: argparse.Namespace) -> int:
    found = {str(file): load(text_of(file), place=str(file))[1] for file in options.files}
    problems = [problem for listed in found.values() for problem in listed]
    document = {
        "files": [
            {"file": name, "problems": [asdict(each) for each in listed]}
            for name, listed in found.items()
        ]
    }
    text = "\n".join(each.line() for each in problems) or f"{len(found)} pathways, no problems"
    answer(options, document, text)
    return int(errors_in(problems))


def _test(options: argparse.Namespace) -> int:
    lines, results = list[str](), list[dict[str, object]]()
    for file in options.files:
        definition = definition_of(file)
        tables = _tables(file)
        if not tables.exists():
            raise SetupFault(f"{file} has no tests. Remedy: write {tables}")
        trials, findings = read_trials(text_of(tables), definition, place=str(tables))
        if errors_in(findings.problems):
            raise SetupFault("\n".join(each.line() for each in findings.problems))
        for trial in trials:
            rows = run_trial(definition, trial)
            held = not any(row.missed for row in rows)
            results.append(
                {
                    "file": str(tables),
                    "test": trial.title,
                    "held": held,
                    "rows": list(map(_row, rows)),
                }
            )
            lines.append(
                f"holds: {trial.title}" if held else report(trial, rows, place=str(tables))
            )
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


def _tables(file: Path) -> Path:
    """A pathway's tests: in `tests` beside it, or beside the folder it is in (`system`)."""
    beside = file.parent / "tests" / f"{file.stem}.txt"
    above = file.parent.parent / "tests" / f"{file.stem}.txt"
    return above if above.exists() and not beside.exists() else beside
