"""What a decision is taken for must be so: an engine that decides another case than the walk thinks proves nothing."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from carelane.cases.model import Step
from carelane.cli.pathway_files import definition_of
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.moves import Move
from carelane.proofs.prove import prove
from carelane.proofs.scenes import Scene, Stage
from carelane.proofs.verdicts import Verdict
from tests.rules.brute import judge

ROOT = Path(__file__).parents[2]
REFILL = definition_of(ROOT / "pathways/refill.yaml")


def _judged(definition: Definition) -> tuple[Verdict, str]:
    judgement = prove(definition)
    return judgement.proof.verdict, " ".join(each.message for each in judgement.findings)


def test_as_shipped_every_decision_is_of_its_class() -> None:
    """Against what follows: nothing is doubted where the engine decides what it is asked."""
    assert _judged(REFILL) == (Verdict.PROVED, "")


@pytest.mark.requirement("R131")
def test_mutant_stage_that_leaves_a_value_out_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The drug never comes: what the engine does then is no answer to what it does with a controlled one."""
    given = Stage.given

    def without_drug(
        stage: Stage, move: Move, before: int, after: int, now: datetime
    ) -> dict[str, str]:
        said = given(stage, move, before, after, now)
        return {name: value for name, value in said.items() if name != "drug"}

    monkeypatch.setattr(Stage, "given", without_drug)
    verdict, message = _judged(REFILL)
    assert verdict is Verdict.NOT_DECIDED
    assert "`drug`" in message


def test_mutant_stage_that_ends_a_task_otherwise_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says `could-not-do` where `denied` is asked: the class of `denied` was not decided."""
    decide = Stage.decide

    def otherwise(  # noqa: PLR0917  # as `decide` has them
        stage: Stage, scene: Scene, move: Move, before: int, after: int, within: str = ""
    ) -> tuple[Scene, tuple[Step, ...]]:
        other = replace(move, outcome="could-not-do") if move.outcome == "denied" else move
        return decide(stage, scene, other, before, after, within)

    monkeypatch.setattr(Stage, "decide", otherwise)
    verdict, message = _judged(REFILL)
    assert verdict is Verdict.NOT_DECIDED
    assert "denied" in message


def test_a_moment_known_before_is_as_far_ahead_as_its_class_says() -> None:
    """Exactly four hours are not less than four hours, also when the slot's time came with an earlier message."""
    row = 'when: "until slot_start < 4h", then: too-late'
    text = (ROOT / "pathways/slot-fill.yaml").read_text("utf-8")
    assert row in text
    changed, _ = load(text.replace(row, 'when: "not (until slot_start < 4h)", then: too-late'))
    assert changed is not None

    assert {each.rule for each in prove(changed).findings} == judge(changed)
