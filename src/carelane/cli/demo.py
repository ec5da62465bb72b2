"""`demo`: the synthetic hospital, a program of its own, against a running Carelane or a private one."""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from carelane.accounts.passwords import set_password
from carelane.cli.asking import answer, say, settings_flags, settings_of
from carelane.cli.run import children
from carelane.compose.database import owned, running, runs
from carelane.compose.demo import EXAMPLE, Ports, copied_site, free_ports, ports_of
from carelane.compose.house import House, open_house
from carelane.compose.judge import held_by_ehr, held_once, judge
from carelane.compose.supervise import stop_on_signals, supervise
from carelane.engine import clock
from carelane.facts.errors import SetupFault
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

WORKS = (
    "amara.quill", "bo.tarrant", "cleo.marsh", "dev.okafor", "edda.voss", "farid.noor", "gwen.ashby",
    "hugo.lindqvist", "jonas.weald",
)  # fmt: skip
SIGN_IN = "hugo.lindqvist"  # what is left goes to him, by the example site's coverage
READY_S = 60.0
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
    demo.add_argument("--seed", type=int, default=1, help="another seed is another day")
    demo.add_argument(
        "--profile", choices=["a", "b"], default="a", help="which of the two simulated EHRs"
    )
    settings_flags(demo)
    demo.set_defaults(run=_run)


@dataclass(slots=True, kw_only=True)
class Stage:
    """A private Carelane for the demo: its settings, its ports, and the passwords of its staff."""

    settings: Settings
    ports: Ports
    urls: DatabaseUrls
    passwords: Mapping[str, str] = field(repr=False)


def _run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    if runs(settings):
        return asyncio.run(_against_running(options, settings))
    with tempfile.TemporaryDirectory(prefix="carelane-demo-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        home.chmod(0o711)
        ports = free_ports()
        site = copied_site(settings.site, home / "site", ports)
        private = ports.settings(settings, home=home, site=site)
        with owned(private, say) as urls:
            return asyncio.run(_private(options, private, ports, urls))


async def _against_running(options: argparse.Namespace, settings: Settings) -> int:
    """The Carelane that runs already, if it is the example site: simulated staff gets passwords of its own."""
    urls = running(settings)
    async with open_house(settings, urls, process="demo") as house:
        if house.runtime.directory.title != EXAMPLE:
            raise SetupFault(
                f"the demo works on the example site only ({EXAMPLE}). Remedy: `carelane demo --home NEW`"
            )
        passwords = await _passwords(house)
        ports = ports_of(house.runtime.directory, settings)
    stage = Stage(settings=settings, ports=ports, urls=urls, passwords=passwords)
    stop = asyncio.Event()
    stop_on_signals(stop)
    return await _until(stop, _played(options, stage, stop))


async def _private(
    options: argparse.Namespace, settings: Settings, ports: Ports, urls: DatabaseUrls
) -> int:
    """A Carelane of its own, that ends with the demo."""
    stop = asyncio.Event()
    async with open_house(settings, urls, process="demo", load=True) as house:
        passwords = await _passwords(house)
    stage = Stage(settings=settings, ports=ports, urls=urls, passwords=passwords)
    up = asyncio.create_task(supervise(settings, children(settings), _quietly, stop=stop))
    try:
        return await _until(stop, _played(options, stage, stop))
    finally:
        stop.set()
        await up


async def _passwords(house: House) -> dict[str, str]:
    passwords = {name: secrets.token_urlsafe(18) for name in WORKS}
    for name, password in passwords.items():
        await set_password(house.runtime, name, password)
    return passwords


async def _until(stop: asyncio.Event, playing: Coroutine[Any, Any, int]) -> int:
    """The demo's status, or 130 when it was stopped before its end."""
    played, stopped = asyncio.create_task(playing), asyncio.create_task(stop.wait())
    await asyncio.wait({played, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not played.done():
        await asyncio.wait({played}, timeout=2)  # one that stays ends by the same event
    if not played.done():
        played.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await played
        return 130
    return played.result()


async def _played(options: argparse.Namespace, stage: Stage, stop: asyncio.Event) -> int:
    """Run the hospital, judge what it left, and stay for a person if there is one."""
    await _ready(stage.settings, stage.ports)
    stays, begun = not options.once and sys.stdin.isatty(), clock.now()
    async with _hospital(options, stage) as hospital:
        told = await _listen(hospital)
        async with open_house(stage.settings, stage.urls, process="judge") as house:
            found = await judge(house, quiet_s=_QUIET_S)
            once = await held_once(house, told["ehr"], since=begun)
        told |= await held_by_ehr(told["ehr"]) | {"once": asdict(once)}
        summary = {**found, "hospital": told}
        answer(options, summary, _text(summary))
        if stays:
            _invite(stage)
            await _watch(told["ehr"], stop)
    held = told["held_twice"] == 0 and once.holds
    return int(not (found["ledger_balanced"] and found["audit_verified"] and held))


@contextlib.asynccontextmanager
async def _hospital(
    options: argparse.Namespace, stage: Stage
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The hospital's own process; its plan is a private file, because it holds passwords."""
    settings, ports = stage.settings, stage.ports
    plan = {
        "portal": f"http://{settings.host}:{settings.portal_port}", "mllp_port": ports.mllp, "ehr_port": ports.ehr,
        "smtp_port": ports.smtp, "jwks": str(settings.home / "run" / "ehr-client-key.jwks.json"),
        "profile": options.profile, "seed": options.seed, "staff": dict(stage.passwords),
    }  # fmt: skip
    file = settings.home / "plan.json"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(plan, out)
    command = [sys.executable, "-m", "carelane.testing.hospital", str(file)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        file.unlink(missing_ok=True)  # it holds passwords, and the next demo writes its own


async def _listen(hospital: asyncio.subprocess.Process) -> dict[str, Any]:
    """Show the hospital's progress until its day is over; what it told."""
    told: dict[str, Any] = {}
    assert hospital.stdout is not None  # noqa: S101  # it was asked for
    async with asyncio.timeout(DAY_S):
        while line := await hospital.stdout.readline():
            said = json.loads(line)
            told |= said
            say("hospital: " + ", ".join(f"{name} {value}" for name, value in said.items()))
            if said.get("done"):
                return told
    raise SetupFault(
        f"the synthetic hospital ended before its day was over, with status {await hospital.wait()}."
        " Remedy: its last lines, above, say why; a port that is taken is the usual cause"
    )


async def _ready(settings: Settings, ports: Ports) -> None:
    """Wait until listener and portal take connections."""
    async with asyncio.timeout(READY_S):
        for port in (ports.mllp, settings.portal_port):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(settings.host, port)
                    writer.close()
                    break
                await asyncio.sleep(0.2)


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


def _quietly(line: str) -> None:
    say(f"carelane: {line}")


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
