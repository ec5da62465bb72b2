"""The Merkle tree of RFC 6962, section 2.1: hashes, the growing right edge, the root.

`Frontier` is all the sequencer keeps: one hash per set bit of the size (largest subtree first),
stored in `audit_tree.edge`. Proofs over all leaves are in `inclusion` and `consistency`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's canonical bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of `size` leaves: roots of its perfect subtrees, largest first."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.edge) != self.size.bit_count():
            raise ValueError("a frontier has one hash per set bit of its size")

    def append(self, hashes: Iterable[bytes]) -> "Frontier":
        """The frontier after these leaf hashes, in order."""
        size, edge = self.size, list(self.edge)
        for each in hashes:
            node, rest = each, size
            while rest & 1:
                node = node_hash(edge.pop(), node)
                rest >>= 1
            edge.append(node)
            size += 1
        return Frontier(size, tuple(edge))

    def root(self) -> bytes:
        """The tree's head; of nothing it is the hash of nothing."""
        if not self.edge:
            return EMPTY_ROOT
        node = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            node = node_hash(left, node)
        return node


def root(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    return Frontier().append(hashes).root()


def split(size: int) -> int:
    """The largest power of two below `size` (`k` in RFC 6962)."""
    return 1 << (size - 1).bit_length() - 1
