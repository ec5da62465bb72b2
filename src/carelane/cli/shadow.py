"""`pathway shadow start | report | stop | list`: a release decides on live facts beside the one in force."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from carelane.cli import backtest_text
from carelane.cli.asking import answer, ask, settings_flags, table
from carelane.cli.backtest import loaded
from carelane.compose.house import House
from carelane.facts.errors import SetupFault
from carelane.releases import shadow

_LIST = ["id", "pathway", "new", "old", "site", "service_line", "facts", "running"]


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The four commands."""
    top = actions.add_parser("shadow", help="let a change decide on live facts, without effects")
    doing = top.add_subparsers(dest="doing", required=True)
    start = doing.add_parser("start", help="follow new cases in a scope from now on")
    start.add_argument("release", help="a file, or a published NAME@VERSION")
    start.add_argument("--scope", default="", help="SITE or SITE/SERVICE-LINE; everywhere if empty")
    start.add_argument("--by", required=True, help="who starts it")
    listing = doing.add_parser("list", help="runs, newest first")
    told = doing.add_parser("report", help="what it would have decided otherwise so far")
    stop = doing.add_parser("stop", help="end a run; what it found stays")
    stop.add_argument("--by", default="", help="who ends it")
    for each in (told, stop):
        each.add_argument("shadow", type=UUID, help="the run, as `start` said")
    for each, run in ((start, _start), (listing, _listing), (told, _report), (stop, _stop)):
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _start(options: argparse.Namespace) -> int:
    site, _, service_line = options.scope.partition("/")
    file = Path(options.release)
    text = loaded(file).text if file.exists() or "@" not in options.release else ""

    async def question(house: House) -> int:
        run = await shadow.start(
            house.runtime,
            text or await _published(house, options.release),
            place=options.release,
            site=site,
            service_line=service_line,
            by=options.by,
        )
        answer(options, {"shadow": str(run)}, f"{run} follows new cases from now on")
        return 0

    return ask(options, question)


async def _published(house: House, release: str) -> str:
    """The text of NAME@VERSION."""
    name, _, version = release.partition("@")
    async with house.runtime.worker.transaction() as tx:
        rows = await tx.rows("releases.named", pathway=name, version=version)
    if not rows:
        raise SetupFault(
            f"{release} was not published. Remedy: name a file, or a published release"
        )
    return str(rows[0]["content"])


def _report(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        report, lines = await shadow.report_of(house.runtime, options.shadow)
        if options.json:
            backtest_text.write_document(sys.stdout, report, lines)
        else:
            print("\n".join(backtest_text.text(report, lines)))
        return backtest_text.status(report)

    return ask(options, question)


def _stop(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        stopped = await shadow.stop(house.runtime, options.shadow, by=options.by)
        document = {"shadow": str(options.shadow), "stopped": stopped}
        answer(options, document, "stopped" if stopped else "it was not running")
        return int(not stopped)

    return ask(options, question)


def _listing(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        listed: list[dict[str, object]] = [
            {
                **{name: str(row[name]) for name in _LIST if name != "running"},
                "running": row["stopped_at"] is None,
            }
            for row in await shadow.runs(house.runtime)
        ]
        answer(options, {"shadows": listed}, table(listed, _LIST) if listed else "no runs")
        return 0

    return ask(options, question)
