"""What a walk is made of: nodes with what may be known there, the ways between them, and everything found so far."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from carelane.pathways.definition import Definition
from carelane.proofs.boxes import TOO_MANY, Undecided
from carelane.proofs.cells import ELAPSED
from carelane.proofs.flags import Flags
from carelane.proofs.moves import Move, Moves, counted
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.scenes import Scene, Stage
from carelane.proofs.turns import Control, Turn

NODES_MAX = 100_000
ARRIVALS_MAX = 12
BOXES_HELD = 24  # at a control, in a broad walk


class Grain(Enum):
    """How much a walk tells apart: each finds all that a finer one finds, and maybe what can't be."""

    FINE = "fine"
    COARSE = "coarse"  # it does not count
    BROAD = (
        "broad"  # nor does it hold more than a few boxes at a control: those most alike become one
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one class of a move does: where it leads, and the changes to counters and variables.

    Besides the first of `targets` there are the regions that a block begins. `pieces` is where the way is open.
    """

    move: Move
    pieces: Pieces
    targets: tuple[Control, ...]
    adds: tuple[str, ...]
    sets: tuple[tuple[int, int], ...]  # (mask, bits)
    turn: Turn

    @property
    def target(self) -> Control:
        """Where the case stands then, regions apart."""
        return self.targets[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A control with what may be known there, and how it was reached first: by `way`, out of `taken` of the parent.

    `aside` are nodes of regions that had to be passed as well: those that ended before a join.
    """

    number: int
    control: Control
    box: int
    depth: int
    parent: "Node | None" = None
    way: Way | None = None
    taken: int = 0
    aside: "tuple[Node, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A part of a move in which everything that is read is the same; `signs` tell it from the move's other parts."""

    box: int
    pieces: Pieces
    branch: int
    flagged: int = 0
    owner: str = ""
    signs: tuple[str, ...] = ()


Known = tuple[Control, tuple[str, str, str], int, int, str, tuple[str, ...]]


@dataclass(slots=True, kw_only=True)
class Explored:
    """Everything that was found: nodes by number, the ways of each control, and one scene per control."""

    definition: Definition
    regions: Regions
    stage: Stage
    moves: Moves
    promises: Promises
    flags: Flags
    alive: Mapping[str, int]
    reopens: bool
    enough: Callable[[Way], bool]
    forget: int = 0  # bits of coordinates that are not told apart: more is thought possible than is
    broad: bool = False
    nodes: list[Node] = field(default_factory=list)
    ways: dict[Control, list[Way]] = field(default_factory=dict)
    scenes: dict[Control, Scene] = field(default_factory=dict)
    first: dict[int, tuple[Node, int]] = field(
        default_factory=dict
    )  # by id of a way: from where, what was known
    decisions: int = 0
    stopped: bool = False
    known: dict[Known, Way] = field(default_factory=dict)
    arrivals: dict[str, dict[tuple[str, str, str, str], Node]] = field(
        default_factory=dict
    )  # a few ways to each state
    _boxes: dict[Control, list[int]] = field(default_factory=dict)

    def dead(self, control: Control) -> int:
        """The bits of what no longer matters there: any value does."""
        full = self.regions.space.full
        if not control.state:
            return 0  # nothing has come: no value can be put into a case that is not there
        return self.forget | full & ~self.alive.get(control.state, full)

    def standing(self, node: Node) -> bool:
        """Whether no larger node has swallowed it, nor will once everything is told that changes nothing else."""
        others = self._boxes[node.control]
        if node.box not in others:
            return False
        told = self.told(node.control, node.box)
        return told == node.box or not any(
            not told & ~other for other in others if other != node.box
        )

    def told(self, control: Control, box: int) -> int:
        """What may be known once everything has come that changes nothing else; not where red flags are watched."""
        if control.over or not control.state or self.flags.seen:
            return box
        for move in self.moves.telling(self.definition.states[control.state]):
            for taken in self.moves.after(box, move):
                if not box & ~taken:
                    box = taken
        return box | self.dead(control)

    def boxes(self, control: Control) -> tuple[int, ...]:
        """What may be known at a control, as boxes."""
        return tuple(self._boxes.get(control, ()))

    def turns(self) -> Iterator[tuple[Node, Way, int]]:
        """Every decision with the node it was first taken from and what was known, nearest to the start first."""
        every = [(*self.first[id(way)], way) for ways in self.ways.values() for way in ways]
        for node, taken, way in sorted(every, key=lambda each: (each[0].depth, each[0].number)):
            yield node, way, taken

    def learn(self, node: Node, way: Way, taken: int, scene: Scene) -> None:
        """Keep a way that was decided for the first time, and what it brought about."""
        self.ways.setdefault(node.control, []).append(way)
        self.first[id(way)] = (node, taken)
        for target in way.targets:
            self.scenes.setdefault(target, scene)
        self.stopped = self.stopped or self.enough(way)

    def add(  # noqa: PLR0913  # a node's parts, by name
        self,
        control: Control,
        box: int,
        *,
        parent: Node | None = None,
        way: Way | None = None,
        taken: int = 0,
        aside: tuple[Node, ...] = (),
    ) -> Node | None:
        """A node, unless one that is known already holds it.

        Raises:
            Undecided: There are more than the prover looks at.
        """
        known = self._boxes.setdefault(control, [])
        box |= self.dead(control)
        if self.broad and len(known) >= BOXES_HELD:
            box = _widened(box, known)
        outside = ~box
        told = self.told(control, box) if known else box
        inside = any(not told & ~other for other in known)
        fresh = not inside and not (known and control.closed and not self.reopens)
        met = self.arrivals.setdefault(control.state, {})
        mark = (
            (parent.control.state, *way.move.key)
            if parent is not None and way is not None
            else None
        )
        if not fresh and (mark is None or mark in met or len(met) >= ARRIVALS_MAX):
            return None
        depth = parent.depth + 1 + sum(each.depth - parent.depth for each in aside) if parent else 0
        node = Node(
            number=len(self.nodes), control=control, box=box, depth=depth,
            parent=parent, way=way, taken=taken, aside=aside,
        )  # fmt: skip
        if mark is not None:
            met.setdefault(mark, node)
        if not fresh:
            return None
        known[:] = [other for other in known if other & outside]
        known.append(box)
        self.nodes.append(node)
        if len(self.nodes) > NODES_MAX:
            raise Undecided(TOO_MANY)
        return node

    def image(self, way: Way, box: int) -> int:
        """What may be known after a way was taken out of this box."""
        for mask, bits in way.sets:
            box = box & ~mask | bits
        for name in way.adds:
            box = counted(box, self.regions.space.coordinates[name])
        elapsed = self.regions.space.coordinates.get(ELAPSED)
        return box | elapsed.mask if elapsed is not None else box


def _widened(box: int, known: list[int]) -> int:
    """The box with the one it adds least to; what is inside one of them already stays as it is."""
    if any(not box & ~other for other in known):
        return box
    return box | min(known, key=lambda other: (box & ~other).bit_count())
