"""Every state is entered by some run, and from wherever a case stands some run ends it."""

from collections.abc import Iterator, Mapping

from carelane.pathways.definition import Definition
from tests.rules.brute.places import Place
from tests.rules.brute.walking import Pathway, Walk
from tests.rules.worlds import Bits


def unreached(definition: Definition, entered: set[str]) -> Iterator[str]:
    """States that nobody enters."""
    if set(definition.states) - entered:
        yield "states-reachable"


def stuck(one: Pathway, found: Walk) -> Iterator[str]:
    """Places without a way to an end."""
    if _stuck(one, found.places):
        yield "no-dead-ends"


def _stuck(one: Pathway, found: Mapping[Place, Bits]) -> bool:
    """Worlds from which an end can be reached grow backwards, until they grow no more."""
    good = {place: one.running.every(place) for place in found if place.final}
    into: dict[Place, set[Place]] = {}
    for place in found:
        for step in one.steps(place) if place.waits else ():
            into.setdefault(step.to, set()).add(place)
    waiting = {before for place in good for before in into.get(place, ())}
    while waiting:
        place = waiting.pop()
        known = before = good[place] if place in good else one.running.none(place)
        for step in one.steps(place):
            if known.all():
                break
            if step.to in good:
                known = known | one.running.backward(place, step, good[step.to])
        if (known != before).any():
            good[place] = known
            waiting |= into.get(place, set())
    return any(
        place not in good or (worlds & ~good[place]).any()
        for place, worlds in found.items()
        if place.waits
    )
