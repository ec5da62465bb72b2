"""Who answers an event inside a block: the state, then the block, and `everywhere` only for what stands in no block."""

from tests.rules.language2 import REVIEW, begun, states, tell

OWN = REVIEW.replace(
    "    fallback: { state: late, tell: chair }\n",
    "    fallback: { state: late, tell: chair }\n    on: { patient.asked: stay }\n",
).replace("  patient.asked: stay\n", "  patient.asked: late\n")


def test_block_answers_before_everywhere_also_for_what_is_inside() -> None:
    """The block stays: no silent state inside follows `everywhere` out of it."""
    game = begun(OWN)
    tell(game, "patient.asked")
    assert states(game) == {"review", "read", "funding"}


def test_everywhere_answers_for_a_block_that_says_nothing() -> None:
    """Then the whole block is left."""
    game = begun(OWN.replace("    on: { patient.asked: stay }\n", ""))
    tell(game, "patient.asked")
    assert states(game) == {"late"}
