"""`template check [FOLDER]`: mistakes of templates of messages to patients, before anybody puts them in force."""

import argparse
from dataclasses import asdict
from pathlib import Path

from carelane.cli.asking import answer
from carelane.compose.site import specialities, texts
from carelane.directory.site import load_site
from carelane.effects.wording import site_values
from carelane.pathways.lettering import load_templates
from carelane.settings import Settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    template = commands.add_parser("template", help="check templates of messages to patients")
    actions = template.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="mistakes of templates, with line, column and remedy")
    check.add_argument("folder", nargs="?", type=Path, default=Settings().templates)
    check.add_argument("--site", type=Path, default=Settings().site, help="whose names and values")
    check.add_argument("--json", action="store_true", help="one document on the last line")
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    snapshot, _ = load_site(texts(options.site))
    templates, problems = load_templates(
        texts(options.folder),
        specialities=specialities(snapshot),
        values=site_values(snapshot.messages, snapshot.title),
    )
    named = sorted(templates.by_name)
    document = {"templates": named, "problems": [asdict(each) for each in problems]}
    text = "\n".join(each.line() for each in problems) or f"{len(named)} templates, no problems"
    answer(options, document, text)
    return int(bool(problems))
