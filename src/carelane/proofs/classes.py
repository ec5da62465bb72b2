"""Cuts a move into classes: parts in which every guard that is read, every owner and every red flag is the same."""

from collections.abc import Iterator

from carelane.pathways.definition import Edge, JoinKind, State
from carelane.pathways.guard import ALWAYS
from carelane.pathways.names import STAYS
from carelane.proofs.boxes import Piece, bits_of, meet, remove
from carelane.proofs.cells import closed_name
from carelane.proofs.moves import Kind, Move
from carelane.proofs.nodes import Class, Explored, Node
from carelane.proofs.regions import Pieces
from carelane.proofs.turns import Control

NESTED_MAX = 20  # states that one move may pass through at once


def classes(found: Explored, node: Node, move: Move, at: str) -> Iterator[Class]:
    """The classes of a move from a node; `at` is the state it leads to where no edge says so."""
    control = node.control
    branches = _branches(found, control, move)
    for box in found.moves.after(node.box, move):
        for number, pieces in enumerate(branches):
            entered = at or entered_by(control.state, move.edge, number)
            for piece in pieces:
                here = meet(box, piece)
                if here:
                    part = Class(box=here, pieces=pieces, branch=number, flagged=control.flagged)
                    yield from split(found, part, entered)


def split(found: Explored, part: Class, entered: str) -> Iterator[Class]:
    """By red flag, by the pool that the entered state's table names, and by what the state begins at once."""
    for flagged, box in found.flags.split(part.box, part.flagged):
        for owner, pieces in found.flags.owners(entered):
            for piece in pieces:
                here = meet(box, piece)
                for signs, inner in _begun(found, entered, here, 0) if here else ():
                    yield Class(
                        box=inner, pieces=part.pieces, branch=part.branch, flagged=flagged, owner=owner,
                        signs=signs,
                    )  # fmt: skip


def entered_by(state: str, edge: Edge | None, branch: int) -> str:
    """The state that a branch enters, or empty where the case stays or only the engine knows."""
    if edge is None:
        return ""
    then = edge.branches[branch].then
    return {"stay": "", "again": state}.get(then, then)


def _branches(found: Explored, control: Control, move: Move) -> tuple[Pieces, ...]:
    regions = found.regions
    branches = regions.edge(move.edge) if move.edge is not None else (regions.everything,)
    if move.kind is not Kind.EVENT or move.outcome:
        return branches
    event = found.definition.events[move.name]
    if not control.state:
        when = regions.guard(event.start.when) if event.start is not None else ()
        return tuple(regions.both(when, pieces) for pieces in branches)
    if event.where != ALWAYS and not control.closed:
        chosen = regions.standing(event.where, _outermost(found, control.state))
        branches = tuple(regions.both(chosen, pieces) for pieces in branches)
    for outer in _around(found, control.within):
        edge = outer.on.get(move.name)
        if edge is None and not outer.region:
            edge = found.definition.everywhere.get(move.name)
        if edge is not None and not edge.ignore:
            stays = [
                p
                for b, ps in zip(edge.branches, regions.edge(edge), strict=True)
                if b.then == "stay"
                for p in ps
            ]
            branches = tuple(regions.both(stays, pieces) for pieces in branches)
    return branches


def _around(found: Explored, within: str) -> Iterator[State]:
    """The blocks around a region, the nearest first."""
    while within:
        state = found.definition.states[within.rpartition("/")[0]]
        yield state
        within = state.region


def _outermost(found: Explored, state: str) -> str:
    region = found.definition.states[state].region
    return _outermost(found, region.rpartition("/")[0]) if region else state


def _begun(
    found: Explored, name: str, box: int, deep: int
) -> Iterator[tuple[tuple[str, ...], int]]:
    """What entering a state begins at once, with the cells for which it does: regions, or an answer already there."""
    state = found.definition.states.get(name)
    if state is None or deep > NESTED_MAX:
        yield (), box
    elif state.block is not None:
        yield from _block(found, state, box, deep)
    elif state.waits is not None:
        yield from _answered(found, state, box, deep)
    else:
        yield (), box


def _answered(
    found: Explored, state: State, box: int, deep: int
) -> Iterator[tuple[tuple[str, ...], int]]:
    waits = state.waits
    one = found.regions.space.coordinates[closed_name(waits.pathway)] if waits is not None else None
    if waits is None or one is None:
        return
    for bit in bits_of(box & one.mask):
        here = box & ~one.mask | bit
        outcome = one.cell(here)
        if outcome is None:
            yield (), here
            continue
        edge = waits.outcomes.get(str(outcome), waits.otherwise)
        for signs, inner in _taken(found, state, edge, here, deep):
            yield (f"answered {outcome}", *signs), inner


def _taken(
    found: Explored, state: State, edge: Edge, box: int, deep: int
) -> Iterator[tuple[tuple[str, ...], int]]:
    """An edge that is followed at once, on the way into a state."""
    for number, pieces in enumerate(found.regions.edge(edge)):
        then = edge.branches[number].then
        for piece in pieces:
            here = meet(box, piece)
            if here and then in STAYS:
                yield (f"{state.name} {number}",), here
            elif here:
                for signs, inner in _begun(found, then, here, deep + 1):
                    yield (f"{state.name} {number}", *signs), inner


def _block(
    found: Explored, state: State, box: int, deep: int
) -> Iterator[tuple[tuple[str, ...], int]]:
    block = state.block
    if block is None:
        return
    for opened, here in _opened(found, state, box):
        least = block.join.least if block.join.kind is JoinKind.AT_LEAST else 1
        if block.otherwise is not None and len(opened) < least:
            for signs, inner in _taken(found, state, block.otherwise, here, deep):
                yield (f"few {sorted(opened)}", *signs), inner
            continue
        parts: list[tuple[tuple[str, ...], int]] = [((f"opened {sorted(opened)}",), here)]
        for region in block.regions.values():
            if region.name in opened:
                parts = [
                    ((*signs, *more), last)
                    for signs, inner in parts
                    for more, last in _taken(found, state, region.start, inner, deep)
                ]
        yield from parts


def _opened(found: Explored, state: State, box: int) -> Iterator[tuple[frozenset[str], int]]:
    """Which regions begin, by cells: all of them, or those of a table's answers."""
    block = state.block
    if block is None or not block.table:
        yield frozenset(block.regions if block is not None else ()), box
        return
    parts: list[tuple[frozenset[str], int]] = [(frozenset(), box)]
    answers = found.regions.answers(block.table, block.output)
    for region in block.regions.values():
        given = answers.get(region.answer, ())
        parts = [part for opened, here in parts for part in _with(opened, region.name, here, given)]
    yield from parts


def _with(
    opened: frozenset[str], region: str, box: int, given: tuple[Piece, ...]
) -> Iterator[tuple[frozenset[str], int]]:
    yield from ((opened | {region}, here) for piece in given if (here := meet(box, piece)))
    yield from ((opened, outside) for outside in remove([box], given))
