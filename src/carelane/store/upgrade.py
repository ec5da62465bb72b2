"""`carelane db upgrade`: an embedded database of an older major version becomes one of this Carelane's.

The old server is started once more by its own programs (those that the wheel has besides ours, or a folder that is
named), dumped by the new `pg_dump`, and restored into a new cluster beside it. The old folder is kept under another
name, so that there is always a way back; the new cluster is another one, so `carelane db adopt` verifies the audit
before it goes on.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg

from carelane.facts.errors import SetupFault
from carelane.store.embedded import lock_of, plan_of
from carelane.store.embedded_account import server_account
from carelane.store.embedded_binaries import MAJOR, Binaries, older_binaries, wheel_root
from carelane.store.embedded_bootstrap import SUPERUSER
from carelane.store.embedded_config import EmbeddedSettings
from carelane.store.embedded_layout import Home, settle_home
from carelane.store.embedded_process import read_postmaster
from carelane.store.embedded_server import Plan, Server, end, launch

_DATABASES = (
    "select datname from pg_database where not datistemplate and datname <> 'postgres' order by 1"
)


class OtherMajor(SetupFault):
    """The database was made by another major version, and its programs are not here: the message names each step."""

    code = "other-major"


class UpgradeFailed(SetupFault):
    """A step of the upgrade failed; nothing of the old database was changed. The message names the step."""

    code = "upgrade-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """What was found and done; `text` is for people, `kept` is where the old cluster stands now."""

    found: str
    brings: str
    text: str
    databases: tuple[str, ...] = ()
    kept: str = ""


def upgrade(
    folder: Path,
    *,
    now: datetime,
    programs: Path | None = None,
    settings: EmbeddedSettings | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Upgraded:
    """Bring the embedded database of `folder` to this Carelane's PostgreSQL; does nothing if it is.

    Raises:
        OtherMajor: no programs of the old version are at hand; the message says what to do by hand.
        UpgradeFailed: a step failed; the old cluster is as it was.
    """
    account = server_account()
    home = settle_home(folder, account, progress=progress) if account else None
    file = (home.data if home else folder / "data") / "PG_VERSION"
    if not file.exists():
        text = (
            f"there is no database in {folder} yet; `carelane up` makes one with PostgreSQL {MAJOR}"
        )
        return Upgraded(found="", brings=str(MAJOR), text=text)
    found = file.read_text(encoding="utf-8").strip()
    if found == str(MAJOR):
        text = f"the database is of PostgreSQL {MAJOR} already; minor versions need nothing"
        return Upgraded(found=found, brings=str(MAJOR), text=text)
    if home is None or account is None:
        raise OtherMajor(_steps(file.parent, found))
    old = older_binaries(
        found, root=wheel_root(), home=home.folder, account=account, folder=programs
    )
    if old is None:
        raise OtherMajor(_steps(file.parent, found))
    plan = plan_of(folder, settings or EmbeddedSettings(), progress)
    lock = lock_of(plan.home)
    try:
        return _carried_over(plan, old, found, now)
    finally:
        os.close(lock)


def _carried_over(plan: Plan, old: Binaries, found: str, now: datetime) -> Upgraded:
    if read_postmaster(plan.home.data) is not None:
        raise UpgradeFailed("the old server still runs. Remedy: stop that Carelane first")
    beside = plan.home.folder / "upgrade"
    if beside.exists():
        shutil.rmtree(beside)  # of an upgrade that was interrupted
    beside.mkdir(mode=0o711)
    with tempfile.TemporaryDirectory(dir=plan.home.folder, prefix="dump-") as name:
        dumps = Path(name)
        plan.progress(f"dumping the database of PostgreSQL {found}")
        with _running(replace(plan, binaries=old)) as server:
            databases = _databases(server)
            _dump(plan, server, databases, dumps)
        plan.progress(f"restoring it into PostgreSQL {MAJOR}")
        with _running(replace(plan, home=Home(folder=beside))) as server:
            _restore(plan, server, databases, dumps)
    kept = plan.home.folder / f"data-{found}-{now:%Y%m%dT%H%M%SZ}"
    plan.home.data.rename(kept)
    (beside / "data").rename(plan.home.data)
    shutil.rmtree(beside)
    text = (
        f"{', '.join(databases)} went from PostgreSQL {found} to {MAJOR}; the old cluster is kept in {kept}. "
        "Next: `carelane up`, `carelane db adopt --by NAME`, `carelane audit verify`; then the old folder may go"
    )
    return Upgraded(found=found, brings=str(MAJOR), text=text, databases=databases, kept=str(kept))


@contextmanager
def _running(plan: Plan) -> Iterator[Server]:
    """The server of a plan, for as long as it is needed."""
    server = launch(plan)
    try:
        yield server
    finally:
        end(server.postmaster.pid, plan.home)
        if server.child is not None:
            server.child.wait()


def _databases(server: Server) -> tuple[str, ...]:
    found = server.postmaster
    url = f"host={found.socket} port={found.port} user={SUPERUSER} dbname=postgres"
    with psycopg.connect(url) as connection:
        return tuple(row[0] for row in connection.execute(_DATABASES))


def _dump(plan: Plan, server: Server, databases: Sequence[str], into: Path) -> None:
    """Roles with their verifiers, and each database in the custom format."""
    roles = _run(plan, server, "pg_dumpall", "--roles-only")
    own = {f"CREATE ROLE {SUPERUSER};"}
    lines = [line for line in roles.splitlines() if line not in own]
    (into / "roles.sql").write_text("\n".join(lines), encoding="utf-8")
    for number, name in enumerate(databases):
        _run(
            plan,
            server,
            "pg_dump",
            "--format=custom",
            f"--file={into / str(number)}",
            f"--dbname={name}",
        )


def _restore(plan: Plan, server: Server, databases: Sequence[str], source: Path) -> None:
    _run(plan, server, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname=postgres",
         f"--file={source / 'roles.sql'}")  # fmt: skip
    for number, _ in enumerate(databases):
        _run(
            plan,
            server,
            "pg_restore",
            "--create",
            "--exit-on-error",
            "--dbname=postgres",
            str(source / str(number)),
        )


def _run(plan: Plan, server: Server, program: str, *arguments: str) -> str:
    """One of the new programs against a server, as its superuser, over its private socket."""
    found = server.postmaster
    where = [f"--host={found.socket}", f"--port={found.port}", f"--username={SUPERUSER}"]
    answer = subprocess.run(  # noqa: S603  # our own arguments
        [plan.binaries.program(program), *where, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"LC_ALL": "C", "TZ": "UTC"},
        umask=0o077,
    )
    if answer.returncode != 0:
        # Its words may quote what it met in a row: only which step, and how it ended, is told.
        raise UpgradeFailed(
            f"{program} ended with status {answer.returncode}; nothing of the old database was changed"
        )
    return answer.stdout


def _steps(data: Path, found: str) -> str:
    return (
        f"the database in {data} was made by PostgreSQL {found}, this Carelane brings {MAJOR}; nothing was changed. "
        f"Remedy: run it again with --programs FOLDER, the `bin` folder of a PostgreSQL {found}. Without one: (1) "
        f"start the Carelane that made it and dump: `pg_dump --format=custom` of PostgreSQL {found}; (2) stop it, and "
        f"move {data} aside; (3) run `carelane up` of this version once and stop it; (4) restore and adopt as "
        "docs/howto/restore.md says. Keep the old folder until `carelane audit verify` is green"
    )
