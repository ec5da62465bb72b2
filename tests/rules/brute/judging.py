"""Asks every rule."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition
from tests.rules.brute import ends, flags, loops, promises, safety, tables
from tests.rules.brute.narrowing import narrowings
from tests.rules.brute.reading import WORLDS_MAX, Reading
from tests.rules.brute.walking import Pathway


def judge(
    definition: Definition, before: Definition | None = None, most: int = WORLDS_MAX
) -> frozenset[str]:
    """The rules that break; of a large pathway in some choice of its worlds, with all values that a change asks about.

    Tables are judged over whole domains. `before` is the pathway that was changed.
    """
    return frozenset({
        *tables.judged(definition),
        *safety.judged(definition),
        *_walked(definition, before, most),
    })  # fmt: skip


def _walked(definition: Definition, before: Definition | None, most: int) -> Iterator[str]:
    entered: set[str] = set()
    for values in narrowings(definition, before, most):
        one = Pathway.of(Reading(definition, values))
        found = one.walk()
        entered |= found.entered
        yield from ends.stuck(one, found)
        yield from loops.judged(one, found)
        yield from promises.judged(one)
        yield from flags.judged(definition, values)
    yield from ends.unreached(definition, entered)
