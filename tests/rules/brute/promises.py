"""Nobody gets to a state before what it requires: without that, no way leads there."""

from collections.abc import Iterator

from tests.rules.brute.walking import Pathway


def judged(one: Pathway) -> Iterator[str]:
    """Each `before`: gone everywhere without the steps that keep it."""
    for given in one.definition.requires:
        if "before" in given:
            keeping = {
                (given.get("of", "-"), given.get("outcome", "-")),
                (given.get("done", "-"), "done"),
            }
            if given["before"] in one.walk(frozenset(keeping)).entered:
                yield "requires"
