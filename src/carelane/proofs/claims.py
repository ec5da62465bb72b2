"""Holds every decision against the class that it stands for: what another case does says nothing of this one.

A walk may think more possible than is (`Explored.forget`, regions apart). That is sound only while each class is
decided on a case that really is of the class. So what the engine knew, and where it went, is compared with what the
walk took it for.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import reduce
from operator import or_

from carelane.cases.model import Case
from carelane.proofs.boxes import Undecided
from carelane.proofs.cells import ELAPSED, Coordinate, value_of
from carelane.proofs.moves import Kind
from carelane.proofs.nodes import Explored, Way
from carelane.proofs.scenes import Scene


class OtherCase(Undecided):  # no error of anybody: a finer walk may do better
    """The engine's case is not of the class that it was made for."""


def compare(found: Explored, way: Way, box: int, scene: Scene, entered: str) -> None:
    """Compare a case that was just decided with its class: the cells, and the state that it enters (empty: it stays).

    Raises:
        OtherCase: The case is of another class.
    """
    if scene.case is not None:
        for one in _unchanged(found, way):
            if not _cells(scene.case, one, scene.now) & box:
                raise OtherCase(f"No case could be made that knows what is asked of `{one.name}`.")
    if not _led(found, way, entered):
        raise OtherCase(f"{way.move.words}: no case could be made that goes on by each branch.")


def _unchanged(found: Explored, way: Way) -> Iterator[Coordinate]:
    """What the way itself does not set."""
    changed = reduce(or_, (mask for mask, _ in way.sets), 0)
    for name, one in found.regions.space.coordinates.items():
        if name != ELAPSED and not one.mask & changed and name not in way.adds:
            yield one


def _cells(case: Case, one: Coordinate, now: datetime) -> int:
    """The cells that the case's value is in; of a moment, those that it represents now."""
    if one.given_by is None:
        return one.holding(case.counters.get(one.name) or None)
    value = case.values.get(one.name)
    if not one.falls:
        return one.holding(value)
    return one.bits(
        n for n, cell in enumerate(one.cells) if value_of(cell, one.given_by, now) == value
    )


def _led(found: Explored, way: Way, entered: str) -> bool:
    """Whether the case went where the branch leads; an effect that failed may lead where only the engine knows."""
    to, was, effect = way.target, way.turn.was, way.move.kind is Kind.EFFECT
    if not entered:
        return effect or to.state == was.state or not was.state
    state = found.definition.states.get(entered)
    if state is None or state.block is not None or state.waits is not None:
        return True  # what begins there may end at once
    if effect and to.state == was.state:
        return True  # of several effects only the last one moves the case
    return to.state == entered and to.over == state.final
