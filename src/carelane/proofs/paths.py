"""Makes a way through the walk concrete: which values come when, so that the engine can go it (`retelling`).

Goes backward from the end: each move brings only what must have changed, so that a person reads as little as possible.
"""

from dataclasses import dataclass

from carelane.proofs.boxes import bits_of
from carelane.proofs.explore import Explored, Node, Way
from carelane.proofs.moves import Kind, Move, counted
from carelane.proofs.cells import Coordinate


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One move of a concrete run: one cell of each coordinate before and after its values are in."""

    move: Move
    before: int
    after: int
    way: Way

    @property
    def idle(self) -> bool:
        """Whether it brings nothing and moves nothing: a person need not read it."""
        return (
            self.move.kind is Kind.EVENT
            and self.before == self.after
            and self.way.target == self.way.turn.was
            and not self.way.sets
        )


def legs(
    found: Explored, node: Node, last: tuple[tuple[Way, int], ...] = (), *, among: int = 0
) -> tuple[Leg, ...]:
    """The run to a node (to these of its cells), and the last ways from it, each with what is known when it is taken."""
    steps: list[tuple[Way, int, int]] = []  # the way, what is taken, and the box it is taken from
    box = node.box
    for way, taken in last:
        steps.append((way, taken, box))
        box = taken
    behind: list[tuple[Way, int, int]] = []
    here: Node | None = node
    while here is not None and here.way is not None and here.parent is not None:
        behind.append((here.way, here.taken, here.parent.box))
        here = here.parent
    return _concrete(found, [*reversed(behind), *steps], among or found.regions.space.full)


def _concrete(
    found: Explored, steps: list[tuple[Way, int, int]], wanted: int
) -> tuple[Leg, ...]:
    made: list[Leg] = []
    for way, taken, box in reversed(steps):
        after = _after(found, way, taken, wanted)
        before = _before(found, way.move, box, after)
        made.append(Leg(move=way.move, before=before, after=after, way=way))
        wanted = before
    return tuple(leg for leg in reversed(made) if not leg.idle)


def _after(found: Explored, way: Way, taken: int, wanted: int) -> int:
    """What is known once the move's values are in, such that the way's own changes give what is wanted."""
    chosen = 1
    fixed = {mask for mask, _ in way.sets}
    for name, one in found.regions.space.coordinates.items():
        can = taken & one.mask
        if one.mask not in fixed:
            can = _leading(one, can, wanted & one.mask, added=name in way.adds) or can
        chosen |= can & -can
    return chosen


def _leading(one: Coordinate, can: int, wanted: int, *, added: bool) -> int:
    if not added:
        return can & wanted
    return sum(bit for bit in bits_of(can) if counted(bit, one) & wanted)


def _before(found: Explored, move: Move, box: int, after: int) -> int:
    chosen = 1
    for name, one in found.regions.space.coordinates.items():
        can, cell = box & one.mask, after & one.mask
        if name in move.counts:
            can = sum(bit for bit in bits_of(can) if counted(bit, one) & cell) or can
        elif can & cell:
            can = cell
        chosen |= can & -can
    return chosen
