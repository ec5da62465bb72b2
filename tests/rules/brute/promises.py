"""Nobody gets to a state before what it requires: without that, no way leads there."""

from collections.abc import Iterator

from tests.rules.brute.layouts import everywhere
from tests.rules.brute.places import Place, Step
from tests.rules.brute.walking import PLACES_MAX, Pathway

Names = frozenset[tuple[str, str]]


def judged(one: Pathway) -> Iterator[str]:
    """Each `before`: gone everywhere without the steps that keep it."""
    for given in one.definition.requires:
        if "before" in given:
            keeping = frozenset({
                (given.get("of", "-"), given.get("outcome", "-")),
                (given.get("done", "-"), "done"),
            })  # fmt: skip
            if (
                _leads(one, given["before"], keeping)
                and given["before"] in one.walk(keeping).entered
            ):
                yield "requires"


def _leads(one: Pathway, state: str, without: Names) -> bool:
    """Whether any step leads there at all; most often none does, and no world needs to be looked at."""

    def others(place: Place) -> tuple[Step, ...]:
        return tuple(step for step in one.steps(place) if step.name not in without)

    left = everywhere(Place(), others, PLACES_MAX)
    return any(state in step.through for steps in left.values() for step in steps)
