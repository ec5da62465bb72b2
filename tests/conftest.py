"""Shared fixtures: one embedded PostgreSQL per test run, and a fresh migrated database per test.

The server is started by the first test that wants it, in a folder of this run; all xdist workers share
it. The run that started it ends it, by its process id; if the run itself is killed, a small guard does.
"""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import FrameType
from uuid import UUID

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from carelane.compose.house import open_house
from carelane.facts.ids import name_id
from carelane.settings import Settings
from carelane.store.database import Database
from carelane.store.embedded import Embedded, EmbeddedSettings, start
from carelane.store.embedded_bootstrap import ensure_database
from carelane.store.embedded_process import read_postmaster, signal_and_wait
from carelane.store.migrate import migrate
from carelane.store.pool import open_pool
from carelane.store.roles import DatabaseUrls

settings.register_profile("carelane", settings(deadline=None))  # a slow machine is no defect
settings.load_profile("carelane")

ROOT = Path(__file__).parents[1]
_POSTGRES = Path(__file__).parent / "postgres"
_RUN = pytest.StashKey[Path]()
_TEMPLATE = "carelane_template"
_SHIPPED = "carelane_shipped"
_NUMBERS = count(1)
# Ends the server and removes its folder once the test run ($1) is gone, however it went.
_GUARD = """(
  while kill -0 "$1" 2>/dev/null; do sleep 1; done
  if [ -e "$2/postgres/data/postmaster.pid" ]; then kill -QUIT "$3" 2>/dev/null; sleep 1; fi
  rm -rf "$2"
) </dev/null >/dev/null 2>&1 &"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The run's server: makes databases from the migrated template, and drops them."""

    template: DatabaseUrls

    def create(self, name: str, *, template: str = _TEMPLATE) -> DatabaseUrls:
        """A new database, as a copy of `template`."""
        with self._superuser() as connection:
            ensure_database(connection, name, template=template)
        return _renamed(self.template, name)

    def drop(self, name: str) -> None:
        """Drop it, also under open connections."""
        with self._superuser() as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def _superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        url = _renamed(self.template, "postgres").superuser
        assert url is not None
        return psycopg.connect(url, autocommit=True)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def pytest_configure(config: pytest.Config) -> None:
    # As Python's own, but not the very same: else each of asyncio's runners puts in a handler that knows its task, and
    # the standard library writes that task out, with the whole house that it answers, twice per run.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupted)
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    own = Path(tempfile.gettempdir()) / f"carelane-test-{os.getpid()}"
    if worker is None:
        shutil.rmtree(own, ignore_errors=True)  # of a run that had our process id before a crash
    config.stash[_RUN] = Path(worker["carelane_run"]) if worker else own


LONG = frozenset({
    "test_days.py", "test_demo.py", "test_kill.py", "test_prover_mutants.py", "test_tutorial.py",
    "test_judge_a_change.py", "test_intake_start.py", "test_prior_authorisation.py", "test_restore.py",
})  # fmt: skip
"""Files of few tests that each take long: a worker that got one of them last would hold up the whole run."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every test of `tests/postgres` needs the database. Files that take long come first, so that none is left over."""
    soaks = [each for each in items if each.get_closest_marker("soak") is not None]
    if soaks and not config.getoption("--soak"):
        config.hook.pytest_deselected(items=soaks)
        items[:] = [each for each in items if each not in soaks]
    for item in items:
        if item.path.is_relative_to(_POSTGRES):
            item.add_marker(pytest.mark.postgres)
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell each xdist worker the folder of the run."""
    node.workerinput["carelane_run"] = str(node.config.stash[_RUN])  # type: ignore[attr-defined]  # xdist's, untyped


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The process that leads the run ends the server."""
    if hasattr(session.config, "workerinput"):
        return
    run = session.config.stash[_RUN]
    running = read_postmaster(run / "postgres" / "data")
    if running is not None:
        signal_and_wait(running.pid, signal.SIGQUIT, seconds=30)
    shutil.rmtree(run, ignore_errors=True)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Server:
    """The run's PostgreSQL, with a migrated template database."""
    run = pytestconfig.stash[_RUN]
    run.mkdir(mode=0o711, exist_ok=True)
    urls = run / "urls.json"
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not urls.exists():
            _start(run, urls)
    return Server(template=DatabaseUrls(**json.loads(urls.read_text())))


@dataclass(frozen=True, slots=True)
class Shipped:
    """A database in which the shipped site is in force, and the home with its keys: to be copied."""

    database: str
    home: Path

    def settings(self, home: Path) -> Settings:
        """Settings of a house of a test's own, with the keys of the database that was copied."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        return shipped_settings(home)


def shipped_settings(home: Path) -> Settings:
    """The site, pathways and policies of this repository."""
    return Settings(
        home=home, site=ROOT / "site", pathways=ROOT / "pathways", policies=ROOT / "policies"
    )


@pytest.fixture(scope="session")
def shipped(server: Server, pytestconfig: pytest.Config) -> Shipped:
    """The shipped site loaded once per run: loading it anew took longer than most of the tests."""
    run = pytestconfig.stash[_RUN]
    home, done = run / "shipped", run / "shipped.done"
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            asyncio.run(_load(home, server.create(_SHIPPED)))
            done.touch()
    return Shipped(_SHIPPED, home)


async def _load(home: Path, urls: DatabaseUrls) -> None:
    async with open_house(shipped_settings(home), urls, process="load", load=True):
        pass


@pytest.fixture
def home(shipped: Shipped, tmp_path: Path) -> Path:
    """A home with the keys of a database in which the shipped site is in force: for a site of a test's own on it."""
    return shipped.settings(tmp_path).home


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[DatabaseUrls]:
    """A fresh, migrated database of this test's own: its address per role. With `shipped`, that site is in force."""
    template = _TEMPLATE
    if "shipped" in request.fixturenames:
        template = request.getfixturevalue("shipped").database
    yield from _copied(server, template)


@pytest.fixture(scope="module")
def module_database(server: Server) -> Iterator[DatabaseUrls]:
    """A migrated database that the tests of one module share."""
    yield from _copied(server)


@pytest.fixture(scope="session")
def organisation() -> UUID:
    """The organisation that `app` and `worker` are bound to; its row exists once one of them is used."""
    return name_id("organisation", "Test Hospital")


@pytest.fixture
async def worker(database: DatabaseUrls, organisation: UUID) -> AsyncIterator[Database]:
    """The worker role's door to `database`."""
    async with _door(database.worker, "worker", organisation) as opened:
        yield opened


@pytest.fixture
async def app(database: DatabaseUrls, organisation: UUID) -> AsyncIterator[Database]:
    """The app role's door to `database`: give `transaction` the sites a person may see."""
    async with _door(database.app, "app", organisation) as opened:
        yield opened


@pytest.fixture
def superuser(database: DatabaseUrls) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection to `database`, past every wall: to tamper, or to look at everything."""
    assert database.superuser is not None
    with psycopg.connect(database.superuser, autocommit=True) as connection:
        yield connection


@pytest.fixture
def fresh_server() -> Iterator[Embedded]:
    """A server of this test's own, without our schema: to break its roles, files or processes."""
    with tempfile.TemporaryDirectory(prefix="carelane-own-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        small = EmbeddedSettings(shared_buffers_mb=16, max_wal_mb=128, max_connections=40)
        with start(Path(name) / "db", settings=small) as embedded:
            yield embedded


@pytest.fixture
def progress() -> tuple[list[str], Callable[[str], None]]:
    """A list and the callback that fills it."""
    told: list[str] = []
    return told, told.append


def _start(run: Path, urls: Path) -> None:
    settings = EmbeddedSettings(shared_buffers_mb=64, max_wal_mb=512, max_connections=200)
    embedded = start(run / "postgres", settings=settings)
    template = embedded.create(_TEMPLATE)
    migrate(template.owner)
    fields = ("owner", "app", "worker", "audit", "superuser")
    partial = urls.with_suffix(".partial")
    partial.write_text(json.dumps({name: getattr(template, name) for name in fields}))
    partial.rename(urls)
    leader = run.name.rpartition("-")[2]
    arguments = ["/bin/sh", "-c", _GUARD, "sh", leader, str(run), str(embedded.server.pid)]
    subprocess.run(arguments, check=True, start_new_session=True, cwd="/")
    embedded.leave()


def _copied(server: Server, template: str = _TEMPLATE) -> Iterator[DatabaseUrls]:
    """A copy. It is dropped at once: what it changed is then never written out, which costs more than the drop."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    try:
        yield server.create(name, template=template)
    finally:
        server.drop(name)


def _renamed(urls: DatabaseUrls, name: str) -> DatabaseUrls:
    def to(url: str) -> str:
        return f"{url.rpartition('/')[0]}/{name}"

    return DatabaseUrls(
        owner=to(urls.owner),
        app=to(urls.app),
        worker=to(urls.worker),
        audit=to(urls.audit),
        superuser=to(urls.superuser or ""),
    )


@asynccontextmanager
async def _door(url: str, name: str, organisation: UUID) -> AsyncIterator[Database]:
    pool = await open_pool(url, name=name, largest=8)
    try:
        door = Database(pool=pool, organisation=organisation)
        async with door.transaction() as tx:
            await (await tx.begun()).execute(
                "insert into organisation (id, name) values (%s, 'Test Hospital') on conflict do nothing",
                (organisation,),
            )
        yield door
    finally:
        await pool.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `make mutants` and `make soak` ask for beyond `make test`."""
    parser.addoption(
        "--every-mutant", action="store_true", help="all mutants of the shipped pathways"
    )
    parser.addoption("--soak", action="store_true", help="the tests marked `soak` too")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many mutants of each kind were judged."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "mutants" and isinstance(value, dict):
                counts.update(value)
    if counts:
        terminalreporter.write_sep("-", "mutants of the shipped pathways")
        for kind, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:6} {kind}")
