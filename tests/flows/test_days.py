"""A day at the synthetic hospital on the demo's clock, as a person runs it: `carelane demo --once --days 1 --json`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOUGHT = (
    "cases_without_owner_or_clock",
    "double_bookings",
    "double_messages",
    "red_flags_routed_down",
)


@pytest.mark.requirement("R131")
def test_a_small_hospital_lives_a_day_and_is_judged(tmp_path: Path) -> None:
    """Messages by every way become work, staff finishes it on shifts, one clock moves for all."""
    command = [sys.executable, "-m", "carelane.cli", "demo", "--once", "--json", "--days", "1", "--volume", "0.08",
               "--home", str(tmp_path / "home")]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800,
                          env={**os.environ, "PYTHONWARNINGS": "default"})  # noqa: TID251  # a program of its own  # fmt: skip
    assert done.stdout, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["messages"] > 40
    assert found["cases"] > 5
    assert found["closed"] > 0
    assert set(found["workflows"]) == set("abcdefghijklmn")
    assert {name: found[name] for name in NOUGHT} == dict.fromkeys(NOUGHT, 0)
    assert found["ledger_balanced"] is True
    assert found["audit_verified"] is True
    told = found["hospital"]
    assert sum(told["sent"].values()) > 40
    assert not [answer for answer in told["answers"] if answer.endswith((" 401", " 403", " 422"))]
    assert told["staff_counts"]["finished"] > 5
    assert told["held_twice"] == 0
    assert told["clock"]["moves"] > 10
    assert told["clock"]["late_s_max"] <= 720
