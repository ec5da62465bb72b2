"""`pathway check | test | draw FILE...`: what a pathway's text says, whether its tests hold, and its picture.

The other verbs have files of their own: `pathway_prove`.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.cli import (
    backtest,
    pathway_force,
    pathway_moving,
    pathway_prove,
    pathway_releases,
    shadow,
)
from carelane.cli.asking import answer
from carelane.cli.pathway_files import definition_of, errors_in, problems_of, text_of
from carelane.facts.errors import SetupFault
from carelane.pathways.picture import draw
from carelane.pathways.sayings import table_text
from carelane.pathways.trial import read_trials
from carelane.proofs.trials import report, run_trial


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """All of them."""
    pathway = commands.add_parser(
        "pathway", help="check, test, prove, draw, compare and put in force"
    )
    actions = pathway.add_subparsers(dest="action", required=True)
    for door in (pathway_prove, backtest, shadow, pathway_moving, pathway_releases, pathway_force):
        door.add(actions)
    for name, help_, run in (
        ("check", "problems of the text, with line, column and remedy", _check),
        ("test", "run the text tables beside it (tests/NAME.txt)", _test),
        ("draw", "a picture (SVG) and a text table", _draw),
    ):
        one = actions.add_parser(name, help=help_)
        one.add_argument("files", nargs="+", type=Path)
        one.add_argument("--json", action="store_true", help="one document on the last line")
        one.set_defaults(run=run)
        if name == "draw":
            one.add_argument(
                "--svg", type=Path, help="write the picture to this file (one pathway)"
            )


def _check(options: argparse.Namespace) -> int:
    found = {str(file): problems_of(file) for file in options.files}
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
            results.append({"file": str(tables), "test": trial.title, "held": held})
            lines.append(f"holds: {trial.title}" if held else report(trial, rows))
    failed = sum(not each["held"] for each in results)
    lines.append(f"{len(results) - failed} of {len(results)} tests hold")
    answer(options, {"tests": results, "failed": failed}, "\n".join(lines))
    return int(failed > 0)


def _tables(file: Path) -> Path:
    """A pathway's tests: in `tests` beside it, or beside the folder it is in (`system`)."""
    beside = file.parent / "tests" / f"{file.stem}.txt"
    above = file.parent.parent / "tests" / f"{file.stem}.txt"
    return above if above.exists() and not beside.exists() else beside


def _draw(options: argparse.Namespace) -> int:
    drawn = [definition_of(file) for file in options.files]
    if options.svg:
        if len(drawn) != 1:
            raise SetupFault("--svg takes one pathway; name one file")
        options.svg.writetext_of(draw(drawn[0]), encoding="utf-8")
    document = {
        "pathways": [
            {"name": each.name, "table": table_text(each), "svg": draw(each)} for each in drawn
        ]
    }
    answer(options, document, "\n\n".join(f"{each.title}\n{table_text(each)}" for each in drawn))
    return 0
