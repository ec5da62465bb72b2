"""No loop that clocks, effects and rules alone drive goes on for ever; a person may repeat, a last level does."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from carelane.proofs.boxes import TOO_MANY, Undecided, bits_of, meet
from carelane.proofs.moves import Kind
from carelane.proofs.nodes import Explored, Node, Way
from carelane.proofs.turns import Breach, Control

RULE = "loops-bounded"
_STARTS_MAX = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A loop found: the node where it begins, the cells there, and the ways once around."""

    breach: Breach
    node: Node
    box: int
    ways: tuple[tuple[Way, int], ...]  # each with what is known when it is taken


def endless(found: Explored) -> Iterator[Loop]:
    """Loops without a bound, one for each group of states that lead to one another."""
    alone = {
        control: [way for way in ways if _drives(found, way)]
        for control, ways in found.ways.items()
    }
    for group in _groups(alone):
        loop = _loop(found, group, alone)
        if loop is not None:
            yield loop


def _drives(found: Explored, way: Way) -> bool:
    """Whether it goes on by itself: by a clock, an effect, or a fact that the pathway sends to itself."""
    after, before = way.turn.after, way.turn.before
    if after is None or before is None or not after.steps:
        return False
    if {each.id for each in after.steps} == {each.id for each in before.steps}:
        return False
    return way.move.alone or (way.move.kind is Kind.EVENT and way.move.name in _own_news(found))


def _own_news(found: Explored) -> frozenset[str]:
    kinds = {"self", found.definition.subject}
    return frozenset(
        emit.fact
        for state in found.definition.states.values()
        for emit in (*state.enter, *state.leave)
        if emit.to in kinds
    )


def _groups(alone: dict[Control, list[Way]]) -> Iterator[frozenset[Control]]:
    """Controls that lead to one another (strongly connected), and those that lead to themselves."""
    nexts = {
        control: {each for way in ways for each in way.targets} for control, ways in alone.items()
    }
    reach = {control: _reach(control, nexts) for control in nexts}
    seen: set[Control] = set()
    for control, far in reach.items():
        if control in far and control not in seen:
            group = frozenset(other for other in far if control in reach.get(other, ()))
            seen |= group
            yield group


def _reach(start: Control, nexts: dict[Control, set[Control]]) -> set[Control]:
    found: set[Control] = set()
    waiting = [start]
    while waiting:
        for each in nexts.get(waiting.pop(), ()):
            if each not in found:
                found.add(each)
                waiting.append(each)
    return found


def _loop(
    found: Explored, group: frozenset[Control], alone: dict[Control, list[Way]]
) -> Loop | None:
    ways = {control: [way for way in alone[control] if way.target in group] for control in group}
    masks = _read(found, [way for each in ways.values() for way in each])
    for node in found.nodes:
        if node.control in group:
            for box in _single(node.box, masks):
                around = _around(found, node.control, box, ways)
                if around:
                    return Loop(
                        breach=_breach(found, node, around), node=node, box=box, ways=tuple(around)
                    )
    return None


def _read(found: Explored, ways: Sequence[Way]) -> list[int]:
    """The coordinates that the ways read, add to or set; what only falls with time is left free."""
    space = found.regions.space
    read = {mask for way in ways for piece in way.pieces for mask in piece.masks}
    read |= {space.coordinates[name].mask for way in ways for name in way.adds}
    read |= {mask for way in ways for mask, _ in way.sets}
    return sorted(read - {one.mask for one in space.falling})


def _single(box: int, masks: Sequence[int]) -> list[int]:
    """The box cut into single cells along these coordinates."""
    boxes = [box]
    for mask in masks:
        boxes = [each & ~mask | bit for each in boxes for bit in bits_of(each & mask)]
        if len(boxes) > _STARTS_MAX:
            raise Undecided(TOO_MANY)
    return boxes


def _around(
    found: Explored, start: Control, box: int, ways: dict[Control, list[Way]]
) -> list[tuple[Way, int]]:
    """The ways from here back to here with the same cells, or nothing; a shortest such loop."""
    waiting: list[tuple[Control, int, list[tuple[Way, int]]]] = [(start, box, [])]
    seen: set[tuple[Control, int]] = set()
    for control, here, path in waiting:
        for way in ways[control]:
            for piece in way.pieces:
                for after in found.moves.after(here, way.move):
                    taken = meet(after, piece)
                    if not taken:
                        continue
                    there = found.image(way, taken)
                    if way.target == start and not box & ~there:
                        return [*path, (way, taken)]
                    if (way.target, there) not in seen:
                        seen.add((way.target, there))
                        waiting.append((way.target, there, [*path, (way, taken)]))
    return []


def _breach(found: Explored, node: Node, around: list[tuple[Way, int]]) -> Breach:
    states = [way.turn.was.state for way, _ in around]
    return Breach(
        rule=RULE,
        line=found.definition.states[node.control.state].line,
        message=f"Without anybody, a case goes round for ever: {' -> '.join([*states, states[0]])}.",
        remedy="Bound it by a counter, or lead it to a state that repeats until acknowledged.",
    )
