"""Sets of cells as whole numbers: a box says, for each coordinate, which of its cells are possible.

A coordinate (an input, a variable, a counter) owns a stretch of bits, one per cell. A **box** is the product of what
it allows: one `int`. Meeting two boxes is `&`, holding one in another is `a & ~b == 0`. A **piece** is a box that
constrains few coordinates, with their masks, so that meeting it knows where to look for emptiness. Exact: nothing is
sampled and nothing is solved. `cells` lays the coordinates out, `regions` turns guards and tables into pieces.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

PIECES_MAX = 20_000


TOO_MANY = "There are more cells and states than the prover looks at."


class Undecided(Exception):  # no error of anybody: the verdict says "not decided", and why
    """What can't be decided here, and why: it counts as refused."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A box, and the masks of the coordinates that it constrains."""

    bits: int
    masks: tuple[int, ...] = ()


def meet(box: int, piece: Piece) -> int:
    """What a box and a piece share; 0 if nothing."""
    both = box & piece.bits
    for mask in piece.masks:
        if not both & mask:
            return 0
    return both


def within(box: int, other: int) -> bool:
    """Whether everything in a box is also in the other."""
    return not box & ~other


def without(box: int, piece: Piece) -> list[int]:
    """What of a box lies outside a piece, as boxes that share nothing."""
    if not meet(box, piece):
        return [box]
    outside: list[int] = []
    rest = box
    for mask in piece.masks:
        beside = rest & mask & ~piece.bits
        if beside:
            outside.append(rest & ~mask | beside)
        rest = rest & (~mask | piece.bits)
    return outside


def remove(boxes: Iterable[int], pieces: Sequence[Piece]) -> list[int]:
    """What of the boxes lies outside all pieces."""
    left = list(boxes)
    for piece in pieces:
        if not left:
            break
        left = bounded([part for box in left for part in without(box, piece)])
    return left


def joined(boxes: Iterable[int], masks: Iterable[int]) -> list[int]:
    """The same cells in fewer boxes: two that differ in one coordinate only become one."""
    known = list(dict.fromkeys(boxes))
    masks = tuple(masks)
    before = len(known) + 1
    while len(known) > 1 and len(known) < before:
        before = len(known)
        for mask in masks:
            known = _along(known, mask)
    return known


def _along(boxes: Sequence[int], mask: int) -> list[int]:
    rows: dict[int, int] = {}
    for box in boxes:
        rest = box & ~mask
        rows[rest] = rows.get(rest, 0) | box & mask
    return [rest | cells for rest, cells in rows.items()]


def bounded(boxes: list[int]) -> list[int]:
    """The boxes, unless they are too many to look at.

    Raises:
        Undecided: What asked for them is not decided.
    """
    if len(boxes) > PIECES_MAX:
        raise Undecided(TOO_MANY)
    return boxes


def bits_of(bits: int) -> Iterator[int]:
    """Each bit that is set, lowest first."""
    while bits:
        low = bits & -bits
        yield low
        bits ^= low
