"""Smaller worlds for large pathways: several choices of values, each small enough to go everywhere.

What a change asks about (`keep`) stays whole as far as it fits; of the rest each choice drops other values, so that
between them most pairs of values meet. A rule that breaks in one choice breaks; a state is reached if one reaches it.
"""

from collections.abc import Mapping, Sequence
from random import Random  # noqa: TID251  # which values are dropped: a seed says it

from carelane.pathways.definition import Definition
from tests.rules.brute.domains import NotForMe, dimensions
from tests.rules.brute.reading import WORLDS_MAX
from tests.rules.brute.tables import reads
from tests.rules.brute.texts import fields, guards
from tests.rules.worlds import Known, count

CHOICES, SMALL = 6, 120_000
_LEAST = 2


def narrowings(
    definition: Definition, before: Definition | None = None, most: int = WORLDS_MAX
) -> list[dict[str, list[Known]]]:
    """One choice with everything where that fits, else several small ones. `before`: the pathway that was changed."""
    whole = {name: list(values) for name, values in dimensions(definition, {})}
    if count(whole) <= most:
        return [whole]
    keep = asked(definition, before)
    return [_narrowed(definition, whole, keep, seed) for seed in range(CHOICES)]


def asked(definition: Definition, before: Definition | None) -> set[str]:
    """The inputs that the changed guards and rows read, and those that say how urgent a case is."""
    old = set(guards(before)) if before is not None else set()
    fresh = [guard for guard in guards(definition) if guard not in old]
    fresh.extend(guard for guard in old if guard not in set(guards(definition)))
    made_by = {output: each for each in definition.tables.values() for output in each.outputs}
    flags = definition.red_flags
    named = {
        definition.urgency,
        *(flags.inputs if flags else ()),
        *(flags.outputs if flags else ()),
    }
    found: set[str] = set()
    for name in named.union(*(fields(guard) for guard in fresh)):
        found |= reads(definition, made_by[name]) if name in made_by else {name}
    return found


def _narrowed(
    definition: Definition, whole: Mapping[str, Sequence[Known]], keep: set[str], seed: int
) -> dict[str, list[Known]]:
    chance = Random(seed)  # noqa: S311  # a choice of values, no secret
    found = {name: list(values) for name, values in whole.items()}
    others = [name for name in found if name in definition.inputs and name not in keep]
    kept = [name for name in found if name in definition.inputs and name in keep]
    while count(found) > SMALL:
        wide = [name for name in others if len(found[name]) > _LEAST]
        wide = wide or [name for name in kept if len(found[name]) > _LEAST]
        if not wide:
            raise NotForMe(f"{count(found)} worlds")
        name = max(wide, key=lambda each: (len(found[each]), each))
        found[name].pop(chance.randrange(1, len(found[name])))
    return found
