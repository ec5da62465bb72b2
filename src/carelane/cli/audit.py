"""`audit export FILE` and `audit verify`: the audit as a file, and whether it is what the external checkpoints say."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

from carelane.audit.actions import Tree
from carelane.audit.checkpoint import origin
from carelane.audit.export import checkpoint as checkpoint_line
from carelane.audit.export import header
from carelane.audit.export import leaf as leaf_line
from carelane.cli.asking import answer, ask, say, settings_flags
from carelane.compose.audit import bring_up_to_date, notary_of
from carelane.compose.house import House

_VERIFIER = Path(__file__).resolve().parents[3] / "verify" / "carelane_verify.py"
_PAGE = 5_000


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
        size = await write(house, Tree(options.tree), options.file)
        answer(
            options,
            {"file": str(options.file), "leaves": size},
            f"{size} leaves written to {options.file}",
        )
        return 0

    return ask(options, question)


def _verify(options: argparse.Namespace) -> int:
    """Export to a private file, then let the verifier that knows nothing of us judge it."""

    async def question(house: House) -> int:
        tree = Tree(options.tree)
        await bring_up_to_date(house)
        folder = notary_of(house).folder
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "export.jsonl"
            await write(house, tree, file)
            command = [sys.executable, str(_VERIFIER), str(file), "--key", str(folder / f"{tree.value}.vkey"),
                       "--checkpoints", str(folder / f"{tree.value}.checkpoints"),
                       "--hashes", str(folder / f"{tree.value}.hashes")]  # fmt: skip
            done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)  # noqa: S603  # our own file
        if done.stderr:
            say(done.stderr.rstrip())
        last = done.stdout.rstrip().splitlines()[-1] if done.stdout.strip() else "{}"
        found = msgspec.json.decode(last)
        answer(options, found, done.stdout.rstrip().rpartition("\n")[0] or last)
        return done.returncode

    return ask(options, question)


async def write(house: House, tree: Tree, file: Path) -> int:
    """Write the export; how many leaves."""
    async with house.audit.transaction() as tx:
        row = await tx.one("audit.tree", tree=tree.value)
        size = int(row["size"]) if row else 0
        with file.open("w", encoding="utf-8") as out:
            out.write(header(origin=origin(house.runtime.organisation, tree), size=size))
            for first in range(0, size, _PAGE):
                for each in await tx.rows(f"audit.{tree.value}_leaves", first=first, limit=_PAGE):
                    out.write(leaf_line(tree_index=each["tree_index"], body=bytes(each["body"])))
            for each in await tx.rows("audit.checkpoints", tree=tree.value):
                out.write(checkpoint_line(each["note"]))
    return size
