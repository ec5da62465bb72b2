"""Makes a way through the walk concrete: which values come when, so that the engine can go it (`retelling`).

Goes backward from the end: each move brings only what must have changed, so that a person reads as little as possible.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from carelane.proofs.boxes import bits_of
from carelane.proofs.nodes import Explored, Node, Way
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
    steps = list(_behind(node))
    box = node.box
    for way, taken in last:
        steps.append((way, taken, box))
        box = taken
    return _concrete(found, steps, among or found.regions.space.full)


def _behind(node: Node, until: str | None = None) -> Iterator[tuple[Way, int, int]]:
    """The ways to a node, each with what is taken and the box it is taken from; or those inside its region only."""
    if node.way is None or node.parent is None or (until is not None and node.parent.control.within != until):
        return
    yield from _behind(node.parent, until)
    for each in node.aside[:-1]:
        yield from _behind(each, each.control.within)
    if node.aside and node.aside[-1].parent is not None:
        last = node.aside[-1]
        yield from _behind(last.parent, last.control.within)
        yield node.way, last.taken, last.parent.box
    else:
        yield node.way, node.taken, node.parent.box


def _concrete(
    found: Explored, steps: list[tuple[Way, int, int]], wanted: int
) -> tuple[Leg, ...]:
    made: list[Leg] = []
    for way, taken, box in reversed(steps):
        after = _after(found, way, taken, wanted)
        before = _before(found, way.move, box, after)
        made.append(Leg(move=way.move, before=before, after=after, way=way))
        wanted = _still(found, way, wanted, taken, before)
    return tuple(leg for leg in reversed(made) if not leg.idle)


def _still(found: Explored, way: Way, wanted: int, taken: int, before: int) -> int:
    """What earlier moves must bring about: what a region does not know of was brought about before it."""
    fixed = {mask for mask, _ in way.sets}
    for one in found.regions.space.coordinates.values():
        if not wanted & taken & one.mask and one.mask not in fixed and one.name not in way.adds:
            before = before & ~one.mask | wanted & one.mask
    return before


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
