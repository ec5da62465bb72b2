"""How a case goes along an edge: it leaves states and enters others, blocks with all their regions among them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from carelane.facts.fact import Urgency
from carelane.facts.intent import Audience
from carelane.pathways.definition import (
    Branch,
    Definition,
    Edge,
    JoinKind,
    OwnerKind,
    Region,
    State,
)
from tests.rules.brute.places import Place, Spot, Step, plus, to
from tests.rules.brute.reading import Reading
from tests.rules.brute.texts import around, fields
from tests.rules.worlds import Known


@dataclass(slots=True)
class Entering:
    """Goes along edges. `pools`: also by what the pool of a state is for."""

    reading: Reading
    pools: bool = False

    @property
    def definition(self) -> Definition:
        """The pathway."""
        return self.reading.definition

    def follow(self, step: Step, spot: Spot, edge: Edge) -> Iterator[Step]:
        """Each branch, in the worlds in which it is the first that holds; where none does, nothing happens."""
        left = step
        for branch in edge.branches:
            taken = self._taken(self._asked(left, branch, holds=True), branch)
            left = self._asked(left, branch, holds=False)
            if branch.then == "stay":
                yield taken
            else:
                target = spot.state if branch.then == "again" else branch.then
                yield from self.move(taken, spot, target)
        yield left

    def begin(self, step: Step, edge: Edge) -> Iterator[Step]:
        """The first state of a case or of a region."""
        for branch in edge.branches:
            taken = self._taken(self._asked(step, branch, holds=True), branch)
            yield from self.enter(taken, branch.then)
            step = self._asked(step, branch, holds=False)

    def _asked(self, step: Step, branch: Branch, *, holds: bool) -> Step:
        here = self.reading.guard(branch.when, step.to.facts)
        return step.where(here if holds else self.reading.opposite(here), fields(branch.when))

    def _taken(self, step: Step, branch: Branch) -> Step:
        known = self.reading.worlds.dimensions
        sets = {name: value for name, value in branch.sets.items() if name in known}
        return step.then(*(
            (name, to(list(known[name]).index(value))) for name, value in sets.items()
        ))  # fmt: skip

    def move(self, step: Step, spot: Spot, target: str) -> Iterator[Step]:
        """Out of a state, and of the blocks that the target is not in; then into the target."""
        states = self.definition.states
        leaving = states[spot.state]
        while leaving.region != states[target].region and leaving.region:
            leaving = states[leaving.region.rpartition("/")[0]]
        yield from self.enter(step.at(self._left(step.to, leaving)), target)

    def _left(self, place: Place, leaving: State) -> Place:
        """Without a state and all that is inside it; a block says how its regions ended."""
        states = self.definition.states
        blocks = [leaving] if leaving.block is not None else []
        kept = []
        for each in place.spots:
            inside = leaving.name in around(self.definition, states[each.state])
            if not inside and each.state != leaving.name:
                kept.append(each)
            elif inside and states[each.state].block is not None:
                blocks.append(states[each.state])
        for block in blocks:
            place = place.told(self._ends(place, block))
        gone = {block.name for block in blocks}
        ended = {(path, end) for path, end in place.ended if path.rpartition("/")[0] not in gone}
        return replace(place, spots=frozenset(kept), ended=frozenset(ended))

    def enter(self, step: Step, name: str) -> Iterator[Step]:
        """Into a state: it waits, or is an end."""
        state = self.definition.states[name]
        entering = [(one.name, plus(one.max)) for one in state.counters if one.add == "enter"]
        if "elapsed" in self.reading.worlds.dimensions:
            entering.append(("elapsed", to(0)))
        step = step.then(*entering)
        if state.final and not state.region:
            yield step.at(Place(final=name), name)
        elif state.final:
            ended = frozenset({*step.to.ended, (state.region, state.outcome)})
            block = self.definition.states[state.region.rpartition("/")[0]]
            yield from self._join(step.at(replace(step.to, ended=ended), name), block)
        else:
            for one, spot in self._owned(step, state):
                spots = frozenset({*one.to.spots, spot})
                yield from self._go_on(one.at(replace(one.to, spots=spots), name), state, spot)

    def _owned(self, step: Step, state: State) -> Iterator[tuple[Step, Spot]]:
        spot = Spot(state.name, self._pending(state, cancelled=step.to.cancelled))
        owner = state.owner
        if owner is None or not self.pools:
            yield step, spot
        elif owner.table:
            for value, worlds in self.reading.outputs[owner.table].items():
                pool = str(value) if value is not None else owner.name
                yield step.where(worlds, set()), replace(spot, serves=self._serves(pool))
        elif owner.kind is OwnerKind.POOL:
            yield step, replace(spot, serves=self._serves(owner.name))
        else:
            yield step, spot

    def _serves(self, pool: str) -> frozenset[Urgency]:
        return frozenset(self.definition.pools.get(pool, ()))

    def _pending(self, state: State, *, cancelled: bool) -> frozenset[str]:
        """The effects whose ends change something."""
        kinds = self.definition.effects
        return frozenset(
            each
            for each in state.effects
            if (state.effect_outcomes or kinds[each].on_failure in self.definition.states)
            and not (cancelled and kinds[each].audience is not Audience.STAFF)
        )

    def _go_on(self, step: Step, state: State, spot: Spot) -> Iterator[Step]:
        if state.block is not None:
            yield from self._regions(step, state, spot)
        elif state.waits is not None:
            name = f"closed.{state.waits.pathway}"
            outcome = dict(step.to.facts).get(name)
            fresh = step.at(step.to.told({name: None}))
            yield fresh  # nothing was heard, or too long ago
            if outcome is not None:
                edge = state.waits.outcomes.get(str(outcome), state.waits.otherwise)
                yield from self.follow(fresh, spot, edge)
        else:
            yield step

    def _regions(self, step: Step, state: State, spot: Spot) -> Iterator[Step]:
        """All regions begin, or those whose answer the table gives; with too few, another way is taken."""
        block = state.block
        if block is None:
            return
        step = step.at(step.to.told(self._ends(replace(step.to, ended=frozenset()), state)))
        for chosen, one in self._wanted(step, list(block.regions.values()), state):
            least = block.join.least if block.join.kind is JoinKind.AT_LEAST else 1
            if block.otherwise is not None and len(chosen) < least:
                yield from self.follow(one, spot, block.otherwise)
                continue
            begun = [replace(one, opening=one.opening | {state.name})]
            for region in chosen:
                begun = [more for each in begun for more in self.begin(each, region.start)]
            for each in begun:
                yield from self._join(replace(each, opening=each.opening - {state.name}), state)

    def _wanted(
        self, step: Step, regions: list[Region], state: State
    ) -> Iterator[tuple[list[Region], Step]]:
        block = state.block
        if block is None or not block.table:
            yield regions, step
            return
        given = [self.reading.given(block.table, block.output, each.answer) for each in regions]
        for bits in product((True, False), repeat=len(regions)):
            one = step
            for bit, here in zip(bits, given, strict=True):
                one = one.where(here if bit else self.reading.opposite(here), set())
            yield [region for bit, region in zip(bits, regions, strict=True) if bit], one

    def _join(self, step: Step, state: State) -> Iterator[Step]:
        """On from a block, once as many of its regions have ended as it needs, or all."""
        block, spot = state.block, step.to.spot(state.name)
        if (
            block is None
            or spot is None
            or state.name in step.opening
            or not self._joined(step.to, state)
        ):
            yield step
            return
        yield from self.follow(
            step.at(step.to.told(self._ends(step.to, state))), spot, block.then
        )  # fmt: skip

    def _joined(self, place: Place, state: State) -> bool:
        block = state.block
        over = [end for path, end in place.ended if path.rpartition("/")[0] == state.name]
        open_ = {
            region
            for spot in place.spots
            if (region := self.definition.states[spot.state].region).rpartition("/")[0]
            == state.name
        }
        if block is None or not open_:
            return True
        match block.join.kind:
            case JoinKind.ALL:
                return False
            case JoinKind.ANY:
                return bool(over)
            case JoinKind.AT_LEAST:
                return len([end for end in over if block.join.of in ("", end)]) >= block.join.least

    def _ends(self, place: Place, state: State) -> dict[str, Known]:
        """What guards read of a block: how each region ended, or how many ended so."""
        block = state.block
        if block is None:
            return {}
        ends = {path.rpartition("/")[2]: end for path, end in place.ended
                if path.rpartition("/")[0] == state.name}  # fmt: skip
        if block.table:
            outcomes = {each for region in block.regions.values() for each in region.outcomes}
            counts = list(ends.values())
            return {f"{state.name}.{each}": counts.count(each) for each in outcomes}
        return {f"{state.name}.{name}": ends.get(name) for name in block.regions}
