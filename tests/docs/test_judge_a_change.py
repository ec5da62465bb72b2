"""The how-to about back-tests is run as it stands: its commands, their statuses, and the lines that it shows."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.house.tree import ROOT

PAGE = ROOT / "docs" / "howto" / "judge-a-change.md"
_BLOCKS = re.compile(r"^```(sh|text)(?: status (\d))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.requirement("R49")
def test_the_page_says_what_really_happens(tmp_path: Path) -> None:
    """Each block of commands ends as the page says, and prints every line that the page shows after it."""
    printed = ""
    shown = 0
    for kind, status, text in _BLOCKS.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "text":
            shown += 1
            assert [line for line in text.splitlines() if line not in printed.splitlines()] == []
            continue
        script = text.replace("/tmp/judge", str(tmp_path))  # noqa: S108  # the page names a folder; the test has its own
        done = subprocess.run(["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607  # the reader's shell  # fmt: skip
        assert done.returncode == int(status or 0), done.stderr
        printed = done.stdout

    assert shown == 2
