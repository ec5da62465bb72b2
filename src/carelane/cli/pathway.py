"""`pathway check FILE...`: what is wrong with a pathway's text; and the other doors of pathways."""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.cli import (
    backtest,
    pathway_draw,
    pathway_force,
    pathway_moving,
    pathway_prove,
    pathway_releases,
    pathway_test,
    shadow,
)
from carelane.cli.asking import answer
from carelane.cli.pathway_files import errors_in, pathways_in, problems_of


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """All of them."""
    pathway = commands.add_parser(
        "pathway", help="check, test, prove, draw, compare and put in force"
    )
    actions = pathway.add_subparsers(dest="action", required=True)
    one = actions.add_parser("check", help="problems of the text, with line, column and remedy")
    one.add_argument("files", nargs="+", type=Path)
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_check)
    for door in (
        pathway_test, pathway_prove, pathway_draw, backtest, shadow, pathway_releases, pathway_force,
        pathway_moving,
    ):  # fmt: skip
        door.add(actions)


def _check(options: argparse.Namespace) -> int:
    found = {str(file): problems_of(file) for file in pathways_in(options.files)}
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
