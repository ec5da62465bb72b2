"""When its day is over the demo stays for a person at a terminal, and else says why it ends."""

import asyncio
from argparse import Namespace

import psycopg
import pytest

from carelane.cli.demo import stay
from carelane.cli.demo_days import figures_of
from carelane.cli.demo_stage import Stage, asked
from carelane.compose.demo import SHIPPED, Ports
from carelane.settings import Settings
from carelane.store.pool import Unreachable
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


async def test_a_database_that_was_away_while_the_day_is_judged_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under `demo` it is started again; the demo once ended with a traceback all the same."""
    monkeypatch.setattr("carelane.cli.demo_stage._AGAIN_S", 0.0)
    faults = iter([psycopg.errors.AdminShutdown("gone"), Unreachable("not yet")])

    async def question() -> str:
        for fault in faults:
            raise fault
        return "balanced"

    assert await asked(question) == "balanced"


async def test_a_database_that_stays_away_is_asked_so_often_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then one line with a remedy, whatever the database's own words were."""
    monkeypatch.setattr("carelane.cli.demo_stage._AGAIN_S", 0.0)
    tried: list[int] = []

    async def question() -> None:
        tried.append(1)
        raise psycopg.errors.AdminShutdown("terminating connection")

    with pytest.raises(Unreachable, match=r"away each of 3 times\. Remedy"):
        await asked(question, tries=3)
    assert len(tried) == 3


async def test_the_figures_of_the_days_are_asked_again_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each try opens a house of its own: the connections of the last one are gone."""
    monkeypatch.setattr("carelane.cli.demo_stage._AGAIN_S", 0.0)
    opened: list[str] = []

    def away(*_: object, process: str) -> object:
        opened.append(process)
        raise Unreachable("not there")

    monkeypatch.setattr("carelane.cli.demo_days.open_house", away)
    with pytest.raises(Unreachable, match="Remedy"):
        await figures_of(STAGE, {})
    assert opened == ["judge"] * 5
