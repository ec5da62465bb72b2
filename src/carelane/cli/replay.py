"""`replay FOLDER`: recorded HL7 v2 files through intake and the core in a scratch database; no effect leaves."""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from carelane.cli.asking import answer, say, settings_flags, settings_of
from carelane.compose.database import owned
from carelane.compose.house import open_house
from carelane.compose.recorded import replay_of
from carelane.facts.errors import SetupFault
from carelane.intake.replay import WORST, Replayed
from carelane.settings import Settings

_EVERY = 25


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    replay = commands.add_parser("replay", help="recorded messages, and what became of every one")
    replay.add_argument(
        "folder", type=Path, help="a folder of HL7 v2 files; folders in it are read too"
    )
    replay.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(replay)
    replay.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    files = sorted(each for each in options.folder.rglob("*") if each.is_file())
    if not files:
        raise SetupFault(
            f"no files in {options.folder}. Remedy: name a folder of recorded messages"
        )
    with tempfile.TemporaryDirectory(
        prefix="carelane-replay-", ignore_cleanup_errors=True
    ) as scratch:
        Path(scratch).chmod(0o711)
        settings = replace(settings_of(options), home=Path(scratch), database_url="")
        replayed = asyncio.run(_replay(settings, options.folder, files))
    answer(
        options,
        {"files": [asdict(each) for each in replayed], "totals": _totals(replayed)},
        _text(replayed),
    )
    return 0


async def _replay(settings: Settings, folder: Path, files: Sequence[Path]) -> list[Replayed]:
    with owned(settings, say) as database:
        async with open_house(settings, database.urls, process="replay", load=True) as house:
            replay = replay_of(house)
            for number, file in enumerate(files, 1):
                await replay.store(str(file.relative_to(folder)), file.read_bytes())
                if number % _EVERY == 0:
                    say(f"{number} of {len(files)} files stored")
            await replay.run()
            return await replay.report()


def _totals(replayed: Sequence[Replayed]) -> dict[str, int]:
    return {outcome: sum(each.outcome == outcome for each in replayed) for outcome in WORST}


def _text(replayed: Sequence[Replayed]) -> str:
    lines = [f"{each.outcome:12} {each.facts:4} facts  {each.file}" for each in replayed]
    for each in replayed:
        if each.outcome in {"quarantined", "rejected"}:
            lines += [f"{each.file}: {p['place']}: {p['message']} Remedy: {p['remedy']}"
                      for p in each.problems if p["severity"] == "error"]  # fmt: skip
    totals = ", ".join(f"{count} {outcome}" for outcome, count in _totals(replayed).items())
    return "\n".join([*lines, f"{len(replayed)} files: {totals}"])
