"""What could not be done outside reaches somebody: another state, a higher level, or a person's task."""

from collections.abc import Iterator

from carelane.cases.words import EFFECT_DEAD
from carelane.proofs.moves import Kind
from carelane.proofs.turns import Breach, Turn

RULE = "failures-reach-somebody"


def of_turn(turn: Turn) -> Iterator[Breach]:
    """A refused effect, or one given up, that nobody hears of."""
    if turn.move.kind is not Kind.EFFECT or turn.move.outcome == "done":
        return
    before, after = turn.before, turn.after
    moved = before is not None and after is not None and before.steps != after.steps
    told = any(change.notices or change.intents for step in turn.steps for change in step.changes)
    sent = any(each.fact == EFFECT_DEAD for step in turn.steps for each in step.emissions)
    if not (moved or told or sent):
        yield Breach(
            rule=RULE, line=turn.line,
            message=f"Nobody hears of it when {turn.move.words}.",
            remedy="Add it to `effect_outcomes`, or write `on_failure: person`.",
        )  # fmt: skip
