"""Makes a way through the walk concrete: which values come when, so that the engine can go it (`retelling`).

Goes backward from the end: each move brings only what must have changed, so that a person reads as little as possible.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from carelane.proofs.boxes import bits_of
from carelane.proofs.cells import Coordinate
from carelane.proofs.moves import Kind, Move, counted
from carelane.proofs.nodes import Explored, Node, Way
from carelane.proofs.turns import Control

Step: TypeAlias = tuple[Way, int, int]
"""A way, what is known when it is taken, and what was known before."""
Beginning: TypeAlias = tuple[Node, Way, int]
"""From where regions began, by which way, and what was known when it was taken."""


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


def steps_of(
    found: Explored, node: Node, last: tuple[tuple[Way, int], ...] = ()
) -> tuple[Step, ...]:
    """The ways to a node, and the last ones from it, each with what is known when it is taken."""
    steps = list(steps_to(found, node))
    box = node.box
    for way, taken in last:
        steps.append((way, taken, box))
        box = taken
    return tuple(steps)


def steps_to(
    found: Explored, node: Node, known: Mapping[Control, tuple[Step, ...]] | None = None
) -> tuple[Step, ...]:
    """The ways to a node; where one to the control before is `known` already, that is taken."""
    if node.way is None or node.parent is None:
        return ()
    begun = min(_beginnings(found, node.aside), key=_width, default=None)
    if begun is not None:
        before, way, taken = begun
        return (*steps_to(found, before, known), (way, taken, before.box), *_last_step(node))
    behind = known.get(node.parent.control) if known is not None else None
    steps = steps_to(found, node.parent, known) if behind is None else behind
    return (*steps, *_last_step(node))


def _beginnings(found: Explored, ends: Sequence[Node]) -> list[Beginning]:
    """How regions began: in one go where some way does that, for each was met first by a way of its own."""
    begun = [_begun(each) for each in ends]
    mine = [(n.parent, n.way, n.taken) for n in begun if n.parent is not None and n.way is not None]
    every = list(mine)
    for control in dict.fromkeys(before.control for before, _, _ in mine):
        for way in found.ways[control]:
            before, taken = found.first[id(way)]
            every.append((before, way, taken))
    wanted = {each.control for each in begun}
    return [each for each in every if wanted <= set(each[1].targets)] or mine


def _begun(node: Node) -> Node:
    """The node in which the region of this one began."""
    while node.parent is not None and node.parent.control.within == node.control.within:
        node = node.parent
    return node


def _width(begun: Beginning) -> int:
    """How much is possible where regions began: what begins them in the fewest cases says when."""
    return begun[2].bit_count()


def _last_step(node: Node) -> Iterator[Step]:
    """The way into a node, and before it what its regions did."""
    if node.way is None or node.parent is None:
        return
    for each in node.aside[:-1]:
        yield from _inside(each, each.control.within)
    last = node.aside[-1] if node.aside else None
    if last is not None and last.parent is not None:
        yield from _inside(last.parent, last.control.within)
        yield node.way, last.taken, last.parent.box
    else:
        yield node.way, node.taken, node.parent.box


def _inside(node: Node, region: str) -> Iterator[Step]:
    """The ways to a node since its region began."""
    if node.parent is not None and node.parent.control.within == region:
        yield from _inside(node.parent, region)
        yield from _last_step(node)


def concrete(found: Explored, steps: Sequence[Step], wanted: int) -> tuple[Leg, ...]:
    """The run that these ways are: forward for what can be known, then backward from what is wanted at the end."""
    made: list[Leg] = []
    for way, taken, box in reversed(list(_forward(found, steps))):
        after = _after(found, way, taken, wanted)
        before = _before(found, way.move, box, after)
        made.append(Leg(move=way.move, before=before, after=after, way=way))
        wanted = before
    return tuple(leg for leg in reversed(made) if not leg.idle)


def _forward(found: Explored, steps: Sequence[Step]) -> Iterator[Step]:
    """The same ways with what is really known on this one run: regions share it, detours are left out."""
    box = found.regions.space.nothing
    for way, taken, _ in steps:
        options = [_narrowed(found, each, taken) for each in found.moves.after(box, way.move)]
        here = next((each for each, whole in options if whole), options[0][0])
        yield way, here, box
        box = found.image(way, here)


def _narrowed(found: Explored, box: int, taken: int) -> tuple[int, bool]:
    """What of a box is taken, coordinate by coordinate; and whether something of each is."""
    kept, whole = 1, True
    for one in found.regions.space.coordinates.values():
        here = box & taken & one.mask
        whole = whole and bool(here)
        kept |= here or box & one.mask
    return kept, whole


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
