"""Checks over the whole text, after its sections are read: events handled, states reached, names used.

What needs runs and cells (expiries, loops, completeness of tables) is shown by `proofs`.
"""

from collections.abc import Iterable, Iterator

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.names import STAYS
from carelane.pathways.regions import inner_records, places_of
from carelane.pathways.shape import Part
from carelane.pathways.waits_reader import CASE_CLOSED


def check_events_handled(top: Part, definition: Definition) -> None:
    """Each state says what each event does, itself or through `everywhere`; in a block, the block may."""
    places = places_of(top.node("states"))
    for state in definition.states.values():
        handled = state.on.keys() | definition.everywhere.keys() | {CASE_CLOSED}
        for event in () if state.final or state.region else definition.events:
            if event not in handled:
                top.findings.add(
                    "event-unhandled",
                    places.get(state.name, top.at),
                    f"State `{state.name}` does not say what `{event}` does.",
                    f"Add `{event}: stay`, a state or {{ ignore: reason }} to `on` or `everywhere`.",
                )


def check_regions(top: Part, definition: Definition) -> None:
    """Names are unique across blocks, and no state answers an event that its block always takes away."""
    seen: set[str] = set()
    for name, _, section in inner_records(top.node("states")):
        if name in seen:
            top.findings.add(
                "twice",
                section.places[name],
                f"`{name}` stands in two regions.",
                "Give each state a name of its own.",
            )
        seen.add(name)
    places = places_of(top.node("states"))
    for state in definition.states.values():
        for event in state.on if state.region else ():
            if taken_away(definition, state, event):
                top.findings.add(
                    "never-asked",
                    places.get(state.name, top.at),
                    f"`{event}` always ends the block around `{state.name}`.",
                    "Remove it here, or let the block answer `stay`.",
                )


def taken_away(definition: Definition, state: State, event: str) -> bool:
    """Whether a block around this state leads away on this event, whatever holds."""
    while state.region:
        state = definition.states[state.region.rpartition("/")[0]]
        outermost = {} if state.region else definition.everywhere
        edge = state.on.get(event) or outermost.get(event)
        if edge is not None and edge.branches and "stay" not in _then(edge):
            return True
    return False


def _then(edge: Edge) -> set[str]:
    return {branch.then for branch in edge.branches}


def check_reachable(top: Part, definition: Definition) -> None:
    """Each state can be entered, and some state ends the case."""
    states = definition.states
    shared = list(_targets(definition.everywhere.values()))
    entered = set(_targets([definition.start]))
    entered |= {event.reopens.at for event in definition.events.values() if event.reopens}
    entered |= {effect.on_failure for effect in definition.effects.values()}
    waiting = list(entered)
    while waiting:
        state = states.get(waiting.pop())
        nexts = [] if state is None or state.final else [*_next(state), *shared]
        fresh = set(nexts) - entered
        entered |= fresh
        waiting.extend(fresh)
    places = places_of(top.node("states"))
    for name in states:
        if name not in entered:
            top.findings.add(
                "unreachable",
                places.get(name, top.at),
                f"Nothing leads to state `{name}`.",
                "Lead an edge to it, or remove it.",
            )
    if states and not any(state.final and not state.region for state in states.values()):
        top.findings.add(
            "no-end", top.place("states"), "No state is final.", "Add a state with `final: true`."
        )


def check_used(top: Part, definition: Definition) -> None:
    """What is declared is used: a left-over is a mistake in waiting."""
    states = definition.states.values()
    _unused(top, "tasks", definition.tasks, {state.task for state in states})
    effects = {one for state in states for one in state.effects}
    effects |= {effect.undo for effect in definition.effects.values()}
    _unused(top, "effects", definition.effects, effects)


def _unused(top: Part, key: str, declared: Iterable[str], used: set[str]) -> None:
    section = top.part(key, f"`{key}`")
    for name in declared:
        if name not in used:
            top.findings.add(
                "unused", section.place(name), f"No state uses `{name}`.", "Use it, or remove it."
            )


def edges_of(state: State) -> Iterator[tuple[str, str, Edge]]:
    """Every edge of a state with its kind and label; a block's regions begin by `region`."""
    for name, edge in state.outcomes.items():
        yield "outcome", name, edge
    for name, edge in state.on.items():
        yield "event", name, edge
    for name, edge in state.effect_outcomes.items():
        yield "effect", name, edge
    if state.fallback is not None and state.fallback.edge is not None:
        yield "fallback", "not done in time", state.fallback.edge
    if state.waits is not None:
        for name, edge in state.waits.outcomes.items():
            yield "waits", f"{state.waits.pathway}: {name}", edge
        yield "waits", f"{state.waits.pathway}: any other outcome", state.waits.otherwise
    if state.block is not None:
        for name, region in state.block.regions.items():
            yield "region", name, region.start
        yield "join", "joined", state.block.then
        if state.block.otherwise is not None:
            yield "join", "too few answers", state.block.otherwise


def _next(state: State) -> Iterator[str]:
    return _targets(edge for _, _, edge in edges_of(state))


def _targets(edges: Iterable[Edge]) -> Iterator[str]:
    return (branch.then for edge in edges for branch in edge.branches if branch.then not in STAYS)
