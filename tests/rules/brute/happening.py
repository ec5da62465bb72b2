"""Everything that can happen to a case at a place: events, other cases' ends, people, clocks, effects' ends, time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from carelane.facts.intent import Audience
from carelane.pathways.definition import Definition, Edge, Event, State
from tests.rules.brute.bringing import Bringing
from tests.rules.brute.domains import falling
from tests.rules.brute.entering import Entering
from tests.rules.brute.places import Change, Place, Spot, Step, plus
from tests.rules.brute.reading import Reading
from tests.rules.brute.texts import around, edges, fields

OTHER_END = "something-else"
CASE_CLOSED = "case.closed"


@dataclass(slots=True)
class Happening:
    """What can happen, place by place, each worked out once."""

    entering: Entering
    _bringing: Bringing = field(init=False)
    _lasting: frozenset[str] = field(init=False)
    _aging: tuple[Change, ...] = field(init=False)
    _steps: dict[Place, tuple[Step, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bringing = Bringing(self.entering.reading)
        self._lasting = frozenset(_lasting(self.definition))
        self._aging = tuple(self._ages())

    @property
    def reading(self) -> Reading:
        """The pathway's guards and tables."""
        return self.entering.reading

    @property
    def definition(self) -> Definition:
        """The pathway."""
        return self.reading.definition

    def steps(self, place: Place) -> tuple[Step, ...]:
        """Everything that can happen at a place."""
        if place not in self._steps:
            self._steps[place] = tuple(
                replace(each, to=self._kept(each.to)) for each in self._all(place)
            )
        return self._steps[place]

    def _kept(self, place: Place) -> Place:
        """Without what nobody reads any more."""
        return replace(
            place, facts=frozenset(one for one in place.facts if one[0] in self._lasting)
        )

    def _all(self, place: Place) -> Iterator[Step]:
        if place.final:
            yield from self._reopening()
        elif not place.waits:
            yield from self._starting()
        else:
            here = Step(place, self._aging)
            for event in self.definition.events.values():
                yield from self._heard(here, event)
            yield from self._others(here)
            for spot in place.spots:
                state = self.definition.states[spot.state]
                yield from self._done(here, spot, state)
                yield from self._expired(here, spot, state)
                yield from self._ended(here, spot, state)

    def _ages(self) -> Iterator[Change]:
        """As time goes by, less is left until a moment, and a state has been entered for longer."""
        for name in falling(self.definition) & set(self.reading.worlds.dimensions):
            yield name, lambda number: range(1, number + 1) if number else [0]
        if "elapsed" in self.reading.worlds.dimensions:
            most = len(self.reading.worlds.dimensions["elapsed"])
            yield "elapsed", lambda number: range(number, most)

    def _starting(self) -> Iterator[Step]:
        for event in self.definition.events.values():
            if event.start is not None:
                for changes in self._bringing.by(event):
                    opened = Step(Place(), changes).where(
                        self.reading.guard(event.start.when), set()
                    )
                    yield from self.entering.begin(opened, self.definition.start)

    def _reopening(self) -> Iterator[Step]:
        for event in self.definition.events.values():
            if event.reopens is not None:
                for changes in self._bringing.by(event):
                    yield from self.entering.enter(Step(Place(), changes), event.reopens.at)

    def _heard(self, here: Step, event: Event) -> Iterator[Step]:
        """An event is asked of every open state, the outermost first; what has been left is not asked any more."""
        edges_by_state = {}
        for spot in sorted(here.to.spots, key=self._depth):
            state = self.definition.states[spot.state]
            edge = state.on.get(event.name)
            if edge is None and not state.region:
                edge = self.definition.everywhere.get(event.name)
            if edge is not None and not edge.ignore:
                edges_by_state[spot.state] = edge
        if not edges_by_state or event.name == CASE_CLOSED:
            return
        place = self._cancelled(here.to) if event.cancels else here.to
        for changes in self._bringing.by(event):
            found = [Step(place, (*here.ops, *changes))]
            for name, edge in edges_by_state.items():
                found = [more for one in found for more in self._answered(one, name, edge)]
            yield from found

    def _answered(self, step: Step, name: str, edge: Edge) -> Iterator[Step]:
        """An open state follows its edge; one that has been left by then does not."""
        spot = step.to.spot(name)
        if spot is None or name in step.through:
            yield step
        else:
            yield from self.entering.follow(step, spot, edge)

    def _depth(self, spot: Spot) -> tuple[int, str]:
        return len(around(self.definition, self.definition.states[spot.state])), spot.state

    def _cancelled(self, place: Place) -> Place:
        spots = (
            replace(each, pending=frozenset(n for n in each.pending if self._staff(n)))
            for each in place.spots
        )
        return replace(place, spots=frozenset(spots), cancelled=True)

    def _staff(self, effect: str) -> bool:
        return self.definition.effects[effect].audience is Audience.STAFF

    def _others(self, here: Step) -> Iterator[Step]:
        """Another pathway's case ends: who waits for it goes on, else it is remembered."""
        every = [one.waits for one in self.definition.states.values() if one.waits is not None]
        for pathway in dict.fromkeys(each.pathway for each in every):
            outcomes = {name for each in every if each.pathway == pathway for name in each.outcomes}
            for outcome in (*sorted(outcomes), OTHER_END):
                yield from self._other(here, pathway, outcome)

    def _other(self, here: Step, pathway: str, outcome: str) -> Iterator[Step]:
        found, waited = [here], False
        for spot in sorted(here.to.spots, key=self._depth):
            waits = self.definition.states[spot.state].waits
            if waits is not None and waits.pathway == pathway:
                waited = True
                edge = waits.outcomes.get(outcome, waits.otherwise)
                name = spot.state
                found = [more for one in found for more in self._answered(one, name, edge)]
        if not waited:
            found = [here.at(here.to.told({f"closed.{pathway}": outcome}))]
        yield from found

    def _done(self, here: Step, spot: Spot, state: State) -> Iterator[Step]:
        """Somebody ends the state's task."""
        for outcome, edge in state.outcomes.items():
            counted = tuple(
                (one.name, plus(one.max)) for one in state.counters if one.add == outcome
            )
            filled = self._bringing.filled(state, outcome)
            done = replace(here, ops=(*here.ops, *filled, *counted), name=(state.task, outcome))
            yield from self.entering.follow(done, spot, edge)

    def _expired(self, here: Step, spot: Spot, state: State) -> Iterator[Step]:
        """Time runs out."""
        fallback = state.fallback
        if fallback is not None and fallback.edge is not None and not fallback.repeat:
            for step in self.entering.follow(here, spot, fallback.edge):
                yield replace(step, alone=bool(step.through))

    def _ended(self, here: Step, spot: Spot, state: State) -> Iterator[Step]:
        """An effect is done, or will never be."""
        for name in spot.pending:
            rest = spot.pending - {name}
            done = replace(spot, pending=rest)
            edge = state.effect_outcomes.get("done")
            step = replace(here, to=_put(here.to, spot, done), name=(name, "done"))
            if edge is not None and not rest and not spot.failed:
                yield from self._alone(self.entering.follow(step, done, edge))
            else:
                yield step
            yield from self._failed(here, spot, state, name)

    def _failed(self, here: Step, spot: Spot, state: State, name: str) -> Iterator[Step]:
        kind = self.definition.effects[name]
        withdrawn = self.definition.language > 1 and kind.audience is not Audience.STAFF
        left = frozenset[str]() if withdrawn else spot.pending - {name}
        failed = replace(spot, pending=left, failed=True)
        for end in ("refused", "needs-person"):
            own = state.effect_outcomes.get(end)
            step = replace(here, to=_put(here.to, spot, failed), name=(name, end))
            if own is not None:
                yield from self._alone(self.entering.follow(step, failed, own))
            elif kind.on_failure in self.definition.states:
                yield from self._alone(self.entering.move(step, failed, kind.on_failure))
            else:
                yield step

    @staticmethod
    def _alone(steps: Iterator[Step]) -> Iterator[Step]:
        return (replace(step, alone=bool(step.through)) for step in steps)


def _put(place: Place, before: Spot, after: Spot) -> Place:
    return replace(place, spots=place.spots - {before} | {after})


def _lasting(definition: Definition) -> Iterator[str]:
    """What a place says that is read later than by the join which it is about."""
    for state in definition.states.values():
        if state.waits is not None:
            yield f"closed.{state.waits.pathway}"
    own = {id(state.block.then): state.name for state in definition.states.values() if state.block}
    for edge in edges(definition):
        block = own.get(id(edge), "-")
        read = {name for branch in edge.branches for name in fields(branch.when)}
        yield from (name for name in read if name.rpartition(".")[0] != block)
    for table in definition.tables.values():
        yield from (name for row in table.rows for name in fields(row.when))
