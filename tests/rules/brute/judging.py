"""Asks every rule."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition
from tests.rules.brute import ends, flags, loops, promises, safety, tables
from tests.rules.brute.reading import Reading
from tests.rules.brute.walking import Pathway


def judge(definition: Definition, *, whole: bool = False) -> frozenset[str]:
    """The rules that break, of all worlds. `whole`: without looking which values make no difference any more."""
    return frozenset({
        *tables.judged(definition),
        *safety.judged(definition),
        *_walked(definition, whole=whole),
        *flags.judged(definition, whole=whole),
    })  # fmt: skip


def _walked(definition: Definition, *, whole: bool) -> Iterator[str]:
    one = Pathway.of(Reading(definition), whole=whole)
    found = one.walk()
    yield from ends.unreached(definition, found.entered)
    yield from ends.stuck(one, found)
    yield from loops.judged(one, found)
    yield from promises.judged(one)
