"""Walks through everything that can happen to a case, breadth first, so that the first way found is a shortest one.

A node is a control (`turns.Control`) and a box of what may be known there. Each move is cut only where something is
read (`classes`); each class is decided once by the engine (`scenes`), and what it did to control, counters and
variables (`learning`) is applied to the box. The regions of a block are walked apart, their ends joined (`joins`).
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

from carelane.pathways.definition import Definition
from carelane.proofs.alive import alive
from carelane.proofs.boxes import bits_of, within
from carelane.proofs.cells import ELAPSED
from carelane.proofs.claims import compare
from carelane.proofs.classes import classes, entered_by
from carelane.proofs.flags import Flags
from carelane.proofs.joins import Joins
from carelane.proofs.learning import learnt, step_in, unsettled
from carelane.proofs.moves import Move, Moves, counted
from carelane.proofs.nodes import Class, Explored, Grain, Node, Way
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Regions
from carelane.proofs.scenes import Stage
from carelane.proofs.turns import Control


def explore(  # noqa: PLR0913  # what is watched, by name
    definition: Definition,
    regions: Regions,
    *,
    flags: Flags | None = None,
    promise: int = 0,
    enough: Callable[[Way], bool] = lambda _: False,
    grain: Grain = Grain.FINE,
    only: int | None = None,
) -> Explored:
    """Walk through the whole pathway, until a way is `enough`.

    What is watched makes more nodes: red flags (who owns, and whether a flag was seen), or one requirement by number.
    A walk with `only` some coordinates tells the values of no other apart; like one of a coarser `grain` it finds all
    that a fine one finds, and maybe what can't be.

    Raises:
        Undecided: There are more nodes or cells than the prover looks at.
    """
    watched = flags or Flags.none(regions)
    found = Explored(
        definition=definition,
        regions=regions,
        stage=Stage(definition, regions.space),
        moves=Moves(definition, regions.space),
        promises=Promises.of(definition).only(promise),
        flags=watched,
        alive=alive(definition, regions, watched),
        reopens=any(event.reopens for event in definition.events.values()),
        enough=enough,
        forget=_forgotten(regions, grain, only),
        broad=grain is Grain.BROAD,
    )
    found.scenes[Control()] = found.stage.empty()
    start = found.add(Control(), regions.space.nothing)
    joins = Joins(found)
    waiting = _Waiting()
    waiting.add([start] if start is not None else [])
    while waiting and not found.stopped:
        while waiting and not found.stopped:
            node = waiting.next()
            if found.standing(node):
                waiting.add(_expand(found, node))
        if not found.stopped:
            waiting.add(joins.fresh())
    return found


class _Waiting:
    """Nodes to look at: the nearest first, and of those the ones that hold most, which swallow the others."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, Node]] = []

    def __bool__(self) -> bool:
        return bool(self._heap)

    def add(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            heappush(self._heap, (node.depth, -node.box.bit_count(), node.number, node))

    def next(self) -> Node:
        return heappop(self._heap)[3]


def _forgotten(regions: Regions, grain: Grain, only: int | None) -> int:
    if only is not None:
        return regions.space.full & ~only
    if grain is Grain.FINE:
        return 0
    counters = (one for one in regions.space.coordinates.values() if one.given_by is None)
    return sum(one.mask for one in counters if one.name != ELAPSED)


def _expand(found: Explored, node: Node) -> Iterator[Node]:
    if node.control.ended:
        return
    node = _told(found, node)
    for move, at in _moves(found, node.control):
        for part in classes(found, node, move, at):
            way = _way(found, node, move, part, at)
            box = found.image(way, part.box)
            for target in way.targets:
                fresh = found.add(target, box, parent=node, way=way, taken=part.box)
                if fresh is not None:
                    yield fresh


def _told(found: Explored, node: Node) -> Node:
    """The node once everything has come that changes nothing but what is known: what follows, follows from there."""
    state = found.definition.states.get(node.control.state)
    if state is None or node.control.closed:
        return node
    for move in found.moves.telling(state):
        for part in classes(found, node, move, ""):
            way = _way(found, node, move, part, "")
            grown = found.image(way, part.box)
            if way.target == node.control and within(node.box, grown):
                larger = found.add(way.target, grown, parent=node, way=way, taken=part.box)
                node = larger or node
    return node


def _moves(found: Explored, control: Control) -> Iterator[tuple[Move, str]]:
    """What can happen there; with the state it leads to where no edge says so."""
    if not control.state:
        yield from ((move, "") for move in found.moves.starts())
    elif control.closed:
        yield from found.moves.reopening()
    else:
        state = found.definition.states[control.state]
        yield from ((move, "") for move in found.moves.of(state))
        yield from ((move, "") for move in found.moves.effects(state, _ends(found, control)))


def _ends(found: Explored, control: Control) -> frozenset[str]:
    """Effects whose ends are looked at: those that the control waits for, and those that change nothing."""
    case = found.scenes[control].case
    step = step_in(found.definition, case, control.within) if case is not None else None
    if case is None or step is None:
        return control.pending
    return control.pending | unsettled(found.definition, case, step)


def _way(found: Explored, node: Node, move: Move, part: Class, at: str) -> Way:
    """The way of this class; decided by the engine when it is met first."""
    key = (node.control, move.key, part.branch, part.flagged, part.owner, part.signs)
    known = found.known.get(key)
    if known is not None:
        return known
    before, after = chosen(found, node.box, move, part.box)
    deed = found.stage.decide(found.scenes[node.control], move, before, after, node.control.within)
    found.decisions += len(deed[1])
    way = learnt(found, node.control, move, part, deed, at)
    entered = at or entered_by(node.control.state, move.edge, part.branch)
    compare(found, way, part.box, deed[0], entered)
    found.known[key] = way
    found.learn(node, way, part.box, deed[0])
    return way


def chosen(found: Explored, source: int, move: Move, box: int) -> tuple[int, int]:
    """One cell of each coordinate after a move's values are in, and one before from which they can come."""
    before, after = 1, 1
    for name, one in found.regions.space.coordinates.items():
        own = box & one.mask
        cell = own & -own
        after |= cell
        can = source & one.mask
        if name in move.counts:
            can = sum(bit for bit in bits_of(can) if counted(bit, one) & cell) or can
        elif can & cell:
            can = cell
        before |= can & -can
    return before, after
