"""What a pathway reads: its guards, the conditions on one field in them, and what its forms can bring in."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Edge, Input, Reduce, State, TaskKind
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

Atom = Compare | Same | Within | Missing | Until | Elapsed
_FORM = "task.form."


def guards_of(definition: Definition) -> Iterator[Guard]:
    """Every guard of the pathway: starts, rows, choices among cases, branches; and what is watched like one."""
    for event in definition.events.values():
        if event.start is not None:
            yield event.start.when
        yield event.where
    for table in definition.tables.values():
        yield from (row.when for row in table.rows)
    for edge in edges_of(definition):
        yield from (branch.when for branch in edge.branches)
    yield from _watched(definition)


def _watched(definition: Definition) -> Iterator[Guard]:
    """What makes a difference though no guard need ask: empty lists, whether an input is a red flag, which urgency."""
    for one in counted_lists(definition):
        yield Compare(one.name, Op.GT, 0)
    flags = definition.red_flags
    if flags is None:
        return
    for name, codes in flags.inputs.items():
        yield Within(name, frozenset(codes))
    given = {**definition.inputs, **definition.variables}.get(definition.urgency)
    for code in given.codes if given is not None else ():
        yield Compare(definition.urgency, Op.EQ, code)


def counted_lists(definition: Definition) -> tuple[Input, ...]:
    """Counts of lists that another input reads as well: what is read of a list stands in it, so it is not empty."""
    every = definition.inputs.values()
    return tuple(
        one
        for one in every
        if one.reduce is Reduce.COUNT
        and any(inside(other, one.path) for other in every if other is not one)
    )


def inside(one: Input, path: str) -> bool:
    """Whether an input is read of what is at this path."""
    return one.path == path or one.path.startswith(f"{path}.")


def edges_of(definition: Definition) -> Iterator[Edge]:
    """Every edge of the pathway."""
    yield definition.start
    yield from definition.everywhere.values()
    for state in definition.states.values():
        yield from edges_from(state)


def edges_from(state: State) -> Iterator[Edge]:
    """Every edge that a state declares itself."""
    yield from state.outcomes.values()
    yield from state.on.values()
    yield from state.effect_outcomes.values()
    if state.fallback is not None and state.fallback.edge is not None:
        yield state.fallback.edge
    if state.waits is not None:
        yield from state.waits.outcomes.values()
        yield state.waits.otherwise
    if state.block is not None:
        yield state.block.then
        yield from (region.start for region in state.block.regions.values())
        if state.block.otherwise is not None:
            yield state.block.otherwise


def atoms_of(guard: Guard) -> Iterator[Atom]:
    """The conditions in a guard, apart from how they are joined."""
    match guard:
        case All(parts) | Either(parts):
            for part in parts:
                yield from atoms_of(part)
        case Not(part):
            yield from atoms_of(part)
        case _:
            yield guard


def form_field(given: Input) -> str:
    """The field of a task's form that fills this input, or empty."""
    if not given.path.startswith(_FORM):
        return ""
    return given.path.removeprefix(_FORM).partition(".")[0]


def code_of(given: Input, option: str) -> str | None:
    """What an option of a form means as a code of this input."""
    return option if option in given.codes else given.aliases.get(option.casefold())


def options_for(task: TaskKind, given: Input) -> tuple[str, ...] | None:
    """The options by which this task's form fills the input; None where its form has no such field.

    A field that is not a choice has no options: the empty tuple.
    """
    name = form_field(given)
    for one in task.form:
        if one.name == name:
            return one.options
    return None
