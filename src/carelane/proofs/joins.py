"""Joins the ends of a block's regions: every set of ends that makes the block go on, each decided by the engine once.

What regions write is theirs alone (no other reads it before the join), so their walks are independent: what is known
at the join is what the last region knows, what the others wrote, and what the block knew. What came in meanwhile may
have come at any time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from carelane.cases.regions import over
from carelane.pathways.definition import Block, Join, State
from carelane.proofs.boxes import TOO_MANY, Undecided, bits_of, meet
from carelane.proofs.cells import Coordinate
from carelane.proofs.claims import compare
from carelane.proofs.classes import entered_by, split
from carelane.proofs.learning import learnt
from carelane.proofs.moves import Move, counted
from carelane.proofs.nodes import Class, Explored, Node, Way
from carelane.proofs.reads import edges_from, form_field
from carelane.proofs.turns import Control

ENDS_MAX = 4_000
Ends = Mapping[str, Node | None]


@dataclass(slots=True)
class Joins:
    """What has been joined so far."""

    found: Explored
    _seen: set[tuple[int, tuple[tuple[str, int], ...]]] = field(default_factory=set)

    def fresh(self) -> Iterator[Node]:
        """Nodes behind joins that have become possible since the last time."""
        found = self.found
        blocks = [
            node for node in found.nodes if self._block(node) is not None and found.standing(node)
        ]
        for node in blocks:
            block = self._block(node)
            for ends in self._ends(node) if block is not None else ():
                mark = (node.number, tuple((r, n.number) for r, n in ends.items() if n is not None))
                if mark not in self._seen:
                    self._seen.add(mark)
                    yield from self._join(node, ends)

    def _block(self, node: Node) -> Block | None:
        state = self.found.definition.states.get(node.control.state)
        return state.block if state is not None and not node.control.over else None

    def _ends(self, node: Node) -> Iterator[dict[str, Node | None]]:
        """Every set of ends by which the block goes on, one node for each way in which a region can end."""
        state = self.found.definition.states[node.control.state]
        block = state.block
        if block is None:
            return
        by_region = {
            name: [None, *self._ended(state, name)] for name in sorted(node.control.opened)
        }
        many = 1
        for each in by_region.values():
            many *= len(each)
        if many > ENDS_MAX:
            by_region = {name: _by_outcome(each) for name, each in by_region.items()}
        for number, chosen in enumerate(product(*by_region.values())):
            if number > ENDS_MAX:
                raise Undecided(TOO_MANY)
            ends = dict(zip(by_region, chosen, strict=True))
            if _last(self.found, block.join, ends):
                yield ends

    def _ended(self, state: State, region: str) -> list[Node]:
        path = f"{state.name}/{region}"
        return [
            node
            for node in self.found.nodes
            if node.control.ended and node.control.within == path and self.found.standing(node)
        ]

    def _join(self, node: Node, ends: Ends) -> Iterator[Node]:
        found = self.found
        state = found.definition.states[node.control.state]
        block = state.block
        last = _last(found, block.join, ends) if block is not None else ""
        end = ends.get(last)
        if block is None or end is None or end.way is None or end.parent is None:
            return
        box = self._known(node, state, ends, last)
        others = tuple(each for name, each in ends.items() if each is not None and name != last)
        for number, pieces in enumerate(found.regions.edge(block.then)):
            for piece in pieces:
                here = meet(box, piece)
                if not here:
                    continue
                flagged = max(each.control.flagged for each in (node, end, *others))
                whole = Class(box=here, pieces=pieces, branch=number, flagged=flagged)
                entered = entered_by(state.name, block.then, number)
                for part in split(found, whole, entered):
                    yield from self._led(node, end, others, part)

    def _led(self, node: Node, end: Node, others: tuple[Node, ...], part: Class) -> Iterator[Node]:
        found = self.found
        if end.way is None or end.parent is None:
            return
        state = found.definition.states[node.control.state]
        block = state.block
        then = block.then if block is not None else None
        move = Move(
            kind=end.way.move.kind, name=end.way.move.name, outcome=end.way.move.outcome, edge=then,
            intakes=end.way.move.intakes, counts=end.way.move.counts, needs=end.way.move.needs,
            state=end.way.move.state, joins=state.name,
        )  # fmt: skip
        ending = (meet(self._before(end.way, part.box), piece) for piece in end.way.pieces)
        taken = next(filter(None, ending), 0)
        if not taken:
            return  # the last region does not end so where this is known
        after = sum(one.mask & taken & -(one.mask & taken) for one in self._coordinates()) | 1
        before = self._source(end, move, after)
        was = _merged(node.control, end, others)
        deed = found.stage.join(
            found.scenes[end.parent.control], move, before, after, end.control.within,
            self._stand(node, end, others),
        )  # fmt: skip
        found.decisions += len(deed[1])
        found.scenes.setdefault(was, found.scenes[end.parent.control])
        way = learnt(found, was, move, part, deed, "")
        entered = entered_by(state.name, then, part.branch)
        compare(found, way, part.box, deed[0], entered)
        anchor = found.nodes[node.number]
        found.learn(anchor, way, part.box, deed[0])
        box = found.image(way, part.box)
        for target in way.targets:
            fresh = found.add(
                target, box, parent=anchor, way=way, taken=part.box, aside=(*others, end)
            )
            if fresh is not None:
                yield fresh

    def _stand(self, node: Node, end: Node, others: tuple[Node, ...]) -> dict[str, str]:
        """How the block's regions beside the last one ended; empty where one has not."""
        ended = {each.control.within: self._outcome(each) for each in others}
        opened = (f"{node.control.state}/{name}" for name in sorted(node.control.opened))
        return {path: ended.get(path, "") for path in opened if path != end.control.within}

    def _coordinates(self) -> tuple[Coordinate, ...]:
        return tuple(self.found.regions.space.coordinates.values())

    def _outcome(self, end: Node) -> str:
        return self.found.definition.states[end.control.state].outcome

    def _known(self, node: Node, state: State, ends: Ends, last: str) -> int:
        """What may be known once the last region has ended."""
        end = ends[last]
        box = end.box if end is not None else node.box
        mine = self._written(state, last)
        for one in self._coordinates():
            name = one.name
            if name.startswith(f"{state.name}."):
                box = box & ~one.mask | self._ends_bit(one, state, ends)
            elif one.mask & mine or _from_outside(one):
                continue
            else:
                box = box & ~one.mask | self._others(one, node, state, ends, last)
        return box

    def _others(self, one: Coordinate, node: Node, state: State, ends: Ends, last: str) -> int:
        """A coordinate that the last region does not write: as another region left it, else as the block knew it."""
        for name, end in ends.items():
            if name != last and one.mask & self._written(state, name):
                if end is not None:
                    return end.box & one.mask
                inside = [
                    n.box
                    for n in self.found.nodes
                    if _in_region(self.found, n, f"{state.name}/{name}")
                ]
                whole = 0
                for each in inside:
                    whole |= each
                return whole & one.mask or node.box & one.mask
        return node.box & one.mask

    def _ends_bit(self, one: Coordinate, state: State, ends: Ends) -> int:
        suffix = one.name.removeprefix(f"{state.name}.")
        given = {name: self._outcome(end) for name, end in ends.items() if end is not None}
        if state.block is not None and state.block.table:
            return one.holding(sum(outcome == suffix for outcome in given.values()))
        return one.holding(given.get(suffix))

    def _written(self, state: State, region: str) -> int:
        """The coordinates that a region writes: variables, counters, what its tasks' forms fill, its blocks' ends."""
        found, path, bits = self.found, f"{state.name}/{region}", 0
        for each in found.definition.states.values():
            if not _inside(found, each, path):
                continue
            names = {
                name
                for edge in edges_from(each)
                for branch in edge.branches
                for name in branch.sets
            }
            names |= {one.name for one in each.counters}
            kind = found.definition.tasks.get(each.task)
            forms = {one.name for one in kind.form} if kind is not None else set()
            for one in self._coordinates():
                given = one.given_by
                filled = given is not None and form_field(given) in forms
                if one.name in names or filled or one.name.startswith(f"{each.name}."):
                    bits |= one.mask
        return bits

    def _before(self, way: Way, box: int) -> int:
        """What must be known before the last region's own changes, for what is known after them."""
        for mask, _ in way.sets:
            box |= mask
        for name in way.adds:
            one = self.found.regions.space.coordinates[name]
            kept = sum(bit for bit in bits_of(one.mask) if counted(bit, one) & box)
            box = box & ~one.mask | kept
        return box

    def _source(self, end: Node, move: Move, after: int) -> int:
        source = end.parent.box if end.parent is not None else after
        before = 1
        for one in self._coordinates():
            can, cell = source & one.mask, after & one.mask
            if one.name in move.counts:
                can = sum(bit for bit in bits_of(can) if counted(bit, one) & cell) or can
            before |= cell if can & cell else can & -can
        return before


def _merged(control: Control, end: Node, others: tuple[Node, ...]) -> Control:
    """The block's control with what its regions fulfilled and saw."""
    every = (end, *others)
    return Control(
        state=control.state,
        within=control.within,
        opened=control.opened,
        owner=control.owner,
        pending=control.pending,
        failed=control.failed,
        cancelled=any(each.control.cancelled for each in every) or control.cancelled,
        acted=any(each.control.acted for each in every) or control.acted,
        kept=control.kept.union(*(each.control.kept for each in every)),
        flagged=max(control.flagged, *(each.control.flagged for each in every)),
    )


def _last(found: Explored, join: Join, ends: Ends) -> str:
    """A region whose end joins the block, when all these have ended; empty if none does."""
    for name, end in ends.items():
        if end is not None:
            earlier = {**ends, name: None}
            if _joined(found, join, ends) and not _joined(found, join, earlier):
                return name
    return ""


def _joined(found: Explored, join: Join, ends: Ends) -> bool:
    states = found.definition.states
    return over(
        join,
        [states[each.control.state].outcome if each is not None else "" for each in ends.values()],
    )


def _by_outcome(ends: list[Node | None]) -> list[Node | None]:
    """One node for each final state."""
    first: dict[str, Node | None] = {}
    for each in ends:
        first.setdefault(each.control.state if each is not None else "", each)
    return list(first.values())


def _from_outside(one: Coordinate) -> bool:
    """Whether events bring it: then it may have come at any time."""
    given = one.given_by
    return given is not None and bool(given.path) and not given.path.startswith("task.")


def _inside(found: Explored, state: State, path: str) -> bool:
    region = state.region
    while region:
        if region == path:
            return True
        region = found.definition.states[region.rpartition("/")[0]].region
    return False


def _in_region(found: Explored, node: Node, path: str) -> bool:
    state = found.definition.states.get(node.control.state)
    return state is not None and _inside(found, state, path)
