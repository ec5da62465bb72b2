"""Checks over the whole text, after its sections are read: events handled, states reached, names used.

What needs runs and cells (expiries, loops, completeness of tables) is shown by `proofs`.
"""

from collections.abc import Iterable, Iterator

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.names import STAYS
from carelane.pathways.shape import Part


def check_events_handled(top: Part, definition: Definition) -> None:
    """Each state says what each event does, itself or through `everywhere`."""
    section = top.part("states", "`states`")
    for state in definition.states.values():
        handled = state.on.keys() | definition.everywhere.keys()
        for event in () if state.final else definition.events:
            if event not in handled:
                top.findings.add(
                    "event-unhandled",
                    section.place(state.name),
                    f"State `{state.name}` does not say what `{event}` does.",
                    f"Add `{event}: stay`, a state or {{ ignore: reason }} to `on` or `everywhere`.",
                )


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
    section = top.part("states", "`states`")
    for name in states:
        if name not in entered:
            top.findings.add(
                "unreachable",
                section.place(name),
                f"Nothing leads to state `{name}`.",
                "Lead an edge to it, or remove it.",
            )
    if states and not any(state.final for state in states.values()):
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


def _next(state: State) -> Iterator[str]:
    edges = [*state.outcomes.values(), *state.on.values(), *state.effect_outcomes.values()]
    if state.fallback and state.fallback.edge:
        edges.append(state.fallback.edge)
    return _targets(edges)


def _targets(edges: Iterable[Edge]) -> Iterator[str]:
    return (branch.then for edge in edges for branch in edge.branches if branch.then not in STAYS)
