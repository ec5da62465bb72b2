"""Table answers that may be older than what is known: kept when a fact comes, read when a clock runs out.

A table's answer is worked out when a fact is read in. One that depends on time, counters or variables may say otherwise
by the time an expiry, an effect's end or a join reads it. Cells know only what holds now, so such a reading can't be
decided; the guard can ask for the time or the counter itself.
"""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.judge import fields_of, reads_time
from carelane.proofs.boxes import Undecided


def check(definition: Definition) -> None:
    """Look at every edge that is followed without a fact being read in.

    Raises:
        Undecided: One reads an answer that may be old.
    """
    changing = {one.name for state in definition.states.values() for one in state.counters}
    old = _depending(definition, changing | set(definition.variables))
    for state in definition.states.values():
        for edge in _unread(state):
            for name in sorted(_names(edge) & old):
                raise Undecided(
                    f"`{state.name}` reads `{name}`, which may be an old answer of a table by then."
                )


def _depending(definition: Definition, changing: set[str]) -> set[str]:
    """The outputs of tables that read time or what changes, directly or through other tables."""
    found: set[str] = set()
    for _ in definition.tables:
        for table in definition.tables.values():
            names = {name for row in table.rows for name in fields_of(row.when)}
            if names & (changing | found) or any(reads_time(row.when) for row in table.rows):
                found |= set(table.outputs)
    return found


def _unread(state: State) -> Iterator[Edge]:
    yield from state.effect_outcomes.values()
    if state.fallback is not None and state.fallback.edge is not None:
        yield state.fallback.edge
    if state.block is not None:
        yield state.block.then
    yield from state.outcomes.values() if state.counters else ()


def _names(edge: Edge) -> set[str]:
    return {name for branch in edge.branches for name in fields_of(branch.when)}
