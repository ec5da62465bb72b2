"""`doctor` while the database is away: the hour in which it is needed."""

from pathlib import Path

import pytest

from carelane.cli import main


def test_a_database_that_does_not_answer_is_a_finding_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no traceback; what can be looked at without it is looked at."""
    away = f"postgresql://somebody:word@127.0.0.1:1/carelane?host={tmp_path}"
    assert main(["doctor", "--home", str(tmp_path), "--database-url", away]) == 1
    said = capsys.readouterr().out
    assert "WRONG  start: database-unreachable: the database does not answer" in said
    assert "Remedy: see that it runs" in said
    assert "disk: " in said
