"""What Hypothesis prints of a failing example: without its values nobody can find out why a property failed."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.facts.phi import Phi

SECRET = "Zyx-canary-4711"


def printed(values: st.SearchStrategy[object]) -> str:
    """What is printed of a property of these values that always fails."""

    @settings(database=None)
    @given(values)
    def fails(moves: object) -> None:
        del moves
        raise AssertionError

    run: Callable[[], None] = fails
    with pytest.raises(AssertionError) as failed:
        run()
    return "\n".join(failed.value.__notes__)


def test_a_failing_example_is_printed_with_its_values() -> None:
    moves = st.just([("surgery.cancelled", 0, 4), ("wait", 0, 4)])
    assert "moves=[('surgery.cancelled', 0, 4), ('wait', 0, 4)]" in printed(moves)


@pytest.mark.invariant("I13")
def test_patient_data_in_a_failing_example_is_not_printed() -> None:
    found = printed(st.just({"name": Phi(SECRET, "name")}))
    assert "moves={'name': <Phi name>}" in found
    assert SECRET not in found
