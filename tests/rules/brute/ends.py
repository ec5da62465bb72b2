"""Every state is entered by some run, and from wherever a case stands some run ends it."""

from collections.abc import Iterator, Mapping

from carelane.pathways.definition import Definition
from tests.rules.brute.places import Place
from tests.rules.brute.walking import Pathway, Walk


def unreached(definition: Definition, entered: set[str]) -> Iterator[str]:
    """States that nobody enters."""
    if set(definition.states) - entered:
        yield "states-reachable"


def stuck(one: Pathway, found: Walk) -> Iterator[str]:
    """Places without a way to an end."""
    if _stuck(one, found.places):
        yield "no-dead-ends"


def _stuck(one: Pathway, found: Mapping[Place, int]) -> bool:
    """Worlds from which an end can be reached grow backwards, until they grow no more."""
    every = one.reading.worlds.every
    good = {place: every for place in found if place.final}
    into: dict[Place, set[Place]] = {}
    for place in found:
        for step in one.steps(place) if place.waits else ():
            into.setdefault(step.to, set()).add(place)
    waiting = {before for place in good for before in into.get(place, ())}
    while waiting:
        place = waiting.pop()
        known = good.get(place, 0)
        for step in one.steps(place):
            if known == every:
                break
            if step.to in good:
                known |= step.backward(one.reading, good[step.to])
        if known != good.get(place, 0):
            good[place] = known
            waiting |= into.get(place, set())
    return any(worlds & ~good.get(place, 0) for place, worlds in found.items() if place.waits)
