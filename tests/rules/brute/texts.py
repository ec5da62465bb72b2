"""What a pathway says, listed: its edges, the guards of them and of its rows, the conditions in a guard, its names."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Edge, Input, Reduce, State
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Elapsed,
    Guard,
    Missing,
    Not,
    Op,
    Same,
    Until,
    Within,
)


def edges(definition: Definition) -> Iterator[Edge]:
    """Every edge: of the start, of all states, of blocks and of waits."""
    yield definition.start
    yield from definition.everywhere.values()
    for state in definition.states.values():
        yield from edges_of(state)


def edges_of(state: State) -> Iterator[Edge]:
    """The edges that one state has of its own."""
    yield from (*state.outcomes.values(), *state.on.values(), *state.effect_outcomes.values())
    if state.fallback is not None and state.fallback.edge is not None:
        yield state.fallback.edge
    if state.block is not None:
        yield from (region.start for region in state.block.regions.values())
        yield state.block.then
        if state.block.otherwise is not None:
            yield state.block.otherwise
    if state.waits is not None:
        yield from (*state.waits.outcomes.values(), state.waits.otherwise)


def guards(definition: Definition) -> Iterator[Guard]:
    """Every guard, and what makes a difference that no guard need ask about: red flags, and whether a list is empty.

    Which of several cases an event is for is not looked at.
    """
    yield from (event.start.when for event in definition.events.values() if event.start is not None)
    yield from (row.when for table in definition.tables.values() for row in table.rows)
    yield from (branch.when for edge in edges(definition) for branch in edge.branches)
    lists = counted_lists(definition)
    for one in definition.inputs.values():
        if one.reduce is Reduce.COUNT and one.path in lists:
            yield Compare(one.name, Op.GT, 0)
    if definition.red_flags is not None:
        yield from (Within(n, frozenset(codes)) for n, codes in definition.red_flags.inputs.items())
        for one in (*definition.inputs.values(), *definition.variables.values()):
            if one.name == definition.urgency:
                yield from (Compare(one.name, Op.EQ, code) for code in one.codes)


def parts(guard: Guard) -> Iterator[Compare | Same | Within | Missing | Until | Elapsed]:
    """The conditions that a guard is made of."""
    match guard:
        case All(several) | Either(several):
            for part in several:
                yield from parts(part)
        case Not(part):
            yield from parts(part)
        case _:
            yield guard


def fields(guard: Guard) -> set[str]:
    """The names that a guard reads."""
    found: set[str] = set()
    for part in parts(guard):
        if isinstance(part, Same):
            found |= {part.left, part.right}
        elif isinstance(part, Elapsed):
            found.add("elapsed")
        else:
            found.add(part.field)
    return found


def counters(definition: Definition) -> dict[str, int]:
    """Every counter with its bound."""
    return {one.name: one.max for state in definition.states.values() for one in state.counters}


def counted_lists(definition: Definition) -> set[str]:
    """The lists that are counted and read otherwise as well: what is read of one is in it, so it is not empty."""
    every = definition.inputs.values()
    return {
        one.path
        for one in every
        if one.reduce is Reduce.COUNT
        and any(within(other, one.path) for other in every if other is not one)
    }


def within(one: Input, path: str) -> bool:
    """Whether an input is read of the list at this path."""
    return f"{one.path}.".startswith(f"{path}.")


def names(definition: Definition) -> set[str]:
    """Everything that may differ from world to world."""
    return {*definition.inputs, *definition.variables, *counters(definition), "elapsed"}


def around(definition: Definition, state: State) -> list[str]:
    """The blocks around a state, the nearest first."""
    found = []
    while state.region:
        block = state.region.rpartition("/")[0]
        found.append(block)
        state = definition.states[block]
    return found
