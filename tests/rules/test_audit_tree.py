"""The Merkle tree (I14): against an independent implementation, and proofs that a mutant does not pass."""

import hashlib
from collections.abc import Callable, Sequence

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.audit.proofs import consistency, consistent, included, inclusion
from carelane.audit.tree import EMPTY_ROOT, Frontier, leaf_hash, root

leaves = st.lists(st.binary(max_size=20), min_size=1, max_size=40)


def hashes(data: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(each) for each in data]


@given(leaves)
def test_the_root_is_that_of_an_independent_implementation(data: list[bytes]) -> None:
    """Pymerkle and we agree on every tree."""
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for each in data:
        oracle.append_entry(each)
    assert root(hashes(data)) == oracle.get_root()


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    """RFC 6962, 2.1."""
    assert Frontier().root() == EMPTY_ROOT


@given(leaves, st.integers(min_value=0, max_value=40))
def test_the_edge_grows_in_batches_as_it_would_at_once(data: list[bytes], cut: int) -> None:
    """The sequencer appends batch after batch without reading the tree again."""
    first = Frontier().append(hashes(data[:cut]))
    grown = Frontier(first.size, first.edge).append(hashes(data[cut:]))
    assert grown == Frontier().append(hashes(data))


def test_an_edge_that_does_not_fit_its_size_is_refused() -> None:
    """A half-written edge must not become a checkpoint."""
    with pytest.raises(ValueError, match="one hash per set bit"):
        Frontier(3, (b"x" * 32,))


@given(leaves, st.data())
def test_inclusion_proofs_hold_for_their_leaf_and_no_other(
    data: list[bytes], draw: st.DataObject
) -> None:
    """Each leaf proves its place; another leaf, place or root does not pass."""
    all_hashes = hashes(data)
    index = draw.draw(st.integers(0, len(data) - 1))
    path, head, size = inclusion(all_hashes, index), root(all_hashes), len(data)
    assert included(all_hashes[index], index, size, path, head)
    assert not included(leaf_hash(b"never there, longer than any"), index, size, path, head)
    assert not included(all_hashes[index], index, size, path, b"\0" * 32)
    assert not included(all_hashes[index], size, size, path, head)
    assert not included(all_hashes[index], index, size, [*path, head], head)


@given(leaves, st.data())
def test_consistency_proofs_hold_for_a_tree_that_only_grew(
    data: list[bytes], draw: st.DataObject
) -> None:
    """A newer checkpoint proves that it begins with the older one."""
    all_hashes = hashes(data)
    old = draw.draw(st.integers(1, len(data)))
    path = consistency(all_hashes, old)
    before, after = root(all_hashes[:old]), root(all_hashes)
    other = root([leaf_hash(b"another history, longer than any"), *all_hashes[1:old]])

    def holds(old_root: bytes, new_root: bytes) -> bool:
        return consistent(
            old_size=old, new_size=len(data), old_root=old_root, new_root=new_root, path=path
        )

    assert holds(before, after)
    assert not holds(other, after)
    assert not holds(before, other)


@pytest.mark.parametrize(
    "prove", [lambda: inclusion([], 0), lambda: consistency([b""], 2), lambda: consistency([], 0)]
)
def test_there_is_no_proof_of_what_is_not_there(prove: Callable[[], object]) -> None:
    """Asking past the end is an error, not a wrong proof."""
    with pytest.raises(IndexError):
        prove()


def without_prefix(data: bytes) -> bytes:
    """A mutant: a leaf's hash without its domain byte."""
    return hashlib.sha256(data).digest()


@pytest.mark.invariant("I14")
def test_a_node_never_passes_for_a_leaf() -> None:
    """The second-preimage trap: two leaves could be swapped for one that looks like their node."""
    one, two = hashes([b"a", b"b"])
    forged = b"\x01" + one + two
    assert root([without_prefix(forged)]) == root([one, two])
    assert root([leaf_hash(forged)]) != root([one, two])
