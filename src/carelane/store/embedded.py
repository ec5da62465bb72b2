"""The embedded PostgreSQL's supervisor: starts it, waits for it, adopts an orphan, stops it.

SEMANTICS 13. The owner is one process (`carelane up`), which holds a lock file. If the owner is killed
the server lives on; the next start finds it, checks whose it is, and takes it over. The other halves:
`embedded_binaries.py` (the wheel), `embedded_account.py` and `embedded_layout.py` (who and where),
`embedded_config.py` (settings), `embedded_bootstrap.py` (roles), `embedded_process.py` (pids).
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from carelane.facts.errors import SetupFault
from carelane.store import embedded_bootstrap as bootstrap
from carelane.store import embedded_process as process
from carelane.store.embedded_account import Account, server_account
from carelane.store.embedded_binaries import (
    MAJOR,
    Binaries,
    EmbeddedUnavailable,
    usable_binaries,
    wheel_root,
)
from carelane.store.embedded_config import (
    EmbeddedSettings,
    Files,
    access_rules,
    name_map,
    server_configuration,
)
from carelane.store.embedded_layout import Home, settle_home, settle_socket
from carelane.store.roles import DatabaseUrls, Role

__all__ = ["Embedded", "EmbeddedFault", "EmbeddedSettings", "EmbeddedUnavailable", "start"]

DATABASE = "carelane"
_TELL_EVERY = 2.0  # seconds between two lines of progress
_PAUSE = 0.03
_FAST, _IMMEDIATE = 60.0, 30.0  # seconds a stop may take: orderly, then without a checkpoint
_LOG_LIMIT = 16 * 1024 * 1024
_ATTEMPTS = 5  # children of a killed postmaster hold the shared memory for a moment

Progress = Callable[[str], None]


class EmbeddedFault(SetupFault):
    """The embedded server did not start or stop; the message names its log and the remedy."""

    code = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Everything that is settled before the server is looked for."""

    home: Home
    account: Account
    binaries: Binaries
    settings: EmbeddedSettings
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """A server that answers; `child` is set if this process started it."""

    postmaster: process.Postmaster
    child: subprocess.Popen[bytes] | None


class Embedded:
    """A running embedded server that this process owns. Use it as a context manager, or call `stop`."""

    def __init__(
        self, *, home: Home, server: _Server, passwords: dict[Role, str], lock: int
    ) -> None:
        self.home = home
        self.server = server.postmaster
        self._child = server.child
        self._passwords = passwords
        self._lock = lock

    def url(self, role: Role, *, database: str = DATABASE) -> str:
        """The address for `role`; it holds the password, so never print it."""
        return self._url(role.value, f":{self._passwords[role]}", database)

    def urls(self, *, database: str = DATABASE) -> DatabaseUrls:
        """The addresses for all roles."""
        return DatabaseUrls(
            owner=self.url(Role.OWNER, database=database),
            app=self.url(Role.APP, database=database),
            worker=self.url(Role.WORKER, database=database),
            audit=self.url(Role.AUDIT, database=database),
            superuser=self._url(bootstrap.SUPERUSER, "", database),
        )

    def running(self) -> bool:
        """Whether the server process lives."""
        return process.is_alive(self.server.pid)

    def create(self, database: str, *, template: str | None = None) -> DatabaseUrls:
        """Make a further database (for a replay or a test), unless it is there; its addresses."""
        with psycopg.connect(
            self._url(bootstrap.SUPERUSER, "", "postgres"), autocommit=True
        ) as connection:
            bootstrap.ensure_database(connection, database, template=template)
        return self.urls(database=database)

    def stop(self) -> None:
        """Stop the server, orderly and fast, and let go of the folder. Call it after the last child ended."""
        if self._lock < 0:
            return
        try:
            _stop(self.server.pid, self.home)
        finally:
            self.leave()

    def leave(self) -> None:
        """Let go of the folder without stopping the server: the next start adopts it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # meant to outlive us: subprocess need not warn of it

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _url(self, user: str, password: str, database: str) -> str:
        host = quote(str(self.server.socket), safe="")
        return f"postgresql://{user}{password}@{host}:{self.server.port}/{database}"


def start(
    folder: Path, *, settings: EmbeddedSettings | None = None, progress: Progress = lambda _: None
) -> Embedded:
    """Start the server of `folder` (made if missing), or adopt the one that runs there already.

    Waits as long as the server lives, also through a long crash recovery, and says so by `progress`.

    Raises:
        EmbeddedUnavailable: it can't run on this machine; names CARELANE_DATABASE_URL.
        EmbeddedFault: another Carelane owns the folder, the version differs, or the server refuses.
    """
    plan = _plan(folder, settings or EmbeddedSettings(), progress)
    lock = _lock(plan.home)
    try:
        _check_version(plan.home)
        passwords, fresh = bootstrap.ensure_passwords(plan.home.passwords)
        server = _adopt(plan) or _launch(plan)
    except BaseException:
        os.close(lock)
        raise
    embedded = Embedded(home=plan.home, server=server, passwords=passwords, lock=lock)
    try:
        _prepare(plan, server.postmaster, passwords, renew=fresh)
    except BaseException:
        embedded.leave() if server.child is None else embedded.stop()
        raise
    return embedded


def _plan(folder: Path, settings: EmbeddedSettings, progress: Progress) -> _Plan:
    account = server_account()
    if account is None:
        raise EmbeddedUnavailable("there is no unprivileged account with a name to run it as")
    home = settle_home(folder, account, progress=progress)
    binaries = usable_binaries(
        root=settings.wheel or wheel_root(), home=home.folder, account=account
    )
    return _Plan(
        home=home, account=account, binaries=binaries, settings=settings, progress=progress
    )


def _lock(home: Home) -> int:
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise EmbeddedFault(
            f"the database in {home.folder} belongs to the running process {owner}. "
            "Remedy: use that Carelane, end it, or name another folder."
        ) from None
    os.truncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def _check_version(home: Home) -> None:
    file = home.data / "PG_VERSION"
    if not file.exists():
        return
    found = file.read_text().strip()
    if found != str(MAJOR):
        raise EmbeddedFault(
            f"the database in {home.data} was made by PostgreSQL {found}, and this Carelane brings {MAJOR}. "
            "Remedy: run `carelane db upgrade`; nothing was changed."
        )


def _adopt(plan: _Plan) -> _Server | None:
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
        _stop(server.pid, plan.home)
        return None
    plan.progress("taking over the PostgreSQL that an earlier Carelane left running")
    return _Server(postmaster=server, child=None) if _wait_ready(plan, server.pid, server) else None


def _launch(plan: _Plan) -> _Server:
    if not (plan.home.data / "PG_VERSION").exists():
        _make_cluster(plan)
    socket = settle_socket(plan.home, plan.account)
    _write_configuration(plan, socket)
    wanted = process.Postmaster(pid=0, port=plan.settings.port or 5432, socket=socket)
    for attempt in range(_ATTEMPTS):
        child = _spawn(plan)
        if _wait_ready(plan, child.pid, wanted, child=child):
            found = process.Postmaster(pid=child.pid, port=wanted.port, socket=socket)
            return _Server(postmaster=found, child=child)
        plan.progress("PostgreSQL ended at once; trying again")
        time.sleep(0.2 * 2**attempt)
    raise EmbeddedFault(f"PostgreSQL does not start: {_last_words(plan.home)} See {plan.home.log}.")


def _spawn(plan: _Plan) -> subprocess.Popen[bytes]:
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


def _make_cluster(plan: _Plan) -> None:
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
            f"--username={bootstrap.SUPERUSER}",
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
        raise EmbeddedUnavailable(f"initdb failed ({answer.stderr.strip().splitlines()[-1:]})")
    partial.rename(plan.home.data)


def _remove(folder: Path) -> None:
    for root, folders, files in os.walk(folder, topdown=False):
        for name in files:
            (Path(root) / name).unlink()
        for name in folders:
            entry = Path(root) / name
            entry.unlink() if entry.is_symlink() else entry.rmdir()
    folder.rmdir()


def _write_configuration(plan: _Plan, socket: Path) -> bool:
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
        files.access: access_rules(plan.settings, bootstrap.SUPERUSER),
        files.names: name_map(users, bootstrap.SUPERUSER),
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
    plan: _Plan,
    pid: int,
    server: process.Postmaster,
    *,
    child: subprocess.Popen[bytes] | None = None,
) -> bool:
    """Wait until the server answers; False once its process is gone. Never gives up while it lives."""
    begun = told = time.monotonic()
    url = f"host={server.socket} port={server.port} user={bootstrap.SUPERUSER} dbname=postgres"
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


def _prepare(
    plan: _Plan, server: process.Postmaster, passwords: dict[Role, str], *, renew: bool
) -> None:
    url = f"host={server.socket} port={server.port} user={bootstrap.SUPERUSER} dbname=postgres"
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select system_identifier from pg_control_system()").fetchone()
        if row is None or row[0] != process.system_identifier(plan.home.data):
            raise EmbeddedFault(
                f"the PostgreSQL at {server.socket} is not the one of {plan.home.data}. "
                "Remedy: end that server, or name another folder."
            )
        bootstrap.ensure_roles(connection, passwords, renew=renew)
        bootstrap.ensure_database(connection, DATABASE)


def _stop(pid: int, home: Home) -> None:
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
