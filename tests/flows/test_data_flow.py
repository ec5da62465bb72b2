"""The page on where data goes is of what is in force: a connection or a release that comes or goes changes it."""

import argparse
import json
from dataclasses import replace
from typing import Any

import pytest

from carelane.cli import data_flow
from carelane.compose.house import House
from carelane.directory.snapshot import ConnectionRow

pytestmark = pytest.mark.postgres


async def _asked(house: House, capsys: pytest.CaptureFixture[str]) -> Any:
    """The document of `carelane data-flow`."""
    parser = argparse.ArgumentParser()
    data_flow.add(parser.add_subparsers())
    capsys.readouterr()
    assert await data_flow._run(parser.parse_args(["data-flow", "--json"]), house) == 0  # noqa: SLF001  # the command
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.requirement("R14", "R180")
async def test_the_page_follows_what_is_in_force(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every connection stands there; a new one is there at once; a pathway taken out of force is gone."""
    runtime = house.runtime
    found = await _asked(house, capsys)
    assert set(runtime.directory.connections) <= set(found["connections"])
    assert any(title.startswith("referral-intake ") for title in found["pathways"])
    assert "| Patient (`patient_name`) | `patient.name` | ehr |" in found["page"]
    assert "| in: it can't be read | quarantine | pool integration-desk | due 4h" in found["page"]
    assert (
        "| `tell-declined` (ehr.referral.update) | pool referral-intake | a person is asked | tell-by-hand |"
        in found["page"]
    )

    lab = ConnectionRow(name="lab-two", kind="hl7v2", settings={"direction": "in"})
    known = {**runtime.directory.connections, "lab-two": lab}
    runtime.directory = replace(runtime.directory, connections=known)
    kept = tuple(one for one in runtime.releases.activations if one.pathway != "referral-intake")
    runtime.releases = replace(runtime.releases, activations=kept)
    changed = await _asked(house, capsys)
    assert "| lab-two | hl7v2 | receives only |" in changed["page"]
    assert changed["connections"].keys() - found["connections"].keys() == {"lab-two"}
    assert not any(title.startswith("referral-intake ") for title in changed["pathways"])
