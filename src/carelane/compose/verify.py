"""The audit exported, and judged by the verifier that knows nothing of us (`verify/carelane_verify.py`)."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import msgspec

from carelane.audit.actions import Tree
from carelane.audit.checkpoint import origin
from carelane.audit.export import checkpoint as checkpoint_line
from carelane.audit.export import header
from carelane.audit.export import leaf as leaf_line
from carelane.compose.audit import bring_up_to_date, notary_of
from carelane.compose.house import House

VERIFIER = Path(__file__).resolve().parents[3] / "verify" / "carelane_verify.py"
_PAGE = 5_000


async def verify_audit(house: House, tree: Tree = Tree.AUDIT) -> tuple[bool, dict[str, Any]]:
    """Bring the tree up to date, export it to a private file, let the verifier judge; its own document."""
    await bring_up_to_date(house)
    folder = notary_of(house).folder
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "export.jsonl"
        await export_audit(house, tree, file)
        kept = [("--key", "vkey"), ("--checkpoints", "checkpoints"), ("--hashes", "hashes")]
        flags = [
            part for flag, ending in kept for part in (flag, str(folder / f"{tree.value}.{ending}"))
        ]
        done = await asyncio.to_thread(
            _run, [sys.executable, str(VERIFIER), str(file), *flags, "--json"]
        )
    lines = done.stdout.rstrip().splitlines()
    found: dict[str, Any] = msgspec.json.decode(lines[-1]) if lines else {}
    return done.returncode == 0, {**found, "says": done.stderr.rstrip() or "\n".join(lines[:-1])}


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own file


async def export_audit(house: House, tree: Tree, file: Path) -> int:
    """Write leaves and checkpoints as JSON lines; how many leaves. What is not whole leaves no file behind."""
    with _whole(file) as out:
        return await _written(house, tree, out)


@contextmanager
def _whole(file: Path) -> Iterator[TextIO]:
    """A file that takes its place once all of it is written: half an audit looks like one that was cut."""
    if file.exists() and not file.is_file():  # a pipe, a terminal
        with file.open("w", encoding="utf-8") as out:
            yield out
        return
    partial = file.with_name(f"{file.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as out:
            yield out
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


async def _written(house: House, tree: Tree, out: TextIO) -> int:
    async with house.audit.transaction() as tx:
        row = await tx.one("audit.tree", tree=tree.value)
        size = int(row["size"]) if row else 0
        out.write(header(origin=origin(house.runtime.organisation, tree), size=size))
        for first in range(0, size, _PAGE):
            out.writelines(
                leaf_line(tree_index=each["tree_index"], body=bytes(each["body"]))
                for each in await tx.rows(f"audit.{tree.value}_leaves", first=first, limit=_PAGE)
            )
        out.writelines(
            checkpoint_line(each["note"])
            for each in await tx.rows("audit.checkpoints", tree=tree.value)
        )
    return size
