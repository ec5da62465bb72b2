"""Inclusion and consistency proofs: made from all leaf hashes, checked from a root alone.

RFC 6962, sections 2.1.1 and 2.1.2; the checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Sequence

from carelane.audit.tree import node_hash, root, split


def inclusion(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The audit path of leaf `index` (from 0), nearest sibling first."""
    if not 0 <= index < len(hashes):
        raise IndexError("no such leaf")
    path: list[bytes] = []
    part = hashes
    while len(part) > 1:
        middle = split(len(part))
        if index < middle:
            path.append(root(part[middle:]))
            part = part[:middle]
        else:
            path.append(root(part[:middle]))
            part, index = part[middle:], index - middle
    return tuple(reversed(path))


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Whether the leaf hash stands at `index` of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    node, place, last = leaf, index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == head


def consistency(hashes: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """The proof that the first `old_size` leaves are still the same."""
    if not 0 < old_size <= len(hashes):
        raise IndexError("no such earlier tree")
    path: list[bytes] = []
    part, size, whole = hashes, old_size, True
    while size != len(part):
        middle = split(len(part))
        if size <= middle:
            path.append(root(part[middle:]))
            part = part[:middle]
        else:
            path.append(root(part[:middle]))
            part, size, whole = part[middle:], size - middle, False
    return tuple(reversed(path if whole else [*path, root(part)]))


def consistent(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether the newer tree begins with the older one."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    nodes = list(path)
    if old_size & (old_size - 1) == 0:
        nodes.insert(0, old_root)
    if not nodes:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    return _climb(nodes, place=place, last=last, old_root=old_root, new_root=new_root)


def _climb(nodes: list[bytes], *, place: int, last: int, old_root: bytes, new_root: bytes) -> bool:
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
