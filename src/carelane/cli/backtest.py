"""`pathway events` and `pathway backtest`: judge a change of a pathway on what was decided already."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from carelane.cli.asking import ask, say, settings_flags
from carelane.cli.backtest_text import status, text, write_document
from carelane.cli.pathway_files import texts_beside
from carelane.compose.house import House
from carelane.compose.site import shipped_templates, texts
from carelane.directory.site import load_site
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.pathways.digest import digest
from carelane.pathways.folder import Loaded
from carelane.proofs.backtest import BacktestReport
from carelane.proofs.events import History, encode
from carelane.releases import publish
from carelane.releases.backtest import backtest, decided_by, files_of, head_of
from carelane.releases.events import export, heard_by
from carelane.releases.reports import keep
from carelane.settings import Settings


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    _add_events(actions)
    _add_backtest(actions)


def _add_events(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = actions.add_parser(
        "events", help="write recorded decisions, without patient data, for a back-test"
    )
    one.add_argument("--pathway", required=True, help="the pathway's name")
    one.add_argument("--since", type=_instant, help="an instant, as 2026-11-01T00:00:00Z")
    one.add_argument("--to", type=Path, help="a new folder of parts, instead of standard output")
    one.add_argument("--parts", type=int, default=2, help="how many parts, by subject")
    settings_flags(one)
    one.set_defaults(run=_events)


def _add_backtest(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = actions.add_parser(
        "backtest",
        help="what a change would have done to recorded cases, up to where each parts",
        conflict_handler="resolve",  # `--workers` means processes here, as in the settings
    )
    settings_flags(one)
    one.add_argument("new", type=Path, help="the changed pathway")
    one.add_argument(
        "--against", required=True, help="the release that decided: its file, or its version"
    )
    one.add_argument(
        "--from", dest="events", type=Path, required=True, help="what `pathway events` wrote"
    )
    one.add_argument(
        "--assume-same", action="store_true", help="also guess what followed; never for activation"
    )
    one.add_argument(
        "--workers", type=int, default=2, help="processes; any number gives the same report"
    )
    one.add_argument("--keep", action="store_true", help="store the report for activation")
    one.add_argument("--by", default="", help="who answers for the kept report")
    one.add_argument("--json", action="store_true", help="one document on the last line")
    one.set_defaults(run=_backtest)


def _instant(given: str) -> datetime:
    at = datetime.fromisoformat(given)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def loaded(file: Path) -> Loaded:
    """A pathway or an overlay with all it needs in one text.

    Raises:
        ReleaseFault: it has errors, each with file, line and remedy.
    """
    settings = Settings()
    site, _ = load_site(texts(settings.site))
    found = publish.read(texts_beside(file), shipped_templates(settings, site))
    return next(each for each in found if each.place == str(file))


def _events(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        published = house.runtime.releases.published
        if not heard_by(published, options.pathway):
            known = ", ".join(sorted({each.name for each in published.values()}))
            raise SetupFault(f"no pathway `{options.pathway}` was published. There is: {known}")
        head, histories = await export(house.runtime, options.pathway, options.since)
        with ExitStack() as stack:
            parts = _parts(options, stack)
            for part in parts:
                part.write(encode(head) + b"\n")
            subjects, left = await _written(histories, parts)
        say(f"{subjects} subjects written; {left} of them named only, they can't be replayed")
        return 0

    return ask(options, question)


def _parts(options: argparse.Namespace, stack: ExitStack) -> list[BinaryIO]:
    if options.to is None:
        return [sys.stdout.buffer]
    try:
        options.to.mkdir(parents=True)
    except FileExistsError:
        raise SetupFault(f"{options.to} is there already. Remedy: name a new folder") from None
    names = [options.to / f"part-{n:03}.jsonl" for n in range(max(options.parts, 1))]
    return [stack.enter_context(name.open("xb")) for name in names]


async def _written(found: AsyncIterator[History], parts: list[BinaryIO]) -> tuple[int, int]:
    subjects = left = 0
    async for each in found:
        subjects += 1
        left += bool(each.left_out)
        parts[each.subject.int % len(parts)].write(encode(each) + b"\n")
    for part in parts:
        part.flush()
    return subjects, left


def _backtest(options: argparse.Namespace) -> int:
    if options.keep and (options.assume_same or not options.by):
        raise SetupFault("--keep needs --by NAME, and never keeps a guess: leave --assume-same out")
    waited = sys.stderr.isatty()
    with backtest(
        options.events,
        old=_old(options),
        new_text=loaded(options.new).text,
        place=str(options.new),
        workers=options.workers,
        assume_same=options.assume_same,
        progress=_progress if waited else _silent,
    ) as found:
        if waited:
            sys.stderr.write("\r\033[K")
        if options.keep:
            _keep(options, found.report)
        if options.json:
            write_document(sys.stdout, found.report, found.lines())
        else:
            print("\n".join(text(found.report, found.lines())))
        return status(found.report)


def _old(options: argparse.Namespace) -> Definition:
    """The release that decided: a file, or one that the recording has by that version."""
    file = Path(options.against)
    if file.exists():
        found = loaded(file).definition
        recorded = {each.digest for each in head_of(files_of(options.events)).releases}
        bare = digest(
            found
        )  # without the templates that it names: recorded by a house of other ones
        only = found.digest not in recorded and bare in recorded
        return replace(found, digest=bare) if only else found
    return decided_by(head_of(files_of(options.events)), options.against)


def _keep(options: argparse.Namespace, report: BacktestReport) -> None:
    async def question(house: House) -> int:
        async with house.runtime.worker.transaction() as tx:
            await keep(house.runtime, tx, report, by=options.by)
        return 0

    ask(options, question)


def _progress(facts: int) -> None:
    sys.stderr.write(f"\r{facts:,} facts decided again")
    sys.stderr.flush()


def _silent(facts: int) -> None:
    """Nobody waits at a terminal."""
