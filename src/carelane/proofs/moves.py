"""What can happen to a case in a state, and what each thing can bring in: events, people, clocks, effects' ends.

An event may bring any value of the inputs that lie in the roles its fact carries (`facts.vocabulary`), or leave them
as they were; a task brings what its form holds; clocks and effects bring nothing but time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from carelane.facts.vocabulary import FACTS
from carelane.pathways.definition import Definition, Edge, FormField, InputType, Reduce, State
from carelane.pathways.payloads import parts
from carelane.pathways.waits_reader import CASE_CLOSED
from carelane.proofs.cells import ELAPSED, Coordinate, Space, closed_name
from carelane.proofs.reads import code_of, counted_lists, form_field, inside, options_for

EFFECT_ENDS = ("done", "refused", "needs-person")


Intakes: TypeAlias = "tuple[Intake, ...]"


class Kind(StrEnum):
    """Who moves the case."""

    EVENT = "event"
    TASK = "task"
    CLOCK = "clock"
    EFFECT = "effect"


@dataclass(frozen=True, slots=True)
class Intake:
    """One way in which values come in: `open_` may change to any of these cells, `forced` must be among them.

    `apart` are the coordinates that are looked at one by one: forced ones, and those that only rise.
    """

    open_: int = 0
    forced: int = 0
    apart: tuple[Coordinate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One thing that can happen in a state. `edge` is what answers it; none: nothing but time or a person's call."""

    kind: Kind
    name: str  # the event, the task, the state whose clock runs out, or the effect
    outcome: str = ""
    edge: Edge | None = None
    intakes: tuple[Intake, ...] = (Intake(),)
    counts: tuple[str, ...] = ()  # counters that an outcome adds to, before its edge is chosen
    needs: tuple[FormField, ...] = ()  # what the form must hold for the outcome
    state: str = ""  # the state that a task stands in, or whose clock it is
    joins: str = ""  # the block that goes on by it, when it ends the last region

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the other moves in a state."""
        return self.kind, self.name, self.outcome

    @property
    def tells(self) -> bool:
        """Whether it changes nothing but what is known."""
        branches = self.edge.branches if self.edge is not None else ()
        if self.kind is not Kind.EVENT:
            return False
        if self.outcome:
            return self.edge is None
        return len(branches) == 1 and branches[0].then == "stay" and not branches[0].sets

    @property
    def alone(self) -> bool:
        """Whether clocks or effects do it, without anybody and without news."""
        return self.kind in (Kind.CLOCK, Kind.EFFECT)

    @property
    def words(self) -> str:
        """The move as a person says it."""
        if self.kind is Kind.CLOCK:
            return f"the clock of `{self.name}` runs out"
        if self.kind is Kind.EVENT:
            return f"`{self.name}` comes"
        who = "somebody ends task" if self.kind is Kind.TASK else "effect"
        return f"{who} `{self.name}`: {self.outcome}"


@dataclass(frozen=True, slots=True)
class Moves:
    """The moves of a pathway, by state; each is worked out once."""

    definition: Definition
    space: Space
    _events: dict[str, Intakes] = field(default_factory=dict)
    _states: dict[str, tuple[Move, ...]] = field(default_factory=dict)
    _telling: dict[str, tuple[Move, ...]] = field(default_factory=dict)

    def starts(self) -> Iterator[Move]:
        """Events that open a case."""
        for event in self.definition.events.values():
            if event.start is not None:
                yield self._event(event.name, self.definition.start)

    def reopening(self) -> Iterator[tuple[Move, str]]:
        """Events that bring a closed case back, and at which state."""
        for event in self.definition.events.values():
            if event.reopens is not None:
                yield self._event(event.name, None), event.reopens.at

    def of(self, state: State) -> tuple[Move, ...]:
        """What people, events and the clock can do in an open state."""
        known = self._states.get(state.name)
        if known is None:
            known = (
                *self._tasks(state),
                *self._heard(state),
                *self._others(state),
                self._clock(state),
            )
            self._states[state.name] = known
        return known

    def telling(self, state: State) -> tuple[Move, ...]:
        """The moves in an open state that change nothing but what is known."""
        known = self._telling.get(state.name)
        if known is None:
            known = self._telling[state.name] = tuple(one for one in self.of(state) if one.tells)
        return known

    def _heard(self, state: State) -> Iterator[Move]:
        """Events that an open state does not ignore."""
        for name in self.definition.events:
            edge = state.on.get(name)
            if edge is None and not state.region:  # inside a block, the block answers the rest
                edge = self.definition.everywhere.get(name)
            if edge is not None and not edge.ignore:
                yield self._event(name, edge)

    def _others(self, state: State) -> Iterator[Move]:
        """Other cases that end: who waits goes on, else it is remembered."""
        every = [one.waits for one in self.definition.states.values() if one.waits is not None]
        for pathway in dict.fromkeys(waits.pathway for waits in every):
            one = self.space.coordinates[closed_name(pathway)]
            mine = state.waits if state.waits and state.waits.pathway == pathway else None
            for number, outcome in enumerate(one.cells):
                if outcome is None or (mine is None and state.region):
                    continue
                edge = mine.outcomes.get(str(outcome), mine.otherwise) if mine is not None else None
                bit = one.bits([number])
                told = Intake(bit, bit, (one,)) if mine is None else Intake()
                yield Move(
                    kind=Kind.EVENT, name=CASE_CLOSED, outcome=f"{pathway} {outcome}", edge=edge,
                    intakes=(told,),
                )  # fmt: skip

    def _tasks(self, state: State) -> Iterator[Move]:
        kind = self.definition.tasks.get(state.task)
        for outcome, edge in state.outcomes.items() if kind is not None else ():
            needs = tuple(one for one in kind.form if outcome in one.required_for) if kind else ()
            yield Move(
                kind=Kind.TASK,
                name=state.task,
                outcome=outcome,
                edge=edge,
                counts=tuple(one.name for one in state.counters if one.add == outcome),
                needs=needs,
                intakes=(self._filled_in(state, needs),),
                state=state.name,
            )

    def _clock(self, state: State) -> Move:
        fallback = state.fallback
        edge = fallback.edge if fallback is not None and not fallback.repeat else None
        return Move(kind=Kind.CLOCK, name=state.name, edge=edge, state=state.name)

    def effects(self, state: State, pending: frozenset[str]) -> Iterator[Move]:
        """Ends of the effects that the state started."""
        for name in sorted(pending):
            for end in EFFECT_ENDS:
                yield Move(
                    kind=Kind.EFFECT, name=name, outcome=end, edge=state.effect_outcomes.get(end)
                )

    def _event(self, name: str, edge: Edge | None) -> Move:
        intakes = self._events.get(name)
        if intakes is None:
            intakes = self._events[name] = tuple(self._brought(name))
        return Move(kind=Kind.EVENT, name=name, edge=edge, intakes=intakes)

    def _intake(self, open_: int, forced: int) -> Intake:
        apart = tuple(
            one
            for one in self.space.coordinates.values()
            if open_ & one.mask and (one.rises or forced & one.mask)
        )
        return Intake(open_, forced, apart)

    def _brought(self, event: str) -> Iterator[Intake]:
        """With every role that is counted in, and without: a count of nothing is 0, not missing."""
        kind = FACTS.get(event)
        coming = [one for one in self._outside() if kind is None or role_of(one) in kind.roles]
        lists = {one.path for one in counted_lists(self.definition)}
        told = [one for one in coming if is_count(one) and self._tells(one, lists)]
        counted = {role_of(one) for one in told}
        for chosen in _subsets(sorted(counted)):
            here = [one for one in coming if role_of(one) not in counted - chosen]
            shared = {_path(one) for one in here if one in told} & lists
            for full in _subsets(sorted(shared)):
                yield self._listing(here, told, full, shared - full)

    @staticmethod
    def _tells(one: Coordinate, lists: set[str]) -> bool:
        """Whether it matters that a count is said: 0 is not like missing, or says that nothing else is in its list."""
        return one.like_missing is None or _path(one) in lists

    def _listing(
        self, here: list[Coordinate], told: list[Coordinate], full: set[str], empty: set[str]
    ) -> Intake:
        """With something in these lists, nothing in those."""
        open_, forced = 0, 0
        for one in here:
            cells = one.given
            if one in told and _path(one) in full:
                cells &= ~one.holding(0)
            elif one in told and _path(one) in empty:
                cells = one.holding(0)
            elif one.given_by is not None and any(inside(one.given_by, each) for each in empty):
                cells = 0
            open_ |= cells
            forced |= cells if one in told else 0
        return self._intake(open_, forced)

    def _outside(self) -> Iterator[Coordinate]:
        for one in self.space.coordinates.values():
            given = one.given_by
            if given is not None and given.path and not given.path.startswith("task."):
                yield one

    def _filled_in(self, state: State, needs: tuple[FormField, ...]) -> Intake:
        kind = self.definition.tasks[state.task]
        needed = {one.name for one in needs}
        coming, forced = 0, 0
        for one in self.space.coordinates.values():
            given = one.given_by
            options = options_for(kind, given) if given is not None and form_field(given) else None
            if given is None or options is None or not state.name.startswith(given.within):
                continue
            cells = self._sayable(one, options)
            if given.type is InputType.BOOLEAN and form_field(given) in needed:
                cells = one.bits([one.cells.index(True)])  # a needed yes or no is an attestation
            coming |= cells
            typed = bool(options) and all(code_of(given, each) for each in options)
            if form_field(given) in needed and (typed or given.type is InputType.BOOLEAN):
                forced |= cells
        return self._intake(coming, forced)

    def _sayable(self, one: Coordinate, options: tuple[str, ...]) -> int:
        if not options or one.given_by is None:
            return one.given
        codes = {code_of(one.given_by, option) for option in options}
        known = enumerate((one.like_missing, *one.cells[1:]))
        return one.bits(n for n, cell in known if cell is not None and cell in codes)

    def aged(self, box: int) -> int:
        """The same box some time later: what is left until a moment only falls."""
        for one in self.space.falling:
            if one.name == ELAPSED:
                box |= one.mask
            elif own := box & one.given:
                box |= one.given & ((1 << own.bit_length()) - 1)
        return box

    def after(self, box: int, move: Move) -> Iterator[int]:
        """What can be known once the move's values are in, as boxes: what came, or what was known before."""
        box = self.aged(box)
        for name in move.counts:
            box = counted(box, self.space.coordinates[name])
        for intake in move.intakes:
            taken = box | intake.open_
            for one in intake.apart:
                taken = taken & ~one.mask | _taken(box, one, intake)
            yield taken


def _taken(box: int, one: Coordinate, intake: Intake) -> int:
    before, new = box & one.mask, intake.open_ & one.mask
    if one.rises and not before & one.missing:
        new &= ~((before & -before) - 1)
    if intake.forced & one.mask:
        return new | before & one.given if one.rises else new
    return before | new


def counted(box: int, one: Coordinate) -> int:
    """A box after one has been added to a counter: never past its bound."""
    own = box & one.mask
    top = 1 << (one.offset + len(one.cells) - 1)
    return box & ~one.mask | (own << 1 | own & top) & one.mask


def _path(one: Coordinate) -> str:
    return one.given_by.path if one.given_by is not None else ""


def role_of(one: Coordinate) -> str:
    """The role of a fact in which a coordinate's value lies."""
    return parts(_path(one))[0]


def is_count(one: Coordinate) -> bool:
    """Whether it counts a list: a fact that carries the role says a count, even of nothing."""
    return one.given_by is not None and one.given_by.reduce is Reduce.COUNT


def _subsets(names: list[str]) -> Iterator[set[str]]:
    for chosen in reversed(range(1 << len(names))):
        yield {name for place, name in enumerate(names) if chosen >> place & 1}
