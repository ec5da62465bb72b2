"""`case list` says how many cases follow, and how to see them; for people and as a document."""

import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from carelane.cli import case
from carelane.facts.errors import SetupFault
from tests.postgres.work.conftest import Rig


def asked(*said: str) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser()
    case.add(parser.add_subparsers())
    return parser.parse_args(["case", "list", "--open", *said])


async def test_what_follows_a_page_is_counted_and_can_be_reached(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three cases, two a page: one more, by the key that was told; then none, and no key."""
    house: Any = SimpleNamespace(runtime=rig.runtime)
    for n in range(3):
        await rig.referral(subject=f"s{n}", order=f"A{n}")
        rig.hand.forward(minutes=1)
    assert await case._listed(asked("--limit", "2", "--json"), house) == 0  # noqa: SLF001  # the command
    first = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (len(first["cases"]), first["more"]) == (2, 1)
    assert await case._listed(asked("--limit", "2"), house) == 0  # noqa: SLF001  # the command
    assert f"1 more: the same command with --after {first['after']}" in capsys.readouterr().out
    rest = asked("--limit", "2", "--after", first["after"], "--json")
    assert await case._listed(rest, house) == 0  # noqa: SLF001  # the command
    second = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (len(second["cases"]), second["more"], second["after"]) == (1, 0, "")
    assert not {each["id"] for each in first["cases"]} & {each["id"] for each in second["cases"]}


@pytest.mark.parametrize("said", [("--limit", "0"), ("--limit", "101"), ("--after", "zzz")])
async def test_what_means_nothing_is_refused(rig: Rig, said: tuple[str, str]) -> None:
    house: Any = SimpleNamespace(runtime=rig.runtime)
    with pytest.raises(SetupFault, match="Remedy"):
        await case._listed(asked(*said), house)  # noqa: SLF001  # the command
