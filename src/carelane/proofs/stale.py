"""Table answers that may be older than what is known: kept when a fact comes, read when a clock runs out.

A table's answer is worked out when a fact is read in. One that depends on time, counters or variables may say otherwise
by the time an expiry, an effect's end or a join reads it. Cells know only what holds now, so such a reading can't be
decided; the guard can ask for the time or the counter itself. What a person says is read in: its answers are of that
moment, but for counters, which count it after it was read.
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
    counted = {one.name for state in definition.states.values() for one in state.counters}
    changing = counted | set(definition.variables)
    old, late = _depending(definition, changing), _depending(definition, changing, timed=False)
    for state in definition.states.values():
        for edge, known in [
            *((edge, old) for edge in _unread(state)),
            *((edge, late) for edge in _counted(state)),
        ]:
            for name in sorted(_names(edge) & known):
                raise Undecided(
                    f"`{state.name}` reads `{name}`, which may be an old answer of a table by then."
                )


def _depending(definition: Definition, changing: set[str], *, timed: bool = True) -> set[str]:
    """The outputs of tables that read time (`timed`) or what changes, directly or through other tables."""
    found: set[str] = set()
    for _ in definition.tables:
        for table in definition.tables.values():
            names = {name for row in table.rows for name in fields_of(row.when)}
            by_time = timed and any(reads_time(row.when) for row in table.rows)
            if by_time or names & (changing | found):
                found |= set(table.outputs)
    return found


def _unread(state: State) -> Iterator[Edge]:
    yield from state.effect_outcomes.values()
    if state.fallback is not None and state.fallback.edge is not None:
        yield state.fallback.edge
    if state.block is not None:
        yield state.block.then


def _counted(state: State) -> Iterator[Edge]:
    """What follows from a person's word, which is read in before it is counted."""
    yield from state.outcomes.values() if state.counters else ()


def _names(edge: Edge) -> set[str]:
    return {name for branch in edge.branches for name in fields_of(branch.when)}
