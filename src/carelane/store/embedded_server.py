"""The embedded server as a process: made, adopted or launched, waited for, stopped.

`embedded.py` owns it and holds the lock; nothing here decides who may.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from carelane.facts.errors import SetupFault
from carelane.store import embedded_process as process
from carelane.store.embedded_account import Account
from carelane.store.embedded_binaries import MAJOR, Binaries, EmbeddedUnavailable
from carelane.store.embedded_bootstrap import SUPERUSER
from carelane.store.embedded_config import (
    EmbeddedSettings,
    Files,
    access_rules,
    name_map,
    server_configuration,
)
from carelane.store.embedded_layout import Home, settle_socket

_TELL_EVERY = 2.0  # seconds between two lines of progress
_PAUSE = 0.03
_FAST, _IMMEDIATE = 60.0, 30.0  # seconds a stop may take: orderly, then without a checkpoint
_LOG_LIMIT = 16 * 1024 * 1024
_NO_ROOM = "No space left on device"  # initdb speaks English here (LC_ALL=C)
_ATTEMPTS = 5  # children of a killed postmaster hold the shared memory for a moment

Progress = Callable[[str], None]


class EmbeddedFault(SetupFault):
    """The embedded server did not start or stop; the message names its log and the remedy."""

    code = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is settled before the server is looked for."""

    home: Home
    account: Account
    binaries: Binaries
    settings: EmbeddedSettings
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers; `child` is set if this process started it."""

    postmaster: process.Postmaster
    child: subprocess.Popen[bytes] | None


def check_version(home: Home) -> None:
    """Refuse a cluster of another major version; changes nothing."""
    file = home.data / "PG_VERSION"
    if not file.exists():
        return
    found = file.read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedFault(
            f"the database in {home.data} was made by PostgreSQL {found}, and this Carelane brings {MAJOR}. "
            "Remedy: run `carelane db upgrade`; nothing was changed."
        )


def adopt(plan: Plan) -> Server | None:
    """The server that already works in our data folder, if there is one and it is set up as we want."""
    server = process.read_postmaster(plan.home.data)
    if server is None:
        return None
    if not process.serves(server.pid, plan.home.data):
        # A pid that now is another process: PostgreSQL itself would refuse to start because of it.
        (plan.home.data / "postmaster.pid").unlink(missing_ok=True)
        return None
    if not _write_configuration(plan, server.socket):
        plan.progress(
            "a PostgreSQL of an earlier Carelane runs here with other settings; restarting it"
        )
        end(server.pid, plan.home)
        return None
    plan.progress("taking over the PostgreSQL that an earlier Carelane left running")
    return Server(postmaster=server, child=None) if _wait_ready(plan, server.pid, server) else None


def launch(plan: Plan) -> Server:
    """Start the server, on a new cluster if there is none yet, and wait until it answers."""
    if not (plan.home.data / "PG_VERSION").exists():
        _make_cluster(plan)
    socket = settle_socket(plan.home, plan.account)
    _write_configuration(plan, socket)
    wanted = process.Postmaster(pid=0, port=plan.settings.port or 5432, socket=socket)
    for attempt in range(_ATTEMPTS):
        child = _spawn(plan)
        try:
            ready = _wait_ready(plan, child.pid, wanted, child=child)
        except BaseException:  # Ctrl-C while it starts: take it along
            end(child.pid, plan.home)
            child.poll()
            raise
        if ready:
            found = process.Postmaster(pid=child.pid, port=wanted.port, socket=socket)
            return Server(postmaster=found, child=child)
        plan.progress("PostgreSQL ended at once; trying again")
        time.sleep(0.2 * 2**attempt)
    raise EmbeddedFault(f"PostgreSQL does not start: {_last_words(plan.home)} See {plan.home.log}.")


def _spawn(plan: Plan) -> subprocess.Popen[bytes]:
    log = plan.home.log
    if log.exists() and log.stat().st_size > _LOG_LIMIT:
        log.rename(log.with_suffix(".log.1"))
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603  # our own arguments
            [
                plan.binaries.program("postgres"),
                "-D",
                str(plan.home.data),
                "-c",
                f"config_file={plan.home.folder / 'server.conf'}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd="/",
            env={"LC_ALL": "C", "TZ": "UTC"},
            umask=0o077,
            start_new_session=True,  # Ctrl-C ends our children first, the database last
            **plan.account.spawn(),
        )
    finally:
        os.close(descriptor)


def no_cluster(stderr: str, folder: Path) -> EmbeddedFault | EmbeddedUnavailable:
    """Why `initdb` failed, of what it said: its last lines only tell that it cleans up."""
    lines = stderr.strip().splitlines() or ["it said nothing"]
    why = next((line for line in lines if "FATAL" in line or "could not" in line), lines[-1])
    if _NO_ROOM in stderr:
        return EmbeddedFault(
            f"no room for a new database in {folder} ({why}). Remedy: make room, or name another folder."
        )
    return EmbeddedUnavailable(f"initdb failed ({why})")


def _make_cluster(plan: Plan) -> None:
    plan.progress("making a new PostgreSQL database")
    partial = plan.home.folder / "data.partial"
    if partial.exists():
        _remove(partial)
    partial.mkdir(mode=0o700)
    plan.account.give(partial)
    answer = subprocess.run(  # noqa: S603  # our own arguments
        [
            plan.binaries.program("initdb"),
            f"--pgdata={partial}",
            f"--username={SUPERUSER}",
            "--auth-local=peer",
            "--auth-host=scram-sha-256",
            "--data-checksums",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"LC_ALL": "C", "TZ": "UTC"},
        umask=0o077,
        **plan.account.spawn(),
    )
    if answer.returncode != 0:
        raise no_cluster(answer.stderr, plan.home.folder)
    partial.rename(plan.home.data)


def _remove(folder: Path) -> None:
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            (Path(root) / name).unlink()
        for name in folders:
            entry = Path(root) / name
            entry.unlink() if entry.is_symlink() else entry.rmdir()
    folder.rmdir()


def _write_configuration(plan: Plan, socket: Path) -> bool:
    """Write the server's files; True if they already said the same."""
    folder = plan.home.folder
    files = Files(
        data=plan.home.data,
        socket=socket,
        access=folder / "access.conf",
        names=folder / "names.conf",
    )
    users = (plan.account.name, "root") if plan.account.other else (plan.account.name,)
    texts = {
        folder / "server.conf": server_configuration(plan.settings, files),
        files.access: access_rules(plan.settings, SUPERUSER),
        files.names: name_map(users, SUPERUSER),
    }
    same = True
    for path, text in texts.items():
        if path.exists() and path.read_text() == text:
            continue
        same = False
        partial = path.with_suffix(".partial")
        partial.write_text(text)
        partial.chmod(0o644 if plan.account.other else 0o600)
        partial.rename(path)
    return same


def _wait_ready(
    plan: Plan,
    pid: int,
    server: process.Postmaster,
    *,
    child: subprocess.Popen[bytes] | None = None,
) -> bool:
    """Wait until the server answers; False once its process is gone. Never gives up while it lives."""
    begun = told = time.monotonic()
    url = f"host={server.socket} port={server.port} user={SUPERUSER} dbname=postgres"
    while True:
        if (child.poll() is not None) if child else not process.is_alive(pid):
            return False
        if process.read_postmaster(plan.home.data) is not None:
            state = _answers(url)
            if state is None:
                return True
        else:
            state = "starting"
        if time.monotonic() - told >= _TELL_EVERY:
            told = time.monotonic()
            plan.progress(
                f"PostgreSQL is {state} ({told - begun:.0f} s); nothing is lost, please wait"
            )
        time.sleep(_PAUSE)


def _answers(url: str) -> str | None:
    """None if the server takes connections; else what it is doing."""
    try:
        with psycopg.connect(url, connect_timeout=2):
            return None
    except psycopg.errors.CannotConnectNow:
        return "recovering after a crash"
    except psycopg.OperationalError as fault:
        return "recovering after a crash" if fault.sqlstate == "57P03" else "starting"


def end(pid: int, home: Home) -> None:
    """End the server: at once for its clients, with a checkpoint; without one if that takes too long."""
    if process.signal_and_wait(pid, signal.SIGINT, seconds=_FAST):
        return
    if not process.signal_and_wait(pid, signal.SIGQUIT, seconds=_IMMEDIATE):
        raise EmbeddedFault(f"PostgreSQL (process {pid}) does not end; see {home.log}.")


def _last_words(home: Home) -> str:
    """The last line of the server's log that says why it ended; it never holds patient data."""
    try:
        with home.log.open("rb") as file:
            file.seek(max(0, home.log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "it left no log."
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line]
    return (fatal or lines or ["it left no log."])[-1]
