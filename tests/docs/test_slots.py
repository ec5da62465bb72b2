"""What the guides say of slots: their examples are read as they say, with the settings beside them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from carelane.connect.fhir.adapter import reader_for
from carelane.connect.hl7v2.adapter import reader_of
from carelane.facts.fact import Draft

GUIDES = Path(__file__).parents[2] / "docs/howto"
NOW = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


def section(name: str, word: str, kind: str) -> str:
    """The code block of this kind that holds a word."""
    text = (GUIDES / name).read_text("utf-8")
    [found] = [one for one in re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL) if word in one]
    return str(found)


def shown(drafts: Any) -> list[tuple[str, str]]:
    """Each fact and the slot it is about."""
    return [(each.type, each.keys.get("slot", "")) for each in drafts]


def test_a_free_slot_by_fhir() -> None:
    """The resource of the guide is the fact it names, of as many minutes; `poll` beside it lists slots."""
    raw = section("connect-fhir.md", '"resourceType": "Slot"', "json").encode()
    reading, problems = reader_for({})(raw, received_at=NOW)
    assert problems == ()
    assert shown(reading.drafts) == [("slot.freed", "Slot/7")]
    said: Any = reading.drafts[0].payload.reveal()["slot"]
    assert said["minutes"] == 30  # half an hour
    [settings] = YAML(typ="safe", pure=True).load_all(
        section("connect-fhir.md", "Patient, Slot]", "yaml")
    )
    assert "Slot" in settings["poll"]


@pytest.mark.parametrize("told", [True, False])
def test_a_cancelled_visit_by_hl7(*, told: bool) -> None:
    """With `slot_field` as in the guide the message frees the slot; without it, only the visit is cancelled."""
    raw = section("connect-hl7v2.md", "SIU^S15^SIU_S12|77", "hl7").replace("\n", "\r").encode()
    settings = YAML(typ="safe", pure=True).load(section("connect-hl7v2.md", "slot_field", "yaml"))
    reading, problems = reader_of(settings if told else {})(raw, received_at=NOW)
    assert [one.line() for one in problems] == []
    freed = [("slot.freed", "Slot/7")] if told else []
    assert shown(reading.drafts) == [("appointment.cancelled", ""), *freed]
    if told:
        drafts: list[Draft] = list(reading.drafts)
        said: Any = drafts[1].payload.reveal()["slot"]
        assert (said["start"], said["minutes"]) == ("2026-12-01T15:00:00Z", 30)
