"""A database of PostgreSQL 16 becomes one of 18: the same rows, roles and passwords, and the old folder is kept."""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from carelane.store.embedded import EmbeddedFault, EmbeddedSettings, plan_of, start
from carelane.store.embedded_binaries import MAJOR, older_binaries, wheel_root
from carelane.store.embedded_bootstrap import (
    SUPERUSER,
    ensure_database,
    ensure_passwords,
    ensure_roles,
)
from carelane.store.embedded_server import end, launch
from carelane.store.migrate import migrate
from carelane.store.roles import Role
from carelane.store.upgrade import OtherMajor, UpgradeFailed, upgrade

SMALL = EmbeddedSettings(shared_buffers_mb=16, max_wal_mb=128, max_connections=20)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OLD = "16"


def _quiet(_: str) -> None:
    """Nobody reads the progress."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A cluster of PostgreSQL 16 with our roles and schema, and an organisation in it; stopped."""
    with tempfile.TemporaryDirectory(
        prefix="carelane-upgrade-", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o711)
        home = Path(name) / "db"
        _made_by_16(home)
        yield home


def _made_by_16(folder: Path) -> None:
    plan = plan_of(folder, SMALL, _quiet)
    old = older_binaries(OLD, root=wheel_root(), home=plan.home.folder, account=plan.account)
    assert old is not None, "the wheel brings PostgreSQL 16 besides 18"
    plan.home.data.mkdir()
    plan.account.give(plan.home.data)
    made = [old.program("initdb"), f"--pgdata={plan.home.data}", f"--username={SUPERUSER}", "--data-checksums",
            "--encoding=UTF8", "--locale=C", "--auth-local=peer"]  # fmt: skip
    subprocess.run(
        made, check=True, capture_output=True, cwd="/", env={"LC_ALL": "C"}, **plan.account.spawn()
    )
    server = launch(replace(plan, binaries=old))
    try:
        found = server.postmaster
        passwords, _ = ensure_passwords(plan.home.passwords)
        url = f"host={found.socket} port={found.port} user={SUPERUSER} dbname=postgres"
        with psycopg.connect(url, autocommit=True) as connection:
            ensure_roles(connection, passwords, renew=True)
            ensure_database(connection, "carelane")
        secret = passwords[Role.OWNER]
        where = f"host={found.socket} port={found.port} dbname=carelane"
        migrate(f"{where} user={Role.OWNER} password={secret}")
        with psycopg.connect(f"{url} dbname=carelane", autocommit=True) as connection:
            connection.execute(
                "insert into organisation (id, name) values (gen_random_uuid(), 'Kept Clinic')"
            )
    finally:
        end(server.postmaster.pid, plan.home)
        assert server.child is not None
        server.child.wait()


def test_rows_roles_and_passwords_go_with_it_and_the_old_folder_is_kept(folder: Path) -> None:
    """Before it, a start is refused; after it, the same addresses open the same rows, behind the same walls."""
    with pytest.raises(EmbeddedFault, match="carelane db upgrade"):
        start(folder, settings=SMALL)
    done = upgrade(folder, now=NOON, settings=SMALL)
    assert (done.found, done.brings, done.databases) == (OLD, str(MAJOR), ("carelane",))
    assert (Path(done.kept) / "PG_VERSION").read_text().strip() == OLD
    assert "db adopt" in done.text
    with start(folder, settings=SMALL) as embedded:
        urls = embedded.urls()
        with psycopg.connect(str(urls.superuser)) as connection:
            rows = connection.execute(
                "select name, current_setting('server_version_num')::int / 10000 from organisation"
            )
            assert rows.fetchall() == [("Kept Clinic", MAJOR)]
        with psycopg.connect(urls.worker) as connection:
            assert connection.execute("select count(*) from organisation").fetchone() == (
                0,
            )  # no scope, no rows
        assert migrate(urls.owner) == []
    assert upgrade(folder, now=NOON, settings=SMALL).databases == ()


def test_a_step_that_fails_leaves_the_old_cluster_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was half made beside it is thrown away by the next try, which succeeds."""
    with monkeypatch.context() as broken:
        broken.setattr("carelane.store.upgrade._restore", _fails)
        with pytest.raises(UpgradeFailed, match="psql"):
            upgrade(folder, now=NOON, settings=SMALL)
    data = plan_of(folder, SMALL, _quiet).home.data
    assert (data / "PG_VERSION").read_text().strip() == OLD
    assert upgrade(folder, now=NOON, settings=SMALL).databases == ("carelane",)


def _fails(*_: object) -> None:
    raise UpgradeFailed("psql ended with status 3")


def test_without_the_old_programs_the_steps_are_named(folder: Path, tmp_path: Path) -> None:
    data = plan_of(folder, SMALL, _quiet).home.data
    with pytest.raises(OtherMajor, match="--programs FOLDER"):
        upgrade(folder, now=NOON, settings=SMALL, programs=tmp_path)
    assert (data / "PG_VERSION").read_text().strip() == OLD
