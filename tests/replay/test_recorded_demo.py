"""A day of `carelane demo`, as `pathway events` wrote it, replays for ever; a planted edit lists exactly the affected.

The recording is never edited. It was made by many processes against the simulated EHR with its faults, in real time.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from carelane.cli import main
from carelane.pathways.loading import load
from carelane.releases.backtest import head_of

PACKED = Path(__file__).parent / "recorded" / "demo.jsonl.gz"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording, unpacked."""
    path = tmp_path_factory.mktemp("demo") / "events.jsonl"
    path.write_bytes(gzip.decompress(PACKED.read_bytes()))
    return path


@pytest.fixture(scope="module")
def old(events: Path) -> Path:
    """The release that decided, out of the recording itself."""
    texts = [each.content for each in head_of([events]).releases]
    path = events.with_name("referral-intake.yaml")
    path.write_text(next(text for text in texts if "pathway: referral-intake\n" in text))
    return path


def changed(old: Path, before: str, after: str) -> Path:
    """The release with one edit."""
    text = old.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path = old.with_name("changed.yaml")
    path.write_text(text.replace(before, after), encoding="utf-8")
    assert load(path.read_text(encoding="utf-8"))[0] is not None
    return path


def asked(
    capsys: pytest.CaptureFixture[str], new: Path, old: Path, events: Path
) -> tuple[int, Any]:
    """The command's status and document."""
    command = [
        "pathway",
        "backtest",
        str(new),
        "--against",
        str(old),
        "--from",
        str(events),
        "--json",
        "--workers",
        "1",
    ]
    status = main(command)
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


def subjects(events: Path) -> Iterator[Any]:
    """The recording's subjects, read as plain JSON."""
    for line in events.read_text(encoding="utf-8").splitlines()[1:]:
        yield json.loads(line)


@pytest.mark.invariant("I15")
def test_the_recorded_day_replays_to_the_very_record(
    events: Path, old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, report = asked(capsys, old, old, events)

    assert status == 0
    assert report["void"] == []
    assert report["facts"] > 600
    assert report["cases"] == report["same"] > 40
    assert report["divergences"] == []


@pytest.mark.requirement("R49")
@pytest.mark.parametrize(
    ("before", "after", "concerned", "way"),
    [
        (
            "clock: { kind: business-days, warn: 2d, due: 3d, setting: triage_within }",
            "clock: { kind: business-days, warn: 1d, due: 2d }",
            lambda step: step["state"] == "triage",
            "safer",
        ),
        (
            "clock: { kind: wall, warn: 2h, due: 4h, setting: urgent_triage_within }",
            "clock: { kind: wall, warn: 2h, due: 8h }",
            lambda step: step["state"] == "urgent-triage",
            "riskier",
        ),
        (
            "title: Book the appointment",
            "title: Book the visit",
            lambda step: step["state"] in {"scheduling", "rebooking"},
            "needs-a-person",
        ),
        (
            "owner: { pool: scheduling-desk }\n    counters: { attempts",
            "owner: { pool: referral-intake }\n    counters: { attempts",
            lambda step: step["state"] == "scheduling",
            "needs-a-person",
        ),
    ],
    ids=["earlier", "later", "wording", "owner"],
)
def test_a_planted_edit_on_the_recorded_day_lists_exactly_the_affected_cases(  # noqa: PLR0917  # a table's columns
    before: str, after: str, concerned: Any, way: str, events: Path, old: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Expected by what the recording says of states, which the back-test never looks at."""
    expected = {
        step["case"] for one in subjects(events) for step in one.get("steps", ()) if concerned(step)
    }

    status, report = asked(capsys, changed(old, before, after), old, events)

    assert status == 0
    assert len(expected) > 3
    assert {each["case"] for each in report["divergences"]} == expected
    assert {each["way"] for each in report["divergences"]} == {way}
