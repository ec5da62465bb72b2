"""Where calls are sewn in: an edge into a call leads to its first state, an edge to an outcome goes on as it says.

So that at run time, and for proofs, there is no call at all, only states: sub-pathways never call themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from carelane.pathways.definition import (
    Block,
    Branch,
    Edge,
    EffectKind,
    Event,
    Fallback,
    Region,
    State,
    Waits,
)
from carelane.pathways.guard import ALWAYS, All, Guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """First states by calling state, and the caller's edges by outcome; both by names in the whole pathway."""

    entries: dict[str, str] = field(default_factory=dict)
    exits: dict[str, Edge] = field(default_factory=dict)

    def state(self, name: str) -> str:
        """The state that a name leads to."""
        while name in self.entries:
            name = self.entries[name]
        return name

    def edge(self, edge: Edge) -> Edge:
        """An edge between states only."""
        if not self.entries:
            return edge
        return replace(
            edge, branches=tuple(one for each in edge.branches for one in self._on(each))
        )

    def _on(self, branch: Branch) -> list[Branch]:
        """A branch that leads to an outcome goes on along each of the caller's branches."""
        way = self.exits.get(branch.then)
        if way is None:
            return [replace(branch, then=self.state(branch.then))]
        return [one for each in way.branches for one in self._on(_joined(branch, each))]

    def edges(self, edges: Mapping[str, Edge]) -> dict[str, Edge]:
        """Several edges by name."""
        return {name: self.edge(edge) for name, edge in edges.items()}

    def sewn(self, state: State) -> State:
        """A state whose edges lead to states."""
        if not self.entries:
            return state
        return replace(
            state,
            outcomes=self.edges(state.outcomes),
            on=self.edges(state.on),
            effect_outcomes=self.edges(state.effect_outcomes),
            fallback=self._fallback(state.fallback),
            waits=self._waits(state.waits),
            block=self._block(state.block),
        )

    def _fallback(self, fallback: Fallback | None) -> Fallback | None:
        if fallback is None or fallback.edge is None:
            return fallback
        return replace(fallback, edge=self.edge(fallback.edge))

    def _waits(self, waits: Waits | None) -> Waits | None:
        if waits is None:
            return None
        outcomes, otherwise = self.edges(waits.outcomes), self.edge(waits.otherwise)
        return replace(waits, outcomes=outcomes, otherwise=otherwise)

    def _block(self, block: Block | None) -> Block | None:
        if block is None:
            return None
        otherwise = self.edge(block.otherwise) if block.otherwise is not None else None
        regions = {name: self._region(region) for name, region in block.regions.items()}
        return replace(block, regions=regions, then=self.edge(block.then), otherwise=otherwise)

    def _region(self, region: Region) -> Region:
        return replace(region, start=self.edge(region.start))


def events_sewn(events: Mapping[str, Event], seams: Seams) -> dict[str, Event]:
    """Events whose closed cases come back at a state, also where that is a call."""
    return {
        name: replace(event, reopens=replace(event.reopens, at=seams.state(event.reopens.at)))
        if event.reopens
        else event
        for name, event in events.items()
    }


def effects_sewn(effects: Mapping[str, EffectKind], seams: Seams) -> dict[str, EffectKind]:
    """Effects whose failure leads to a state, also where that is a call."""
    return {
        name: replace(kind, on_failure=seams.state(kind.on_failure))
        for name, kind in effects.items()
    }


def _joined(inner: Branch, outer: Branch) -> Branch:
    return Branch(
        then=outer.then,
        when=_both(inner.when, outer.when),
        emits=(*inner.emits, *outer.emits),
        sets={**inner.sets, **outer.sets},
        line=inner.line,
    )


def _both(one: Guard, two: Guard) -> Guard:
    if one == ALWAYS:
        return two
    return one if two == ALWAYS else All((one, two))
