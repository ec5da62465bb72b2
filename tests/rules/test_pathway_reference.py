"""The reference of the pathway language says every problem code and key, and its examples are true."""

import re
from pathlib import Path

import pytest

from carelane.pathways import clocks_reader, events_reader, head_reader, trial
from carelane.pathways.loading import load
from carelane.pathways.trial import read_trials
from carelane.proofs.trials import run_trial

HOUSE = Path(__file__).parents[2]
EXAMPLES = [
    *(HOUSE / "pathways").rglob("*.yaml"),
    *(HOUSE / "tests/rules/pathways").rglob("*.yaml"),
]
TEXT = (HOUSE / "docs/reference/pathway-language.md").read_text("utf-8")


def test_pathway_reference_lists_every_problem_code() -> None:
    """Each code that reading can give is documented."""
    said = set(re.findall(r"[a-z0-9-]+", TEXT.split("## Problem codes")[1]))
    for path in (HOUSE / "src/carelane/pathways").glob("*.py"):
        source = path.read_text("utf-8")
        codes = re.findall(r'(?:\.add|_stop)\(\s*"([a-z0-9-]+)"', source)
        assert set(codes) <= said, path.name


def test_pathway_reference_lists_every_key_channel_and_expectation() -> None:
    """Correlation keys, head keys, channels of escalation and what a table may expect."""
    for name in (
        *events_reader.KEYS,
        *head_reader.TOUCHES,
        *clocks_reader.CHANNELS,
        *trial.EXPECTATIONS,
    ):
        assert f"`{name}`" in TEXT, name


def test_pathway_reference_example_holds() -> None:
    """The text table in the reference runs on the shipped referral pathway."""
    definition, _ = load((HOUSE / "pathways/referral-intake.yaml").read_bytes())
    assert definition is not None
    block = next(one for one in TEXT.split("```") if one.startswith("\nstarts:"))
    trials, findings = read_trials(block, definition)

    assert findings.problems == []
    assert [one.missed for one in run_trial(definition, trials[0])] == [(), ()]


@pytest.mark.parametrize("number", range(TEXT.count("```yaml\n")))
def test_pathway_reference_quotes_pathways_that_are_run(number: int) -> None:
    """Every example stands, line by line, in a pathway whose tables hold."""
    example = TEXT.split("```yaml\n")[number + 1].split("```")[0]
    wanted = [line.split("#")[0].strip() for line in example.splitlines() if line.strip()]
    assert any(_quoted(wanted, path) for path in EXAMPLES), example


def _quoted(wanted: list[str], path: Path) -> bool:
    lines = [line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines()]
    there = [line for line in lines if line]
    return any(
        there[start : start + len(wanted)] == wanted
        for start in range(len(there) - len(wanted) + 1)
    )
