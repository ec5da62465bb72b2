"""Every event and every outcome has an answer in every state, and every answer always has a way on."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Edge, State
from carelane.pathways.waits_reader import CASE_CLOSED
from carelane.proofs.moves import EFFECT_ENDS
from carelane.proofs.reads import edges_from
from carelane.proofs.regions import Regions
from carelane.proofs.turns import Breach, said

RULE = "answered-everywhere"


def of_text(definition: Definition, regions: Regions) -> Iterator[Breach]:
    """States that say nothing about an event, an outcome or an effect's end; edges without a way on."""
    for state in definition.states.values():
        if not state.final:
            yield from _events(definition, state)
            yield from _outcomes(definition, state)
            yield from _ends(definition, state)
            for edge in edges_from(state):
                yield from _total(regions, edge, state.line, f"An edge of `{state.name}`")
    for event, edge in definition.everywhere.items():
        yield from _total(regions, edge, 1, f"`everywhere`: `{event}`")
    yield from _total(regions, definition.start, 1, "`start`")


def _events(definition: Definition, state: State) -> Iterator[Breach]:
    if state.region:  # inside a block, the block answers
        return
    silent = [
        name
        for name in definition.events
        if name not in state.on and name not in definition.everywhere and name != CASE_CLOSED
    ]
    if silent:
        yield _breach(
            state, f"State `{state.name}` does not say what {said(silent)} does.",
            "Add a state, `stay`, or `{ ignore: reason }`.",
        )  # fmt: skip


def _outcomes(definition: Definition, state: State) -> Iterator[Breach]:
    kind = definition.tasks.get(state.task)
    open_ = [one for one in kind.outcomes if one not in state.outcomes] if kind is not None else []
    dead = [name for name, edge in state.outcomes.items() if edge.ignore or not edge.branches]
    for name in (*open_, *dead):
        yield _breach(state, f"Outcome `{name}` of `{state.name}` leads nowhere.", "Name a state.")


def _ends(definition: Definition, state: State) -> Iterator[Breach]:
    """A state that goes on by an effect's end says so for each; so must one that has nothing else to go on by."""
    kinds = [definition.effects[name] for name in state.effects]
    waits = bool(state.effect_outcomes) or (bool(kinds) and not _goes_on(state))
    lacking = [end for end in EFFECT_ENDS if end not in state.effect_outcomes]
    if waits and lacking and not all(kind.on_failure in definition.states for kind in kinds):
        yield _breach(
            state, f"State `{state.name}` waits for an effect and does not say what {said(lacking)} does.",
            "Add it to `effect_outcomes`.",
        )  # fmt: skip


def _goes_on(state: State) -> bool:
    """Whether people, events or other cases move it."""
    leads = [branch.then for edge in state.on.values() for branch in edge.branches]
    return bool(state.task or state.block or state.waits or set(leads) - {"stay"})


def _total(regions: Regions, edge: Edge, line: int, what: str) -> Iterator[Breach]:
    if edge.ignore:
        return
    held = [piece for pieces in regions.edge(edge) for piece in pieces]
    if regions.outside(held):
        yield Breach(
            rule=RULE,
            line=line,
            message=f"{what} has no way on when no guard holds.",
            remedy="Add `else`.",
        )


def _breach(state: State, message: str, remedy: str) -> Breach:
    return Breach(rule=RULE, line=state.line, message=message, remedy=remedy)
