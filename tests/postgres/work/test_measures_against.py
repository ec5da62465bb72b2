"""`measures --against` and `--trace` on real rows: a day beside the day before, and what a number was counted from."""

import argparse
import json
from types import SimpleNamespace
from typing import Any

import pytest

from carelane.cli import measures
from carelane.facts.errors import SetupFault
from tests.postgres.work.conftest import Rig
from tests.postgres.work.test_measures import monday, planted, tuesday

__all__ = ["planted"]


def asked(*said: str) -> argparse.Namespace:
    """What was typed."""
    parser = argparse.ArgumentParser()
    measures.add(parser.add_subparsers())
    return parser.parse_args(["measures", "--json", "--by", "pathway", *said])


def told(text: str) -> Any:
    """The document on the last line."""
    return json.loads(text.splitlines()[-1])


@pytest.mark.requirement("R144")
async def test_two_days_are_compared(planted: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """Monday closed nothing and missed one clock of three; Tuesday closed a case with five touches and missed two."""
    house: Any = SimpleNamespace(runtime=planted.runtime)
    days = ["--from", tuesday(0).isoformat(), "--to", tuesday(24).isoformat()]
    assert await measures._run(asked(*days, "--against", monday(0).isoformat()), house) == 0  # noqa: SLF001  # the command
    found = told(capsys.readouterr().out)["against"]
    assert found["asked"]["from_at"] == monday(0).isoformat().replace("+00:00", "Z")
    lines = {each["dimension"]: each for each in found["lines"]}
    assert (lines["touches"]["before"], lines["touches"]["after"]) == (None, 5.0)
    late = lines["clocks missed"]
    assert (late["before"], late["after"], late["standing"]) == (1 / 3, 2 / 3, "worse")
    assert [one["verdict"] for one in found["verdicts"]] == ["regressed"]


@pytest.mark.requirement("R150")
async def test_a_measure_is_traced_where_that_is_asked(
    planted: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    """The facts behind its numbers, for people and as a document; no other measure's."""
    house: Any = SimpleNamespace(runtime=planted.runtime)
    period = ["--from", monday(0).isoformat(), "--to", tuesday(24).isoformat()]
    traced = asked(*period, "--trace", "by_hand")
    assert await measures._run(traced, house) == 0  # noqa: SLF001  # the command
    found = told(capsys.readouterr().out)["figures"]
    sources = {each["measure"]: each["sources"] for each in found if each["sources"]}
    assert set(sources) == {"by_hand"}
    traced.json = False
    assert await measures._run(traced, house) == 0  # noqa: SLF001  # the command
    lines = capsys.readouterr().out.splitlines()
    assert {f"  {source}" for source in sources["by_hand"]} <= set(lines)
    assert await measures._run(asked(*period), house) == 0  # noqa: SLF001  # the command
    assert not any(each["sources"] for each in told(capsys.readouterr().out)["figures"])


async def test_periods_that_overlap_are_refused(planted: Rig) -> None:
    house: Any = SimpleNamespace(runtime=planted.runtime)
    days = ["--from", tuesday(0).isoformat(), "--to", tuesday(24).isoformat()]
    with pytest.raises(SetupFault, match="overlap"):
        await measures._run(asked(*days, "--against", monday(12).isoformat()), house)  # noqa: SLF001  # the command
