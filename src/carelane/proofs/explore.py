"""Walks through everything that can happen to a case, breadth first, so that the first way found is a shortest one.

A node is a control (`turns.Control`) and a box of what may be known there. Each move is split only where an edge, the
owner of the state entered or a red flag reads something; each class is decided once by the engine (`scenes`), and what
it did to the control, the counters and the variables is applied to the box. A node inside one already known is dropped.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from carelane.cases.model import Case, Disposition, EffectState, OpenStep, Step
from carelane.pathways.definition import Branch, Definition, OwnerKind, State
from carelane.pathways.names import STAYS
from carelane.proofs.alive import alive
from carelane.proofs.boxes import Piece, TooMany, joined, meet, within
from carelane.proofs.cells import ELAPSED
from carelane.proofs.flags import Flags
from carelane.proofs.moves import Kind, Move, Moves, counted
from carelane.proofs.promises import Promises
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.scenes import Scene, Stage
from carelane.proofs.turns import Control, Turn

NODES_MAX = 100_000
_UNSETTLED = frozenset({EffectState.READY, EffectState.SENDING, EffectState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one class of a move does: the control it leads to, and the changes to counters and variables."""

    move: Move
    region: Piece
    branch: int
    target: Control
    adds: tuple[str, ...]
    sets: tuple[tuple[int, int], ...]  # (mask, bits)
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A control with what may be known there, and how it was reached first: by `way`, out of `taken` of the parent."""

    number: int
    control: Control
    box: int
    depth: int
    parent: "Node | None" = None
    way: Way | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    """A part of a move in which everything that is read is the same."""

    box: int
    region: Piece
    branch: int
    flagged: int
    owner: str


@dataclass(slots=True)
class Explored:
    """Everything that was found: nodes by number, the ways of each control, and one scene per control."""

    definition: Definition
    regions: Regions
    stage: Stage
    moves: Moves
    promises: Promises
    flags: Flags
    alive: Mapping[str, int]
    nodes: list[Node] = field(default_factory=list)
    ways: dict[Control, list[Way]] = field(default_factory=dict)
    scenes: dict[Control, Scene] = field(default_factory=dict)
    first: dict[int, tuple[Node, int]] = field(default_factory=dict)  # by id of a way: where it was first taken, and what was known
    decisions: int = 0
    reopens: bool = False
    enough: Callable[[Way], bool] = lambda _: False
    stopped: bool = False
    _boxes: dict[Control, list[int]] = field(default_factory=dict)
    _known: dict[tuple[Control, tuple[str, str, str], int, int, str], list[Way]] = field(default_factory=dict)

    def dead(self, control: Control) -> int:
        """The bits of what no longer matters there: any value does."""
        return self.regions.space.full & ~self.alive.get(control.state, self.regions.space.full)

    def turns(self) -> Iterator[tuple[Node, Way, int]]:
        """Every decision with the node it was first taken from and what was known, nearest to the start first."""
        every = [(*self.first[id(way)], way) for ways in self.ways.values() for way in ways]
        for node, taken, way in sorted(every, key=lambda each: (each[0].depth, each[0].number)):
            yield node, way, taken


def explore(  # noqa: PLR0913  # what is watched, by name
    definition: Definition,
    regions: Regions,
    *,
    flags: Flags | None = None,
    promise: int = 0,
    enough: Callable[[Way], bool] = lambda _: False,
) -> Explored:
    """Walk through the whole pathway, until a way is `enough`.

    What is watched makes more nodes: red flags (who owns, and whether a flag was seen), or one requirement by number.

    Raises:
        TooMany: There are more nodes or cells than the prover looks at.
    """
    flags = flags or Flags.none(regions)
    found = Explored(
        definition=definition,
        regions=regions,
        stage=Stage(definition, regions.space),
        moves=Moves(definition, regions.space),
        promises=Promises.of(definition).only(promise),
        flags=flags,
        alive=alive(definition, regions, flags),
        reopens=any(event.reopens for event in definition.events.values()),
        enough=enough,
    )
    start = Control()
    found.scenes[start] = found.stage.empty()
    _add(found, start, regions.space.nothing, None, None, 0)
    waiting = deque(found.nodes)
    while waiting and not found.stopped:
        node = waiting.popleft()
        if node.box in found._boxes[node.control]:  # not swallowed by a larger one meanwhile
            waiting.extend(_expand(found, node))
    return found


def _add(  # noqa: PLR0913, PLR0917  # a node's parts
    found: Explored, control: Control, box: int, parent: Node | None, way: Way | None, taken: int
) -> Node | None:
    known = found._boxes.setdefault(control, [])
    box |= found.dead(control)
    if known and control.closed and not found.reopens:
        return None
    outside = ~box
    for other in known:
        if not box & ~other:
            return None
    known[:] = [other for other in known if other & outside]
    known.append(box)
    depth = parent.depth + 1 if parent is not None else 0
    node = Node(
        number=len(found.nodes), control=control, box=box, depth=depth,
        parent=parent, way=way, taken=taken,
    )  # fmt: skip
    found.nodes.append(node)
    if len(found.nodes) > NODES_MAX:
        raise TooMany
    return node


def _expand(found: Explored, node: Node) -> Iterator[Node]:
    node = _told(found, node)
    for move, at in _moves(found, node.control):
        for part in _classes(found, node, move, at):
            way = _way(found, node, move, part, at)
            fresh = _add(found, way.target, image(found, way, part.box), node, way, part.box)
            if fresh is not None:
                yield fresh


def _told(found: Explored, node: Node) -> Node:
    """The node once everything has come that changes nothing but what is known: what follows, follows from there."""
    state = found.definition.states.get(node.control.state)
    if state is None or node.control.closed:
        return node
    for move in found.moves.of(state):
        if move.kind is not Kind.EVENT or not _only_tells(move):
            continue
        for part in _classes(found, node, move, ""):
            way = _way(found, node, move, part, "")
            grown = image(found, way, part.box)
            if way.target == node.control and within(node.box, grown):
                node = _add(found, way.target, grown, node, way, part.box) or node
    return node


def _only_tells(move: Move) -> bool:
    branches = move.edge.branches if move.edge is not None else ()
    return len(branches) == 1 and branches[0].then == "stay" and not branches[0].sets


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
    if case is None or not case.steps:
        return control.pending
    idle = {name for name in _unsettled(case, case.steps[0]) if not _matters(found.definition, control.state, name)}
    return control.pending | idle


def _classes(found: Explored, node: Node, move: Move, at: str) -> Iterator[Class]:
    regions = found.regions
    branches = regions.edge(move.edge) if move.edge is not None else (regions.everything,)
    if not node.control.state and found.definition.events[move.name].start is not None:
        start = found.definition.events[move.name].start
        when = regions.guard(start.when) if start is not None else ()
        branches = tuple(regions.both(when, pieces) for pieces in branches)
    for box in found.moves.after(node.box, move):
        for number, pieces in enumerate(branches):
            state = at or _entered(node.control.state, move, number)
            for piece in pieces:
                here = meet(box, piece)
                if here:
                    yield from _split(found, node.control, Class(box=here, region=piece, branch=number, flagged=node.control.flagged, owner=""), state)


def _split(found: Explored, control: Control, part: Class, entered: str) -> Iterator[Class]:
    """Where red flags are watched: by flag, then by the pool that the entered state's table names."""
    for flagged, box in found.flags.split(part.box, part.flagged):
        for owner, pieces in found.flags.owners(entered):
            for piece in pieces:
                here = meet(box, piece)
                if here:
                    yield Class(box=here, region=part.region, branch=part.branch, flagged=flagged, owner=owner)


def _entered(state: str, move: Move, branch: int) -> str:
    """The state that a branch enters, or empty where the case stays or only the engine knows."""
    if move.edge is None:
        return ""
    then = move.edge.branches[branch].then
    return {"stay": "", "again": state}.get(then, then)


def _way(found: Explored, node: Node, move: Move, part: Class, at: str) -> Way:
    """The way of this class; decided by the engine when it is met first."""
    key = (node.control, move.key, part.branch, part.flagged, part.owner)
    for known in found._known.get(key, ()):
        return known
    before, after = _chosen(found, node, move, part.box)
    scene, steps = found.stage.decide(found.scenes[node.control], move, before, after)
    found.decisions += len(steps)
    way = _learnt(found, node.control, move, part, scene, steps, at)
    found._known.setdefault(key, []).append(way)
    found.ways.setdefault(node.control, []).append(way)
    found.first[id(way)] = (node, part.box)
    found.scenes.setdefault(way.target, scene)
    found.stopped = found.stopped or found.enough(way)
    return way


def _chosen(found: Explored, node: Node, move: Move, box: int) -> tuple[int, int]:
    """One cell of each coordinate after the move's values are in, and one before from which they can come."""
    before, after = 0, 0
    for name, one in found.regions.space.coordinates.items():
        cell = box & one.mask & -(box & one.mask)
        after |= cell
        before |= before_of(node.box, cell, one.mask, shifted=name in move.counts, found=found, name=name)
    return before, after


def before_of(  # noqa: PLR0913  # every part by name
    box: int, cell: int, mask: int, *, shifted: bool, found: Explored, name: str
) -> int:
    """A cell of a box from which a move can lead to this one: the same if it can be."""
    own = box & mask
    if shifted:
        one = found.regions.space.coordinates[name]
        while own:
            low = own & -own
            if counted(low, one) & mask == cell:
                return low
            own ^= low
    return cell if own & cell else own & -own


def _learnt(  # noqa: PLR0913, PLR0917  # what one decision says, put together
    found: Explored, was: Control, move: Move, part: Class, scene: Scene, steps: tuple[Step, ...], at: str
) -> Way:
    branch = move.edge.branches[part.branch] if move.edge is not None else None
    case, before = scene.case, found.scenes[was].case
    now = _control(found, was, move, part, case, branch, steps, at)
    entered = now.state if _moved(before, case) else ""
    state = found.definition.states.get(entered)
    adds = tuple(one.name for one in state.counters if one.add == "enter") if state is not None else ()
    turn = Turn(
        definition=found.definition, move=move, was=was, now=now, before=before, after=case, steps=steps
    )  # fmt: skip
    return Way(
        move=move, region=part.region, branch=part.branch, target=now, adds=adds,
        sets=_sets(found, branch, case), turn=turn,
    )  # fmt: skip


def _moved(before: Case | None, after: Case | None) -> bool:
    """Whether a state was entered, be it the same again."""
    if after is None:
        return False
    return {each.id for each in after.steps} != ({each.id for each in before.steps} if before else set())


def _control(  # noqa: PLR0913, PLR0917  # what one decision says, put together
    found: Explored, was: Control, move: Move, part: Class, case: Case | None,
    branch: Branch | None, steps: tuple[Step, ...], at: str,
) -> Control:  # fmt: skip
    if case is None or any(each.disposition is Disposition.PARKED for each in steps):
        return was
    kept = was.kept | found.promises.kept_by(move)
    if not case.steps:
        final = branch.then if branch is not None else at
        return Control(state=final or was.state, closed=True, kept=kept, flagged=part.flagged)
    step = case.steps[0]
    pending = frozenset(
        name for name in _unsettled(case, step) if _matters(found.definition, step.state, name)
    )
    owner = part.owner
    if case.steps and not _moved(found.scenes[was].case, case):
        owner = was.owner
    return Control(
        state=step.state,
        owner=owner,
        pending=pending,
        failed=_failed(found.definition, case, step),
        cancelled=case.cancelled,
        acted=bool(case.last_actor) and _asks_who(found.definition),
        kept=kept,
        flagged=part.flagged,
    )


def _unsettled(case: Case, step: OpenStep) -> Iterator[str]:
    for each in case.effects:
        if each.step == step.id and each.state in _UNSETTLED:
            yield each.name


def _matters(definition: Definition, state: str, effect: str) -> bool:
    """Whether an end of this effect can move a case that waits there."""
    kind = definition.effects.get(effect)
    return bool(definition.states[state].effect_outcomes) or (
        kind is not None and kind.on_failure in definition.states
    )


def _failed(definition: Definition, case: Case, step: OpenStep) -> bool:
    """Whether an effect of the step ended badly, so that `done` can't come any more."""
    if "done" not in definition.states[step.state].effect_outcomes:
        return False
    return any(each.step == step.id and each.state is EffectState.DEAD for each in case.effects)


def _asks_who(definition: Definition) -> bool:
    return any(
        state.owner is not None and state.owner.kind is OwnerKind.PERSON
        for state in definition.states.values()
    )


def _sets(found: Explored, branch: Branch | None, case: Case | None) -> tuple[tuple[int, int], ...]:
    changes = []
    for name in branch.sets if branch is not None and case is not None else ():
        one = found.regions.space.coordinates.get(name)
        if one is None or case is None:
            continue
        changes.append((one.mask, one.holding(case.values.get(name))))
    return tuple(changes)


def image(found: Explored, way: Way, box: int) -> int:
    """What may be known after a way was taken out of this box."""
    for mask, bits in way.sets:
        box = box & ~mask | bits
    for name in way.adds:
        box = counted(box, found.regions.space.coordinates[name])
    elapsed = found.regions.space.coordinates.get(ELAPSED)
    return box | elapsed.mask if elapsed is not None else box


__all__ = ["Explored", "Node", "Pieces", "State", "Way", "before_of", "explore", "image", "joined", "STAYS"]
