"""No dead ends and no states that nothing reaches: from wherever a case can stand, it can come to an end."""

from collections.abc import Iterator

from carelane.proofs.boxes import Piece, bounded, joined, remove, within
from carelane.proofs.cells import ELAPSED, Coordinate
from carelane.proofs.moves import Intake, counted
from carelane.proofs.nodes import Explored, Node, Way
from carelane.proofs.turns import Breach, Control

DEAD_END = "no-dead-ends"
REACHED = "states-reachable"


def unreached(found: Explored) -> Iterator[Breach]:
    """States that no run enters."""
    entered = {control.state for control in found.scenes}
    for state in found.definition.states.values():
        if state.name not in entered:
            yield Breach(
                rule=REACHED, line=state.line, message=f"No run reaches state `{state.name}`.",
                remedy="Lead a way to it that can be taken, or remove it.",
            )  # fmt: skip


def stuck(found: Explored) -> Iterator[tuple[Breach, Node, int]]:
    """Nodes from which no run ends, each with the cells for which that is so."""
    good = _good(found)
    for node in found.nodes:
        state = found.definition.states.get(node.control.state)
        if state is None or node.control.closed or node.control.within:
            continue  # what stands in a region can end when its block can
        left = remove([node.box], [_piece(found, box) for box in good.get(node.control, ())])
        if left:
            yield Breach(
                rule=DEAD_END, line=state.line,
                message=f"A case in `{state.name}` can come to stand where no way leads to an end.",
                remedy="Lead an outcome or the fallback to a state from which the case can end.",
            ), node, left[0]  # fmt: skip


def _good(found: Explored) -> dict[Control, list[int]]:
    """For each control the cells from which some run ends the case."""
    full = found.regions.space.full
    good = {control: [full] for control in found.scenes if control.closed}
    waiting = [each for each in found.scenes if each.state and not each.closed and not each.within]
    for plain in (True, False):  # what always leads to an end needs no cells: it goes first
        grown = True
        while grown:
            grown = False
            for control in reversed(waiting):
                known = good.get(control, [])
                if full not in known and (more := _more(found, control, good, plain=plain)):
                    good[control] = bounded(joined([*known, *more], _masks(found)))
                    grown = True
    return good


def _more(
    found: Explored, control: Control, good: dict[Control, list[int]], *, plain: bool
) -> list[int]:
    """Cells not known yet from which some way leads to good ones; `plain` ways are open for every cell."""
    full, known = found.regions.space.full, good.get(control, [])
    if plain:
        always = (way for way in found.ways.get(control, ()) if _always(full, way))
        return [full] if any(full in good.get(way.target, ()) for way in always) else []
    fresh = (
        box for box in _before(found, control, good) if not any(within(box, each) for each in known)
    )
    return bounded(list(dict.fromkeys(fresh)))


def _always(full: int, way: Way) -> bool:
    return any(piece.bits == full for piece in way.pieces)


def _masks(found: Explored) -> list[int]:
    return [one.mask for one in found.regions.space.coordinates.values()]


def _before(found: Explored, control: Control, good: dict[Control, list[int]]) -> Iterator[int]:
    for way in found.ways.get(control, ()):
        if way.move.joins and good.get(way.target):
            yield found.regions.space.full  # its regions can end so: found by walking them
        if (
            way.target == control
            and not way.adds
            and not way.sets
            and not way.move.intakes[0].open_
        ):
            continue
        for end in good.get(way.target, ()):
            goal = _unchanged(found, way, end)
            for piece in way.pieces if goal else ():
                yield from _led(found, way, goal & piece.bits)


def _unchanged(found: Explored, way: Way, end: int) -> int:
    """What must be known before the way's own changes, for it to end among these cells; 0 if nothing does."""
    for mask, bits in way.sets:
        if not end & bits & mask:
            return 0
        end |= mask
    for name in way.adds:
        end = _uncounted(end, found.regions.space.coordinates[name])
    elapsed = found.regions.space.coordinates.get(ELAPSED)
    return end | elapsed.mask if elapsed is not None else end


def _uncounted(box: int, one: Coordinate) -> int:
    kept = 0
    for number in range(len(one.cells)):
        bit = 1 << (one.offset + number)
        if counted(bit, one) & box & one.mask:
            kept |= bit
    return box & ~one.mask | kept


def _led(found: Explored, way: Way, goal: int) -> Iterator[int]:
    """From what a move can lead to the goal, for each way in which its values come in."""
    for intake in way.move.intakes:
        box = goal
        for one in found.regions.space.coordinates.values():
            box = box & ~one.mask | _cell_led(one, box & one.mask, intake)
        for name in way.move.counts:
            box = _uncounted(box, found.regions.space.coordinates[name])
        if all(box & one.mask for one in found.regions.space.coordinates.values()):
            yield box


def _cell_led(one: Coordinate, goal: int, intake: Intake) -> int:
    new = goal & intake.open_ & one.mask
    kept = 0 if intake.forced & one.mask else goal
    if new:
        kept |= one.mask & ((1 << new.bit_length()) - 1) if one.rises else one.mask
    if one.falls and kept & one.given:
        kept |= one.given & ~((kept & one.given & -(kept & one.given)) - 1)
    return kept


def _piece(found: Explored, box: int) -> Piece:
    return Piece(box, found.regions.space.masks(box))
