"""When its day is over the demo stays for a person at a terminal, and else says why it ends."""

import asyncio
from argparse import Namespace

import pytest

from carelane.cli.demo import stay
from carelane.cli.demo_stage import Stage
from carelane.compose.demo import SHIPPED, Ports
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

STAGE = Stage(
    settings=Settings(),
    ports=Ports(**SHIPPED),
    urls=DatabaseUrls(owner="", app="", worker="", audit=""),
    passwords={},
)


@pytest.mark.parametrize(("once", "said"), [
    (False, "no terminal: the demo ends here\n"),
    (True, ""),  # it was asked to end
])  # fmt: skip
async def test_without_a_terminal_it_says_that_it_ends(
    *, once: bool, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    await stay(Namespace(once=once), STAGE, "http://127.0.0.1:1", asyncio.Event())

    told = capsys.readouterr()
    assert (told.err, told.out) == (said, "")
