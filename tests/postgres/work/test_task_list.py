"""`task list` says how many tasks follow, and how to see them; a claim finds its task wherever that list shows it."""

import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from carelane.cli import task
from carelane.facts.errors import SetupFault
from tests.postgres.work.conftest import Rig


def asked(*said: str) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser()
    task.add(parser.add_subparsers())
    return parser.parse_args(["task", *said, "--as", "r.moreau"])


async def listed(house: Any, *said: str) -> None:
    """The command, in this loop."""
    assert await task._listed(asked("list", *said), house) == 0  # noqa: SLF001  # the command


@pytest.fixture
def house(rig: Rig) -> Any:
    """What the command asks: the runtime, in whose directory `r.moreau` works for the desk."""
    return SimpleNamespace(runtime=rig.runtime)


async def test_what_follows_a_page_is_counted_and_can_be_reached(
    rig: Rig, house: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three tasks, two a page: one more, by the key that was told; then none, and no key."""
    made = {str(await rig.referral(subject=f"s{n}", order=f"A{n}")) for n in range(3)}
    await listed(house, "--limit", "2", "--json")
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (len(first["tasks"]), first["more"]) == (2, 1)
    await listed(house, "--limit", "2")
    assert f"1 more: the same command with --after {first['after']}" in capsys.readouterr().out
    await listed(house, "--limit", "2", "--after", first["after"], "--json")
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (len(second["tasks"]), second["more"], second["after"]) == (1, 0, "")
    assert {each["id"] for each in (*first["tasks"], *second["tasks"])} == made
    await listed(house, "--mine", "--limit", "1", "--json")
    assert json.loads(capsys.readouterr().out)["more"] == 0


@pytest.mark.parametrize(
    "said",
    [("--limit", "0"), ("--limit", "101"), *(("--after", each) for each in (
        "zzz", "1~2026-11-30~7", "9~2026-11-30T08:00:00Z~00000000-0000-0000-0000-000000000007",
        "1~2026-11-30T08:00:00~00000000-0000-0000-0000-000000000007"))],
)  # fmt: skip
async def test_what_means_nothing_is_refused(house: Any, said: tuple[str, str]) -> None:
    with pytest.raises(SetupFault, match="Remedy"):
        await listed(house, *said)


async def test_a_task_beyond_the_longest_page_has_its_version(rig: Rig, house: Any) -> None:
    """`task claim` asks for the version of this one task, not for the head of the list."""
    made = [await rig.referral(subject=f"s{n}", order=f"A{n}") for n in range(3)]
    rig.sql("update task set version = 7 where id = %(id)s", id=made[-1])
    rig.sql("update task set due_at = due_at + interval '1 day' where id = %(id)s", id=made[-1])
    for n in range(3, 102):
        await rig.referral(subject=f"s{n}", order=f"A{n}")
    assert await task._version(house, "r.moreau", made[-1]) == 7  # noqa: SLF001  # the command
