"""`carelane db open`: the embedded PostgreSQL alone, to restore into; it says where it is, and ends when told."""

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from carelane.cli import main
from carelane.store.embedded_process import read_postmaster

PLACE = re.compile(r"--host=(\S+) --port=([0-9]+)")


def test_it_is_open_alone_until_it_is_told_to_end() -> None:
    """An empty database with its roles, at the place that is told as PostgreSQL's own programs take it."""
    with tempfile.TemporaryDirectory(prefix="carelane-alone-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        home = Path(name) / "home"
        command = [sys.executable, "-m", "carelane.cli", "db", "open", "--home", str(home)]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True
        ) as process:  # our own program
            assert process.stderr is not None
            found = next(found for line in process.stderr if (found := PLACE.search(line)))
            host, port = found.groups()
            with psycopg.connect(host=host, port=port, user="postgres", dbname="carelane") as one:
                tables = one.execute("select count(*) from pg_tables where schemaname = 'public'")
                roles = one.execute("select count(*) from pg_roles where rolname like 'carelane%'")
                assert tables.fetchone() == (0,)
                assert roles.fetchone() == (4,)
            process.send_signal(signal.SIGINT)
            assert process.wait() == 0
        assert read_postmaster(home / "postgres" / "data") is None


def test_an_external_database_is_not_ours_to_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--home", str(tmp_path), "--database-url", "postgresql://x@127.0.0.1:1/x"]

    assert main(["db", "open", *flags]) == 2

    assert "administrator" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
