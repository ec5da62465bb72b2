"""Tables: complete, without conflict, no row for nothing; over the whole domains of what they read."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Hit, Table
from tests.rules.brute.reading import Reading
from tests.rules.brute.texts import fields, names
from tests.rules.worlds import union


def judged(definition: Definition) -> Iterator[str]:
    """Each table, together with the tables whose answers it reads."""
    for table in definition.tables.values():
        one = alone(definition, reads(definition, table))
        held = [one.guard(row.when) for row in table.rows]
        if table.hit is not Hit.COLLECT and one.worlds.every & ~union(held):
            yield "tables-complete"
        clash = [
            (a, b)
            for b in range(len(held))
            for a in range(b)
            if table.hit is Hit.UNIQUE and held[a] & held[b]
        ]
        if clash:
            yield "tables-without-conflict"
        answers = held if table.hit is Hit.COLLECT else one.hits(table)
        if any(not hit for n, hit in enumerate(answers) if not any(n in pair for pair in clash)):
            yield "rows-reachable"


def alone(definition: Definition, read: set[str]) -> Reading:
    """All values of what is read; nothing else differs."""
    return Reading(definition, {name: [None] for name in names(definition) if name not in read})


def reads(definition: Definition, table: Table) -> set[str]:
    """The fields that a table reads, directly or through other tables."""
    made_by = {output: each for each in definition.tables.values() for output in each.outputs}
    found: set[str] = set()
    for row in table.rows:
        for name in fields(row.when):
            found |= reads(definition, made_by[name]) if name in made_by else {name}
    return found
