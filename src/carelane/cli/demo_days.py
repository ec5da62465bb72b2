"""`demo --days N`: the synthetic hospital for days on the demo's clock, in a Carelane of its own; then every figure."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from carelane.cli.asking import answer, say
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
from carelane.compose.database import Owned, owned
from carelane.compose.demo import Ports, copied_site, free_ports
from carelane.compose.house import House, open_house
from carelane.compose.judge import held_by_ehr, judge, quiet
from carelane.compose.judge_days import judged
from carelane.compose.supervise import supervise
from carelane.facts.errors import SetupFault
from carelane.settings import Settings

Chart: TypeAlias = Mapping[str, Mapping[str, Sequence[str]]]
DAYS_MAX = 30
DAY_S = 300.0
"""Seconds of the machine's that a simulated day may take before the run counts as stuck."""
QUIET_S = 120


def run(options: argparse.Namespace, settings: Settings) -> int:
    """The command's status."""
    if not 1 <= options.days <= DAYS_MAX:
        raise SetupFault(
            f"--days is from 1 to {DAYS_MAX}. Remedy: `carelane demo --once --days 30`"
        )
    with tempfile.TemporaryDirectory(prefix="carelane-days-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o711)
        ports = free_ports()
        site = copied_site(settings.site, home / "site", ports)
        private = replace(
            ports.settings(settings, home=home, site=site), demo_clock=True, workers=2
        )
        asyncio.run(_cover(site, options.days))
        with owned(private, say) as database:
            return asyncio.run(_private(options, private, ports, database))


async def _cover(site: Path, days: int) -> None:
    """The run's calendar of duty, as the hospital's roster plans it, among the site's own rows."""
    command = [sys.executable, "-m", "carelane.testing.hospital.roster", str(days)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    rows, _ = await process.communicate()
    file = site / "coverage.yaml"
    text = await asyncio.to_thread(file.read_text, encoding="utf-8")
    await asyncio.to_thread(file.write_text, text.rstrip() + "\n" + rows.decode(), encoding="utf-8")


async def _private(
    options: argparse.Namespace, settings: Settings, ports: Ports, database: Owned
) -> int:
    stop, urls = asyncio.Event(), database.urls
    async with open_house(settings, urls, process="demo", load=True) as house:
        chart = _chart(house)
        passwords = await passwords_for(house, chart)
    stage = Stage(settings=settings, ports=ports, urls=urls, passwords=passwords)
    up = asyncio.create_task(
        supervise(settings, children(settings), quietly, stop=stop, server=database.server)
    )
    try:
        return await until(stop, _lived(options, stage, chart))
    finally:
        stop.set()
        await up


def _chart(house: House) -> Chart:
    """Who may work for whom, and where: people of the directory with their pools, roles and sites."""
    people = house.runtime.directory.people.values()
    return {
        each.name: {"owners": [*each.pools, *each.roles], "sites": [*each.sites]}
        for each in people
        if each.pools
    }


async def _lived(options: argparse.Namespace, stage: Stage, chart: Chart) -> int:
    """Run the hospital, judge what it left and what it told."""
    settings = stage.settings
    await ready(settings, stage.ports)
    plan = _plan(options, stage, chart)
    async with hospital(settings, plan) as process:
        said = await listen(process, longest_s=DAY_S * options.days + 120)
        told: dict[str, Any] = json.loads(
            await asyncio.to_thread(Path(str(plan["told"])).read_bytes)
        )
        say(
            "judging what the days left: laws, audit, promises, with and without (a minute for a month)"
        )
        figures = await figures_of(stage, told)
        summary = {**figures, "hospital": _short(told) | await held_by_ehr(said["ehr"])}
    answer(options, summary, _text(summary))
    return int(not _kept(summary))


async def figures_of(stage: Stage, told: dict[str, Any]) -> dict[str, Any]:
    """What the days left here, beside what the hospital told of them; asked again where the database was away.

    Raises:
        Unreachable: it was away each time.
    """

    async def question() -> dict[str, Any]:
        async with open_house(stage.settings, stage.urls, process="judge") as house:
            await quiet(house, longest_s=QUIET_S)
            laws, promises = await _side_by_side(judge(house), judged(house, told))
            return {**laws, **promises}

    return await asked(question)


async def _side_by_side(*judging: Coroutine[Any, Any, dict[str, Any]]) -> list[dict[str, Any]]:
    """What each found. While one counts, another's program verifies or compares on the other core.

    When one fails the others are stopped and its own error is raised: a group would hide a database that is away.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in judging]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


def _plan(options: argparse.Namespace, stage: Stage, chart: Chart) -> dict[str, object]:
    settings, ports = stage.settings, stage.ports
    return {
        "portal": f"http://{settings.host}:{settings.portal_port}", "host": settings.host,
        "doors": f"http://{settings.host}:{settings.health_port}",
        "feeds": {"mllp": ports.mllp, "mllp-harbour": ports.mllp_harbour, "mllp-lakeside": ports.mllp_lakeside},
        "ehr_port": ports.ehr, "smtp_port": ports.smtp, "texts_port": ports.texts, "payer_port": ports.payer,
        "home": str(settings.home),
        "told": str(settings.home / "told.json"), "profile": options.profile, "seed": options.seed,
        "days": options.days, "if_match": not options.without_if_match, "volume": options.volume,
        "staff": dict(stage.passwords), "chart": chart,
    }  # fmt: skip


def _short(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the hospital told, its lists by their lengths."""
    return {name: len(each) if isinstance(each, list) else each for name, each in told.items()}


NOUGHT = (
    "cases_without_owner_or_clock", "steps_without_eligible_person", "red_flags_routed_down", "double_bookings",
    "double_messages",
)  # fmt: skip


def _kept(summary: Mapping[str, Any]) -> bool:
    """Whether the promises hold."""
    return (
        bool(summary["ledger_balanced"])
        and bool(summary["audit_verified"])
        and not any(summary[name] for name in NOUGHT)
    )


def _text(summary: Mapping[str, Any]) -> str:
    told = summary["hospital"]
    laws = "hold" if summary["ledger_balanced"] else "DO NOT HOLD"
    audit = "verified" if summary["audit_verified"] else "NOT VERIFIED"
    lines = [
        f"{told['seconds']} s for {told['begun'][:10]} to {told['ended'][:10]}",
        ", ".join(f"{name} {summary[name]}" for name in ("messages", "cases", "closed", "tasks")),
        *(f"{name.replace('_', ' ')}: {summary[name]}" for name in NOUGHT),
        f"the four laws {laws}; the audit is {audit}",
        f"clocks were decided at most {told['clock']['late_s_max']:.0f} s late",
    ]
    for letter, each in summary["workflows"].items():
        lines.append(
            f"{letter}: started {each['started']}, closed {each['closed']}, open {each['open']}"
        )
    return "\n".join(lines)
