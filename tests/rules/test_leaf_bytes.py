"""Leaves are made by msgspec for speed; they must be the bytes that RFC 8785 demands."""

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from carelane.store.shapes import canonical

_NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
_VALUES = st.recursive(
    st.text() | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=5))
def test_a_leaf_has_the_bytes_of_rfc_8785(body: dict[str, object]) -> None:
    assert canonical(body) == rfc8785.dumps(body)  # type: ignore[arg-type]  # JSON by construction


def test_mutant_bytes_in_the_order_written_are_caught() -> None:
    """A body whose names come unsorted tells the two apart."""
    body: dict[str, int] = {"b": 1, "a": 2}
    assert msgspec.json.encode(body) != rfc8785.dumps(body)
