"""`audit export FILE` and `audit verify`: the audit as a file, and whether it is what the external checkpoints say."""

import argparse
from pathlib import Path

from carelane.audit.actions import Tree
from carelane.cli.asking import answer, ask, settings_flags
from carelane.compose.house import House
from carelane.compose.verify import export_audit, verify_audit


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    audit = commands.add_parser("audit", help="export the audit, or verify it")
    actions = audit.add_subparsers(dest="action", required=True)
    export = actions.add_parser("export", help="write leaves and checkpoints as JSON lines")
    export.add_argument("file", type=Path)
    verify = actions.add_parser(
        "verify", help="check every leaf against the checkpoints outside the database"
    )
    for each, run in ((export, _export), (verify, _verify)):
        each.add_argument("--tree", choices=[tree.value for tree in Tree], default=Tree.AUDIT.value)
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _export(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        size = await export_audit(house, Tree(options.tree), options.file)
        text = f"{size} leaves written to {options.file}"
        answer(options, {"file": str(options.file), "leaves": size}, text)
        return 0

    return ask(options, question)


def _verify(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        verified, found = await verify_audit(house, Tree(options.tree))
        findings = "\n".join(each["message"] for each in found.get("findings", []))
        says = f"verified: {found.get('leaves')} leaves, proved until {found.get('proved_until')}"
        answer(options, found, says if verified else findings or found["says"])
        return 0 if verified else 1

    return ask(options, question)
