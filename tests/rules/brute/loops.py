"""Clocks and effects alone do not go on for ever: when every last step has been taken away, nothing is left."""

from collections.abc import Iterator, Mapping

from tests.rules.brute.places import Place
from tests.rules.brute.walking import Pathway, Walk
from tests.rules.worlds import Bits


def judged(one: Pathway, found: Walk) -> Iterator[str]:
    """Whether what drives itself comes to an end."""
    if _endless(one, found.places):
        yield "loops-bounded"


def _endless(one: Pathway, found: Mapping[Place, Bits]) -> bool:
    left = {place: worlds for place, worlds in found.items() if place.waits}
    alone = {place: [step for step in one.steps(place) if step.alone] for place in left}
    waiting = set(left)
    into: dict[Place, set[Place]] = {}
    for place, steps in alone.items():
        for step in steps:
            into.setdefault(step.to, set()).add(place)
    while waiting:
        place = waiting.pop()
        still = one.running.none(place)
        for step in alone[place]:
            if step.to in left:
                still |= one.running.backward(place, step, left[step.to])
        still &= left[place]
        if (still != left[place]).any():
            left[place] = still
            waiting |= into.get(place, set())
    return any(worlds.any() for worlds in left.values())
