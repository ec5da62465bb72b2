"""`demo`: the synthetic hospital, a program of its own, against a running Carelane or a private one."""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from carelane.cli import demo_days
from carelane.cli.asking import answer, say, settings_flags, settings_of
from carelane.cli.demo_stage import (
    Stage,
    asked,
    hospital,
    listen,
    passwords_for,
    quietly,
    ready,
    until,
)
from carelane.cli.run import children
from carelane.compose.database import Owned, owned, running, runs
from carelane.compose.demo import EXAMPLE, Ports, copied_site, free_ports, ports_of
from carelane.compose.house import open_house
from carelane.compose.judge import Once, held_by_ehr, held_once, judge, quiet
from carelane.compose.supervise import stop_on_signals, supervise
from carelane.engine import clock
from carelane.facts.errors import SetupFault
from carelane.settings import Settings

WORKS = (
    "amara.quill", "bo.tarrant", "cleo.marsh", "dev.okafor", "edda.voss", "farid.noor", "gwen.ashby",
    "hugo.lindqvist", "jonas.weald",
)  # fmt: skip
SIGN_IN = "hugo.lindqvist"  # what is left goes to him, by the example site's coverage
DAY_S = 420.0
_QUIET_S = 120  # an EHR whose search lags 30 s is asked twice before an effect counts as absent


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    demo = commands.add_parser(
        "demo", help="a synthetic hospital sends messages, staff works, the EHR hears of it"
    )
    demo.add_argument("--once", action="store_true", help="one day, then the summary, then the end")
    demo.add_argument(
        "--json", action="store_true", help="the summary as one document on the last line"
    )
    demo.add_argument(
        "--days",
        type=int,
        help="so many simulated days (1 to 30) on the demo's clock, in a Carelane of its own, then every figure",
    )
    demo.add_argument(
        "--volume", type=float, default=1.0, help="with --days: a hospital so many times as large"
    )
    demo.add_argument(
        "--without-if-match",
        action="store_true",
        help="with --days: an EHR that lets a write through although its If-Match is out of date",
    )
    demo.add_argument("--seed", type=int, default=1, help="another seed is another day")
    demo.add_argument(
        "--profile", choices=["a", "b"], default="a", help="which of the two simulated EHRs"
    )
    settings_flags(demo)
    demo.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    if options.days is not None:
        return demo_days.run(options, settings)
    if runs(settings):
        return asyncio.run(_against_running(options, settings))
    with tempfile.TemporaryDirectory(prefix="carelane-demo-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o711)
        ports = free_ports()
        site = copied_site(settings.site, home / "site", ports)
        private = ports.settings(settings, home=home, site=site)
        with owned(private, say) as database:
            return asyncio.run(_private(options, private, ports, database))


async def _against_running(options: argparse.Namespace, settings: Settings) -> int:
    """The Carelane that runs already, if it is the example site: simulated staff gets passwords of its own."""
    urls = running(settings)
    async with open_house(settings, urls, process="demo") as house:
        if house.runtime.directory.title != EXAMPLE:
            raise SetupFault(
                f"the demo works on the example site only ({EXAMPLE}). Remedy: `carelane demo --home NEW`"
            )
        passwords = await passwords_for(house, WORKS)
        ports = ports_of(house.runtime.directory, settings)
    stage = Stage(settings=settings, ports=ports, urls=urls, passwords=passwords)
    stop = asyncio.Event()
    stop_on_signals(stop)
    return await until(stop, _played(options, stage, stop))


async def _private(
    options: argparse.Namespace, settings: Settings, ports: Ports, database: Owned
) -> int:
    """A Carelane of its own, that ends with the demo."""
    stop, urls = asyncio.Event(), database.urls
    async with open_house(settings, urls, process="demo", load=True) as house:
        passwords = await passwords_for(house, WORKS)
    stage = Stage(settings=settings, ports=ports, urls=urls, passwords=passwords)
    up = asyncio.create_task(
        supervise(settings, children(settings), quietly, stop=stop, server=database.server)
    )
    try:
        return await until(stop, _played(options, stage, stop))
    finally:
        stop.set()
        await up


async def _played(options: argparse.Namespace, stage: Stage, stop: asyncio.Event) -> int:
    """Run the hospital, judge what it left, and stay for a person if there is one."""
    await ready(stage.settings, stage.ports)
    begun = clock.now()
    async with hospital(stage.settings, _plan(options, stage)) as process:
        told = await listen(process, longest_s=DAY_S)
        found, once = await asked(partial(_judged, stage, told["ehr"], begun))
        told |= await held_by_ehr(told["ehr"]) | {"once": asdict(once)}
        summary = {**found, "hospital": told}
        answer(options, summary, _text(summary))
        await stay(options, stage, told["ehr"], stop)
    held = told["held_twice"] == 0 and once.holds
    return int(not (found["ledger_balanced"] and found["audit_verified"] and held))


def _plan(options: argparse.Namespace, stage: Stage) -> dict[str, object]:
    settings, ports = stage.settings, stage.ports
    return {
        "portal": f"http://{settings.host}:{settings.portal_port}", "mllp_port": ports.mllp, "ehr_port": ports.ehr,
        "smtp_port": ports.smtp, "texts_port": ports.texts, "home": str(settings.home),
        "profile": options.profile, "seed": options.seed, "staff": dict(stage.passwords),
    }  # fmt: skip


async def _judged(stage: Stage, ehr: str, begun: datetime) -> tuple[dict[str, Any], Once]:
    """What the day left here, and what of it the EHR at this address holds."""
    async with open_house(stage.settings, stage.urls, process="judge") as house:
        await quiet(house, longest_s=_QUIET_S)
        return await judge(house), await held_once(house, ehr, since=begun)


async def stay(options: argparse.Namespace, stage: Stage, ehr: str, stop: asyncio.Event) -> None:
    """Invite whoever sits at a terminal and stay until stopped; without one say why it ends. `ehr` is its address."""
    if options.once:
        return
    if not sys.stdin.isatty():
        say("no terminal: the demo ends here")
        return
    _invite(stage)
    await _watch(ehr, stop)


async def _watch(ehr: str, stop: asyncio.Event) -> None:
    """Tell whenever the EHR holds more of ours, until stopped."""
    before = await held_by_ehr(ehr)
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), timeout=1)
            return
        try:
            held = await held_by_ehr(ehr)
        except OSError:
            say("the synthetic hospital no longer answers; Ctrl-C ends the demo")
            await stop.wait()
            return
        if held != before:
            more, twice = held["held"] - before["held"], held["held_twice"]
            print(f"The EHR holds {more} more of ours: {held['held']}, {twice} of them twice.")
        before = held


def _invite(stage: Stage) -> None:
    settings = stage.settings
    print(f"\nThe portal: http://{settings.host}:{settings.portal_port}")
    print(f"Sign in as {SIGN_IN} with the password {stage.passwords[SIGN_IN]}")
    print(f"Or: CARELANE_HOME={settings.home} carelane task list --as {SIGN_IN}")
    print("Ctrl-C ends everything.")


def _text(summary: Mapping[str, Any]) -> str:
    told = summary["hospital"]
    triggers = len(told.get("triggers", []))
    laws = "hold" if summary["ledger_balanced"] else "DO NOT HOLD"
    audit = "verified" if summary["audit_verified"] else "NOT VERIFIED"
    once = told["once"]
    lines = [
        f"messages {summary['messages']} of {triggers} triggers, facts {summary['facts']}",
        f"cases {summary['cases']}, closed {summary['closed']}; tasks {summary['tasks']}, effects {summary['effects']}",
        f"the EHR holds {told['held']} of ours, {told['held_twice']} of them twice; mails {told.get('mails')}",
        f"compared one by one: {once['once']} of {once['created']} that were created are there exactly once",
        f"the four laws {laws}; the audit is {audit}",
    ]
    lines += [
        f"{what} at the EHR: {id_}"
        for what in ("missing", "several", "elsewhere")
        for id_ in once[what]
    ]
    lines += [
        f"nobody knows yet how {each['name']} ended ({each['cause']}): {each['who']}"
        for each in summary["unknown"]
    ]
    return "\n".join(lines)
