"""The whole thing, as a person would run it: `carelane demo --once --json`, over sockets only."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from carelane.connect.hl7v2.codec import envelope
from carelane.testing.hospital.script import morning

ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("R184")
@pytest.mark.requirement("R2")
@pytest.mark.requirement("R1")
@pytest.mark.invariant("I9")
def test_a_day_at_the_synthetic_hospital_ends_balanced_and_verified(tmp_path: Path) -> None:
    """Messages become work, staff finishes it, the EHR holds each result once, and the books balance."""
    command = [
        sys.executable,
        "-m",
        "carelane.cli",
        "demo",
        "--once",
        "--json",
        "--home",
        str(tmp_path / "home"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800,
                          env={**os.environ, "PYTHONWARNINGS": "default"})  # noqa: TID251  # a program of its own  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["messages"] >= 300
    assert found["cases"] >= 60
    assert set(found["pathways"]) >= {"referral-intake", "critical-result"}
    assert found["closed"] > 0
    assert found["ledger_balanced"] is True
    assert found["audit_verified"] is True
    assert len(found["hospital"]["triggers"]) >= 8
    assert found["hospital"]["held"] > 0
    assert found["hospital"]["held_twice"] == 0
    once = found["hospital"]["once"]
    assert once["once"] == once["created"] > 0
    assert (once["missing"], once["several"], once["elsewhere"]) == ([], [], [])
    assert all(each["who"].startswith("asked ") for each in found["unknown"])
    assert found["outcomes"]["referral-intake: cancelled"] > 0
    assert found["escalations"] > 0
    staff = found["hospital"]["staff"]
    assert min(staff[what] for what in ("finished", "lost", "released", "silent")) > 0


def test_the_same_seed_is_the_same_morning() -> None:
    """Deterministic by seed: the messages are the same, byte for byte."""
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)

    assert morning(seed=7, now=now).all() == morning(seed=7, now=now).all()
    assert morning(seed=7, now=now).all() != morning(seed=8, now=now).all()


def test_another_day_on_the_same_site_uses_no_number_again() -> None:
    """Else the listener would rightly hold back every message: a known id with another body."""
    now = datetime(2026, 11, 23, 9, tzinfo=UTC)
    first, second = (
        {envelope(raw).control_id for raw in morning(seed=1, now=at).all()}
        for at in (now, now + timedelta(minutes=1))
    )

    assert first.isdisjoint(second)


def test_a_morning_brings_what_real_life_brings() -> None:
    """Duplicates, a control id used twice, a merge, cancellations, at least eight triggers."""
    raws = morning(seed=1, now=datetime(2026, 11, 23, 9, tzinfo=UTC)).all()
    heads = [envelope(raw) for raw in raws]
    ids = [head.control_id for head in heads]

    assert len({head.trigger for head in heads}) >= 8
    assert len(raws) - len(set(raws)) >= 8
    assert len(set(raws)) - len(set(ids)) == 1
    assert {"ADT^A40", "REF^I14", "SIU^S15", "SIU^S26"} <= {head.trigger for head in heads}
