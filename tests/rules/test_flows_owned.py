"""Each flow of data has an owner, and what happens when it fails or must be taken back is said beforehand."""

from dataclasses import replace

import pytest

from carelane.casebook.flows import FALLS_TO, failures, leaving
from tests.rules.test_pathway_shipped import FILES, shipped

SENDING = [path.stem for path in FILES if shipped(path.stem).effects]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.requirement("R100")
@pytest.mark.parametrize("name", SENDING)
def test_whatever_leaves_has_an_owner_a_failure_and_a_way_back(name: str) -> None:
    """A line for each effect, and no cell of it is empty."""
    definition = shipped(name)
    rows = [cells(line) for line in leaving(definition)][2:]
    assert [row[0].split("`")[1] for row in rows] == list(definition.effects)
    for row in rows:
        assert len(row) == 5
        assert all(row)
        assert "nobody" not in row[1]


@pytest.mark.requirement("R100")
def test_whatever_could_not_go_on_has_an_owner_a_clock_and_a_next() -> None:
    """Unread, unknown, unmatched, failed, broken: each is a case of a system pathway that begins owned."""
    rows = [cells(line) for line in failures(shipped(path.stem) for path in FILES)][2:]
    assert [row[0] for row in rows] == list(FALLS_TO)
    for _, name, owner, clock, then in rows:
        assert shipped(name).system
        assert owner.startswith(("pool ", "role "))
        assert clock.startswith("due ")
        assert then != "none"


def test_a_failure_and_a_way_back_are_the_pathways_own() -> None:
    """Words of the pathway: a hold is released, a refusal leads by hand; another edge, another word."""
    definition = shipped("scheduling-request")
    hold = next(line for line in leaving(definition) if line.startswith("| `hold`"))
    assert cells(hold)[1:] == ["pool scheduling-desk", "a person is asked", "by-hand", "`release`"]
    kept = {**definition.effects, "hold": replace(definition.effects["hold"], undo="")}
    changed = next(line for line in leaving(replace(definition, effects=kept)) if "`hold`" in line)
    assert cells(changed)[4].startswith("nothing")
