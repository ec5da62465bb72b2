"""The embedded PostgreSQL's supervisor: starts it, waits for it, adopts an orphan, stops it.

SEMANTICS 13. The owner is one process (`carelane up`), which holds a lock file. If the owner is killed
the server lives on; the next start finds it, checks whose it is, and takes it over. The other halves:
`embedded_server.py` (the process), `embedded_binaries.py` (the wheel), `embedded_account.py` and
`embedded_layout.py` (who and where), `embedded_config.py` (settings), `embedded_bootstrap.py` (roles).
"""

import fcntl
import os
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from carelane.store import embedded_bootstrap as bootstrap
from carelane.store import embedded_process as process
from carelane.store.embedded_account import server_account
from carelane.store.embedded_binaries import EmbeddedUnavailable, usable_binaries, wheel_root
from carelane.store.embedded_config import EmbeddedSettings
from carelane.store.embedded_layout import Home, settle_home
from carelane.store.embedded_server import (
    EmbeddedFault,
    Plan,
    Progress,
    Server,
    adopt,
    check_version,
    end,
    launch,
)
from carelane.store.roles import DatabaseUrls, Role

__all__ = ["Embedded", "EmbeddedFault", "EmbeddedSettings", "EmbeddedUnavailable", "start"]

DATABASE = "carelane"


class Embedded:
    """A running embedded server that this process owns. Use it as a context manager, or call `stop`."""

    def __init__(
        self, *, plan: Plan, server: Server, passwords: dict[Role, str], lock: int
    ) -> None:
        self.home = plan.home
        self.server = server.postmaster
        self._plan = plan
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

    @property
    def place(self) -> str:
        """Where it is, as PostgreSQL's own programs take it."""
        return f"PostgreSQL is at --host={self.server.socket} --port={self.server.port}"

    def running(self) -> bool:
        """Whether the server process lives."""
        if self._child is not None:  # ours: nobody gets its number before we collected it
            return self._child.poll() is None
        return process.is_alive(self.server.pid)

    def revive(self, progress: Progress | None = None) -> bool:
        """Start the server again if something ended it (the kernel, out of memory); True if so.

        Addresses and passwords stay the same, and what was committed is there. Call it from the supervising loop; what
        `progress` raises ends the start, and the half-started server with it.

        Raises:
            EmbeddedFault: it ends again at once; names its log.
        """
        if self._lock < 0 or self.running():
            return False
        self._disown()
        plan = replace(self._plan, progress=progress or self._plan.progress)
        plan.progress("PostgreSQL has ended unasked; starting it again")
        server = launch(plan)
        self.server, self._child = server.postmaster, server.child
        return True

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
            if self.running():  # else its number may be another's by now
                end(self.server.pid, self.home)
        finally:
            self.leave()

    def leave(self) -> None:
        """Let go of the folder without stopping the server: the next start adopts it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        self._disown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _disown(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # meant to outlive us: subprocess need not warn of it

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
    plan = plan_of(folder, settings or EmbeddedSettings(), progress)
    lock = lock_of(plan.home)
    try:
        check_version(plan.home)
        passwords, fresh = bootstrap.ensure_passwords(plan.home.passwords)
        server = adopt(plan) or launch(plan)
    except BaseException:
        os.close(lock)
        raise
    embedded = Embedded(plan=plan, server=server, passwords=passwords, lock=lock)
    try:
        _prepare(plan, server.postmaster, passwords, renew=fresh)
    except BaseException:
        embedded.leave() if server.child is None else embedded.stop()
        raise
    return embedded


def plan_of(folder: Path, settings: EmbeddedSettings, progress: Progress) -> Plan:
    """What is settled before the server of a folder is looked for: where, who, with which programs."""
    account = server_account()
    if account is None:
        raise EmbeddedUnavailable("there is no unprivileged account with a name to run it as")
    home = settle_home(folder, account, progress=progress)
    binaries = usable_binaries(
        root=settings.wheel or wheel_root(), home=home.folder, account=account
    )
    return Plan(home=home, account=account, binaries=binaries, settings=settings, progress=progress)


def lock_of(home: Home) -> int:
    """The lock of a cluster's folder, as long as the descriptor is open; refuses while another process has it."""
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


def _prepare(
    plan: Plan, server: process.Postmaster, passwords: dict[Role, str], *, renew: bool
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
