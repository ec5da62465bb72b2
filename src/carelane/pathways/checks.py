"""Checks over the whole text, after its sections are read: events handled, states reached, names used.

What needs runs and cells (expiries, loops, completeness of tables) is shown by `proofs`.
"""

from collections.abc import Iterable, Iterator, Mapping

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.findings import Findings, Place
from carelane.pathways.names import STAYS, Later
from carelane.pathways.reader import Record
from carelane.pathways.regions import inner_records
from carelane.pathways.shape import Part
from carelane.pathways.waits_reader import CASE_CLOSED

Places = Mapping[str, tuple[Findings, Place]]
"""Where each state stands, by its name in the whole pathway."""


def check_events_handled(definition: Definition, places: Places) -> None:
    """Each state says what each event does, itself or through `everywhere`; in a block, the block may."""
    for state in definition.states.values():
        handled = state.on.keys() | definition.everywhere.keys() | {CASE_CLOSED}
        for event in () if state.final or state.region else definition.events:
            if event not in handled:
                findings, at = places[state.name]
                findings.add(
                    "event-unhandled",
                    at,
                    f"State `{state.name}` does not say what `{event}` does.",
                    f"Add `{event}: stay`, a state or {{ ignore: reason }} to `on` or `everywhere`.",
                )


_STATES_2 = ("parallel", "for_each", "call", "waits", "new")
_HEAD_2 = ("announces", "milestones", "phrases", "red_flags", "translations")


def check_language(top: Part, language: int) -> None:
    """What language number 2 added is not in a text of number 1."""
    if language > 1:
        return
    records: list[tuple[Record, tuple[str, ...]]]
    records = [(record, _STATES_2) for _, record, _ in inner_records(top.node("states"))]
    clocks = [record.entries.get("clock") for record, _ in records]
    records += [(one, ("most", "pauses")) for one in clocks if isinstance(one, Record)]
    for record, keys in [(top.record, _HEAD_2), *records]:
        for key in keys:
            if key in record.entries:
                top.findings.add(
                    "language",
                    record.places[key],
                    f"`{key}` came with language number 2.",
                    "Write `language: 2`.",
                )


def check_loops(definition: Definition, places: Places) -> None:
    """A `for_each` without answers goes on at once: its `else` must not come back to itself that way."""
    for name in definition.states:
        if name in _at_once(definition, name):
            findings, at = places[name]
            findings.add(
                "loop",
                at,
                f"`{name}` comes back to itself while nobody is asked.",
                "Let its `else` lead to a state that waits for a person.",
            )


def _at_once(definition: Definition, name: str) -> set[str]:
    """Where a block leads when its table has too few answers, and those it leads to have too."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        here = waiting.pop()
        state = definition.states.get(here)
        edge = state.block.otherwise if state is not None and state.block is not None else None
        ahead = {here if one == "again" else one for one in _then(edge or Edge())} - seen
        seen |= ahead
        waiting.extend(ahead)
    return seen


def check_regions(definition: Definition, places: Places) -> None:
    """No state answers an event that a block around it always takes away."""
    for state in definition.states.values():
        for event in state.on if state.region else ():
            if taken_away(definition, state, event):
                findings, at = places[state.name]
                findings.add(
                    "never-asked",
                    at,
                    f"`{event}` always ends the block around `{state.name}`.",
                    "Remove it here, or let the block answer `stay`.",
                )


def check_pauses(definition: Definition, later: Iterable[Later]) -> None:
    """A clock pauses by states inside its own block."""
    for one in later:
        inside = {name for name in definition.states if _stands_in(definition, name, one.block)}
        if one.inside not in inside:
            one.findings.unknown("state inside this block", one.inside, one.at, inside)


def _stands_in(definition: Definition, name: str, block: str) -> bool:
    while region := definition.states[name].region:
        name = region.rpartition("/")[0]
        if name == block:
            return True
    return False


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


def check_reachable(top: Part, definition: Definition, places: Places) -> None:
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
    for name in states:
        if name not in entered:
            findings, at = places[name]
            findings.add(
                "unreachable",
                at,
                f"Nothing leads to state `{name}`.",
                "Lead an edge to it, or remove it.",
            )
    if states and not any(state.final and not state.region for state in states.values()):
        top.findings.add(
            "no-end", top.place("states"), "No state is final.", "Add a state with `final: true`."
        )


def check_used(top: Part, prefix: str, definition: Definition) -> None:
    """What a text declares is used: a left-over is a mistake in waiting."""
    states = definition.states.values()
    _unused(top, "tasks", prefix, {state.task for state in states})
    effects = {one for state in states for one in state.effects}
    effects |= {effect.undo for effect in definition.effects.values()} | {definition.milestones}
    _unused(top, "effects", prefix, effects)


def _unused(top: Part, key: str, prefix: str, used: set[str]) -> None:
    section = top.part(key, f"`{key}`")
    for name in section.entries:
        if f"{prefix}{name}" not in used:
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
