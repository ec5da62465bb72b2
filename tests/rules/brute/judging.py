"""Asks every rule."""

from collections.abc import Mapping, Sequence

from carelane.pathways.definition import Definition
from tests.rules.brute import ends, flags, loops, promises, safety, tables
from tests.rules.brute.domains import NotForMe, dimensions
from tests.rules.brute.reading import WORLDS_MAX, Reading
from tests.rules.brute.walking import Pathway
from tests.rules.worlds import Known, count

_LEAST = 2


def narrowed(definition: Definition, most: int = WORLDS_MAX) -> dict[str, list[Known]]:
    """Small domains: missing and what is told apart, the widest cut, down to missing and one value, until all fits."""
    domains = {name: list(values) for name, values in dimensions(definition, {})}
    inputs = [name for name in domains if name in definition.inputs]
    while count(domains) > most:
        widest = max(inputs, key=lambda name: len(domains[name]))
        if len(domains[widest]) <= _LEAST:
            raise NotForMe(f"{count(domains)} worlds")
        domains[widest].pop()
    return domains


def judge(
    definition: Definition, narrowed: Mapping[str, Sequence[Known]] | None = None
) -> frozenset[str]:
    """The rules that break. `narrowed` gives smaller domains for the walk; tables are judged over whole ones."""
    smaller = narrowed or {}
    one = Pathway.of(Reading(definition, smaller))
    found = one.walk()
    return frozenset({
        *tables.judged(definition),
        *safety.judged(definition),
        *ends.judged(one, found),
        *loops.judged(one, found),
        *promises.judged(one),
        *flags.judged(definition, smaller),
    })  # fmt: skip
