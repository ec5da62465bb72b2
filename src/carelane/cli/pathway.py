"""`pathway check FILE...`: what is wrong with a pathway's text; and the other doors of pathways."""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.cli import pathway_draw, pathway_prove, pathway_test
from carelane.cli.asking import answer
from carelane.cli.pathway_files import errors_in, subs_beside, text_of
from carelane.pathways.loading import load


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """All of them."""
    pathway = commands.add_parser("pathway", help="check, test, prove and draw pathways")
    actions = pathway.add_subparsers(dest="action", required=True)
    one = actions.add_parser("check", help="problems of the text, with line, column and remedy")
    one.add_argument("files", nargs="+", type=Path)
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_check)
    pathway_test.add(actions)
    pathway_draw.add(actions)
    pathway_prove.add(actions)


def _check(options: argparse.Namespace) -> int:
    found = {
        str(file): load(text_of(file), place=str(file), subs=subs_beside(file))[1]
        for file in options.files
    }
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
