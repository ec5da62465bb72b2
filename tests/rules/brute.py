"""Judges a pathway by brute force: its own naive reading of the language, over every single world (`worlds`).

Written without the prover's code, to disagree with it where it is wrong. It knows states, events, outcomes, counters,
clocks, effects' ends, cancellation and reopening; no blocks. What it finds is the set of rules that break.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from carelane.facts.fact import Urgency
from carelane.facts.intent import Audience
from carelane.facts.vocabulary import FACTS
from carelane.pathways.definition import (
    Branch,
    Definition,
    Edge,
    Event,
    Hit,
    Input,
    InputType,
    OwnerKind,
    Reduce,
    State,
    Table,
)
from carelane.pathways.durations import duration
from carelane.pathways.guard import (
    All,
    Compare,
    Either,
    Guard,
    Missing,
    Not,
    Op,
    Value,
    Within,
)
from tests.rules.worlds import Worlds, count

WORLDS_MAX = 500_000
_COMPARE: Mapping[Op, Callable[[float, float], bool]] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
}
To = Callable[[int], Sequence[int]]


class NotForMe(Exception):  # the pathway says what this judge does not read
    """Blocks, waits, comparisons of fields or of time: not read here."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case stands: a state, effects whose ends it waits for, whether one failed, whether it is cancelled."""

    state: str
    pending: frozenset[str] = frozenset()
    failed: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can happen at a place: which values may change, for which worlds, and what then changes."""

    changes: Mapping[str, To]
    when: int
    to: Place
    after: Mapping[str, To]
    alone: bool = False
    stays: bool = False
    name: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Judge:
    """One pathway being judged, over domains that may be narrowed."""

    definition: Definition
    narrowed: Mapping[str, Sequence[Value | None]] = field(default_factory=dict)
    worlds: Worlds = field(init=False)
    outputs: dict[str, dict[Value | None, int]] = field(default_factory=dict)
    _guards: dict[Guard, int] = field(default_factory=dict)
    _steps: dict[Place, tuple[Step, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _refuse(self.definition)
        dimensions = dict(_dimensions(self.definition, self.narrowed))
        if count(dimensions) > WORLDS_MAX:
            raise NotForMe(f"{count(dimensions)} worlds")
        self.worlds = Worlds(dimensions)
        for table in self.definition.tables.values():
            for name, by_value in self._answers(table).items():
                self.outputs[name] = by_value

    # What holds where

    def guard(self, guard: Guard) -> int:
        """The worlds in which a guard holds."""
        if guard not in self._guards:
            self._guards[guard] = self._guard(guard)
        return self._guards[guard]

    def _guard(self, guard: Guard) -> int:
        match guard:
            case All(parts):
                found = self.worlds.every
                for part in parts:
                    found &= self.guard(part)
                return found
            case Either(parts):
                found = 0
                for part in parts:
                    found |= self.guard(part)
                return found
            case Not(part):
                return self.worlds.every & ~self.guard(part)
            case Compare(name) | Within(name) | Missing(name):
                if name in self.outputs:
                    return _union(w for v, w in self.outputs[name].items() if _atom(guard, v))
                return self.worlds.where(name, lambda value: _atom(guard, value))
            case _:
                raise NotForMe(type(guard).__name__)

    def _answers(self, table: Table) -> dict[str, dict[Value | None, int]]:
        hits = self.hits(table)
        found: dict[str, dict[Value | None, int]] = {}
        for name in table.outputs:
            answered = 0
            by_value: dict[Value | None, int] = {}
            for row, worlds in zip(table.rows, hits, strict=True):
                value = row.then.get(name)
                by_value[value] = by_value.get(value, 0) | worlds
                answered |= worlds
            by_value[None] = by_value.get(None, 0) | self.worlds.every & ~answered
            found[name] = by_value
        return found

    def hits(self, table: Table) -> list[int]:
        """The worlds in which each row answers."""
        holds = [self.guard(row.when) for row in table.rows]
        if table.hit is Hit.UNIQUE:
            return [
                here & ~_union(other for n, other in enumerate(holds) if n != number)
                for number, here in enumerate(holds)
            ]
        left, found = self.worlds.every, []
        for here in holds:
            found.append(here & left)
            left &= ~here
        return found

    # What can happen

    def steps(self, place: Place) -> tuple[Step, ...]:
        """Everything that can happen at a place."""
        if place not in self._steps:
            self._steps[place] = tuple(self._all(place))
        return self._steps[place]

    def _all(self, place: Place) -> Iterator[Step]:
        if not place.state:
            yield from self._starting()
            return
        state = self.definition.states[place.state]
        if state.final:
            yield from self._reopening()
            return
        for event in self.definition.events.values():
            edge = state.on.get(event.name) or self.definition.everywhere.get(event.name)
            if edge is not None and not edge.ignore:
                yield from self._heard(place, event, edge)
        for outcome, edge in state.outcomes.items():
            changes = dict(self._filled(state, outcome))
            for counter in state.counters:
                if counter.add == outcome:
                    changes[counter.name] = _plus(counter.max)
            yield from self._edge(place, edge, changes, name=(state.task, outcome))
        if (
            state.fallback is not None
            and state.fallback.edge is not None
            and not state.fallback.repeat
        ):
            yield from self._edge(place, state.fallback.edge, {}, alone=True)
        yield from self._ended(place, state)

    def _starting(self) -> Iterator[Step]:
        for event in self.definition.events.values():
            if event.start is not None:
                for changes in self._brought(event):
                    for step in self._edge(Place(""), self.definition.start, changes):
                        when = step.when & self.guard(event.start.when)
                        yield Step(step.changes, when, step.to, step.after)

    def _reopening(self) -> Iterator[Step]:
        for event in self.definition.events.values():
            if event.reopens is not None:
                for changes in self._brought(event):
                    to, after = self._enter(event.reopens.at, cancelled=False)
                    yield Step(changes, self.worlds.every, to, after)

    def _heard(self, place: Place, event: Event, edge: Edge) -> Iterator[Step]:
        here = place
        if event.cancels:
            staff = {
                n for n in place.pending if self.definition.effects[n].audience is Audience.STAFF
            }
            here = Place(place.state, frozenset(staff), place.failed, cancelled=True)
        for changes in self._brought(event):
            yield from self._edge(here, edge, changes)

    def _ended(self, place: Place, state: State) -> Iterator[Step]:
        for name in place.pending:
            rest = place.pending - {name}
            done = Place(place.state, rest, place.failed, place.cancelled)
            edge = state.effect_outcomes.get("done")
            if edge is not None and not rest and not place.failed:
                yield from self._edge(done, edge, {}, alone=True, name=(name, "done"))
            else:
                yield Step({}, self.worlds.every, done, {}, stays=True, name=(name, "done"))
            kind = self.definition.effects[name]
            fails = self.definition.language > 1 and kind.audience is not Audience.STAFF
            failed = Place(
                place.state, frozenset() if fails else rest, failed=True, cancelled=place.cancelled
            )
            for end in ("refused", "needs-person"):
                own = state.effect_outcomes.get(end)
                if own is not None:
                    yield from self._edge(failed, own, {}, alone=True, name=(name, end))
                elif kind.on_failure in self.definition.states:
                    to, after = self._enter(kind.on_failure, cancelled=place.cancelled)
                    yield Step({}, self.worlds.every, to, after, alone=True)
                else:
                    yield Step({}, self.worlds.every, failed, {}, stays=True)

    def _edge(
        self, place: Place, edge: Edge, changes: Mapping[str, To], *, alone: bool = False,
        name: tuple[str, str] = ("", ""),
    ) -> Iterator[Step]:  # fmt: skip
        left = self.worlds.every
        for branch in edge.branches:
            when = left & self.guard(branch.when)
            left &= ~when
            to, after = self._branch(place, branch)
            stays = branch.then == "stay"
            yield Step(changes, when, to, after, alone=alone and not stays, stays=stays, name=name)
        if left:
            yield Step(changes, left, place, {}, stays=True, name=name)

    def _branch(self, place: Place, branch: Branch) -> tuple[Place, dict[str, To]]:
        sets = {
            name: _to(list(self.worlds.dimensions[name]).index(value))
            for name, value in branch.sets.items()
            if name in self.worlds.dimensions
        }
        if branch.then == "stay":
            return place, sets
        target = place.state if branch.then == "again" else branch.then
        to, after = self._enter(target, cancelled=place.cancelled)
        return to, {**sets, **after}

    def _enter(self, name: str, *, cancelled: bool) -> tuple[Place, dict[str, To]]:
        state = self.definition.states[name]
        after = {one.name: _plus(one.max) for one in state.counters if one.add == "enter"}
        if state.final:
            return Place(name), after
        pending = frozenset(
            each
            for each in state.effects
            if self._moves(state, each) and not (cancelled and not self._staff(each))
        )
        return Place(name, pending, cancelled=cancelled), after

    def _moves(self, state: State, effect: str) -> bool:
        return (
            bool(state.effect_outcomes)
            or self.definition.effects[effect].on_failure in self.definition.states
        )

    def _staff(self, effect: str) -> bool:
        return self.definition.effects[effect].audience is Audience.STAFF

    def _brought(self, event: Event) -> Iterator[dict[str, To]]:
        """What a fact changes: with every role that it may carry, and without each that is counted."""
        kind = FACTS.get(event.name)
        mine = [
            one
            for one in self.definition.inputs.values()
            if one.name in self.worlds.dimensions
            and not one.path.startswith("task.")
            and (kind is None or one.path.split(".")[0] in kind.roles)
        ]
        roles = sorted({one.path.split(".")[0] for one in mine if one.reduce is Reduce.COUNT})
        for bits in range(1 << len(roles)):
            out = {role for n, role in enumerate(roles) if bits >> n & 1}
            yield {
                one.name: self._any(one, forced=one.reduce is Reduce.COUNT)
                for one in mine
                if one.path.split(".")[0] not in out
            }

    def _any(self, one: Input, *, forced: bool, among: Sequence[int] | None = None) -> To:
        values = self.worlds.dimensions[one.name]
        given = [n for n, value in enumerate(values) if value is not None]
        given = given if among is None else list(among)

        def to(number: int) -> list[int]:
            kept = (
                [] if forced and not (one.raise_only and values[number] is not None) else [number]
            )
            rising = one.raise_only and values[number] is not None
            return sorted({*kept, *(n for n in given if not rising or n >= number)})

        return to

    def _filled(self, state: State, outcome: str) -> Iterator[tuple[str, To]]:
        form = (
            {one.name: one for one in self.definition.tasks[state.task].form} if state.task else {}
        )
        for one in self.definition.inputs.values():
            path = one.path.split(".")
            asked = form.get(path[2]) if path[:2] == ["task", "form"] else None
            if asked is None or one.name not in self.worlds.dimensions:
                continue
            values = self.worlds.dimensions[one.name]
            needed = outcome in asked.required_for
            if asked.options:
                codes = {one.aliases.get(each.casefold(), each) for each in asked.options}
                among = [n for n, value in enumerate(values) if value in codes]
                yield one.name, self._any(one, forced=needed, among=among)
            elif one.type is InputType.BOOLEAN and needed:
                yield one.name, self._any(one, forced=True, among=[list(values).index(True)])
            else:
                yield one.name, self._any(one, forced=False)

    # Walking

    def apply(self, step: Step, worlds: int) -> int:
        """Where a step leads from these worlds."""
        for name, to in step.changes.items():
            worlds = self.worlds.moved(worlds, name, to)
        worlds &= step.when
        for name, to in step.after.items():
            worlds = self.worlds.moved(worlds, name, to)
        return worlds

    def unapply(self, step: Step, worlds: int) -> int:
        """From where a step leads into these worlds."""
        for name, to in step.after.items():
            worlds = self.worlds.back(worlds, name, to)
        worlds &= step.when
        for name, to in step.changes.items():
            worlds = self.worlds.back(worlds, name, to)
        return worlds

    def reached(self, without: frozenset[tuple[str, str]] = frozenset()) -> dict[Place, int]:
        """Every place with the worlds in which it is reached, by steps that are not named."""
        start = Place("")
        found = {start: self.worlds.one({})}
        fresh = dict(found)
        while fresh:
            place = next(iter(fresh))
            worlds = fresh.pop(place)
            for step in self.steps(place):
                if step.name in without:
                    continue
                there = self.apply(step, worlds) & ~found.get(step.to, 0)
                if there:
                    found[step.to] = found.get(step.to, 0) | there
                    fresh[step.to] = fresh.get(step.to, 0) | there
        return found


def narrowed(definition: Definition, most: int = WORLDS_MAX) -> dict[str, list[Value | None]]:
    """Small domains: missing and what is told apart, the widest cut, down to missing and one value, until all fits."""
    domains = {name: list(values) for name, values in _dimensions(definition, {})}
    inputs = [name for name in domains if name in definition.inputs]
    while count(domains) > most:
        widest = max(inputs, key=lambda name: len(domains[name]))
        if len(domains[widest]) <= (
            2 if most == WORLDS_MAX else 3
        ):  # a short run leaves large ones out
            raise NotForMe(f"{count(domains)} worlds")
        domains[widest].pop()
    return domains


def judge(
    definition: Definition, narrowed: Mapping[str, Sequence[Value | None]] | None = None
) -> frozenset[str]:
    """The rules that break. `narrowed` gives smaller domains for the walk; tables are judged over whole ones."""
    broken = {*_tables(definition), *_times(definition)}
    one = Judge(definition, narrowed or {})
    found = one.reached()
    entered = {place.state for place in found}
    if set(definition.states) - entered:
        broken.add("states-reachable")
    if _stuck(one, found):
        broken.add("no-dead-ends")
    if _endless(one, found):
        broken.add("loops-bounded")
    broken |= set(_promises(one))
    broken |= set(_flags(definition, narrowed or {}))
    return frozenset(broken)


def _tables(definition: Definition) -> Iterator[str]:
    """Each table over the whole domains of what it reads, directly or through other tables."""
    for table in definition.tables.values():
        read = _reads(definition, table)
        one = Judge(definition, {name: [None] for name in _names(definition) if name not in read})
        holds = [one.guard(row.when) for row in table.rows]
        if table.hit is not Hit.COLLECT and one.worlds.every & ~_union(holds):
            yield "tables-complete"
        clash = [
            (a, b)
            for b in range(len(holds))
            for a in range(b)
            if table.hit is Hit.UNIQUE and holds[a] & holds[b]
        ]
        if clash:
            yield "tables-without-conflict"
        hits = one.hits(table)
        if any(not hit for n, hit in enumerate(hits) if not any(n in pair for pair in clash)):
            yield "rows-reachable"


def _reads(definition: Definition, table: Table) -> set[str]:
    made_by = {output: each for each in definition.tables.values() for output in each.outputs}
    found: set[str] = set()
    for row in table.rows:
        for name in _guard_names(row.when):
            found |= _reads(definition, made_by[name]) if name in made_by else {name}
    return found


def _times(definition: Definition) -> Iterator[str]:
    """Safety clocks call help before they are due; required chains are long and quick enough."""
    for state in definition.states.values():
        clock = state.clock
        if (
            clock is not None
            and clock.safety
            and not any(level.after < (clock.due or timedelta(0)) for level in state.escalate)
        ):
            yield "safety-clocks"
    for given in definition.requires:
        if "chain" not in given:
            continue
        for state in definition.states.values():
            repeats = state.fallback is not None and state.fallback.repeat
            about = (
                state.name == given["at"]
                if "at" in given
                else state.task == given["chain"] and not repeats
            )
            if not about:
                continue
            last = duration(given["last_by"]) if "last_by" in given else None
            channel = given.get("last_channel")
            levels = state.escalate
            if (
                len(levels) < int(given["levels"])
                or (last is not None and levels[-1].after > last)
                or (
                    channel
                    and (levels[-1].by != channel or channel in [one.by for one in levels[:-1]])
                )
            ):
                yield "requires"


def _promises(one: Judge) -> Iterator[str]:
    for given in one.definition.requires:
        if "before" not in given:
            continue
        keeping = {
            (given.get("of", "-"), given.get("outcome", "-")),
            (given.get("done", "-"), "done"),
        }
        found = one.reached(frozenset(keeping))
        if any(place.state == given["before"] for place in found):
            yield "requires"


def _stuck(one: Judge, found: Mapping[Place, int]) -> bool:
    """Whether from somewhere no run ends."""
    good = {place: one.worlds.every for place in found if _over(one, place)}
    grown = True
    while grown:
        grown = False
        for place in found:
            if _over(one, place) or not place.state:
                continue
            known = good.get(place, 0)
            for step in one.steps(place):
                if step.to in good and known != one.worlds.every:
                    known |= one.unapply(step, good[step.to])
            if known != good.get(place, 0):
                good[place], grown = known, True
    return any(
        worlds & ~good.get(place, 0)
        for place, worlds in found.items()
        if place.state and not _over(one, place)
    )


def _over(one: Judge, place: Place) -> bool:
    return bool(place.state) and one.definition.states[place.state].final


def _endless(one: Judge, found: Mapping[Place, int]) -> bool:
    """Whether clocks and effects alone can go on for ever: what is left when every last step has been taken away."""
    left = {place: worlds for place, worlds in found.items() if place.state}
    while True:
        fewer = {
            place: worlds
            & _union(
                one.unapply(step, left[step.to])
                for step in one.steps(place)
                if step.alone and left.get(step.to)
            )
            for place, worlds in left.items()
        }
        fewer = {place: worlds for place, worlds in fewer.items() if worlds}
        if fewer == left or not fewer:
            return bool(fewer)
        left = fewer


def _flags(definition: Definition, narrowed: Mapping[str, Sequence[Value | None]]) -> Iterator[str]:
    """Red flags: remembered once seen, with the pool that took the state; counters are not counted here."""
    flags = definition.red_flags
    if flags is None:
        return
    if definition.urgency and _says_routine(definition):
        yield "red-flags-to-urgent-pools"
        return
    counters = {one.name: [None] for state in definition.states.values() for one in state.counters}
    if any(
        set(_guard_names(b.when)) & set(counters) for e in _edges(definition) for b in e.branches
    ):
        counters = {}  # they are read: count them
    one = Judge(definition, {**narrowed, **counters})
    seen = _union(
        one.guard(Within(name, frozenset(codes)))
        for name, codes in (*flags.inputs.items(), *flags.outputs.items())
    )
    urgencies = _urgencies(one)
    start: dict[tuple[Place, str, int], int] = {(Place(""), "", -1): one.worlds.one({})}
    found, fresh = dict(start), dict(start)
    while fresh:
        (place, owner, flagged) = next(iter(fresh))
        worlds = fresh.pop((place, owner, flagged))
        for step in one.steps(place):
            for urgency, here in _seen(one, step, worlds, seen, urgencies):
                mark = max(flagged, urgency)
                for pool, there in _owned(one, step, here, owner):
                    if _wrong(definition, step.to, pool, mark):
                        yield "red-flags-to-urgent-pools"
                        return
                    led = one.apply(Step({}, step.when, step.to, step.after), there)
                    key = (step.to, pool, mark)
                    new = led & ~found.get(key, 0)
                    if new:
                        found[key] = found.get(key, 0) | new
                        fresh[key] = fresh.get(key, 0) | new


def _says_routine(definition: Definition) -> bool:
    """Whether the rules ask for nothing where a red flag is there, over the whole domains of what both read."""
    one, seen = _flagged(definition)
    return bool(seen & _urgencies(one).get(0, 0))


def red_flag_rows(definition: Definition) -> list[tuple[str, int]]:
    """The rows of the urgency's table that answer where a red flag is there: table and number."""
    table = definition.tables.get(definition.urgency) or next(
        (each for each in definition.tables.values() if definition.urgency in each.outputs), None
    )
    if table is None or definition.red_flags is None:
        return []
    one, seen = _flagged(definition)
    return [
        (table.name, row.number)
        for row, hit in zip(table.rows, one.hits(table), strict=True)
        if hit & seen
    ]


def _flagged(definition: Definition) -> tuple[Judge, int]:
    """All worlds of what red flags and the urgency read, and those with a red flag."""
    flags = definition.red_flags
    every = (*flags.inputs.items(), *flags.outputs.items()) if flags is not None else ()
    names = {name for name, _ in every}
    read = names & set(definition.inputs)
    for table in definition.tables.values():
        if {*table.outputs} & {*names, definition.urgency} or table.name == definition.urgency:
            read |= _reads(definition, table)
    one = Judge(definition, {name: [None] for name in _names(definition) if name not in read})
    return one, _union(one.guard(Within(name, frozenset(codes))) for name, codes in every)


def _seen(
    one: Judge, step: Step, worlds: int, seen: int, urgencies: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """The worlds once a step's values are in, by the urgency that a red flag asks for there (-1: none)."""
    for name, to in step.changes.items():
        worlds = one.worlds.moved(worlds, name, to)
    worlds &= step.when
    if worlds & ~seen:
        yield -1, worlds & ~seen
    for urgency, where in urgencies.items():
        if worlds & seen & where:
            yield urgency, worlds & seen & where


def _urgencies(one: Judge) -> dict[int, int]:
    name = one.definition.urgency
    ranks = {each.name.lower(): int(each) for each in Urgency}
    table = one.definition.tables.get(name)
    output = name if table is None or name in table.outputs else next(iter(table.outputs))
    if output in one.outputs:
        found: dict[int, int] = {}
        for value, worlds in one.outputs[output].items():
            rank = ranks.get(str(value), 0)
            found[rank] = found.get(rank, 0) | worlds
        return found
    return {rank: one.guard(Compare(name, Op.EQ, code)) for code, rank in ranks.items()}


def _owned(one: Judge, step: Step, worlds: int, owner: str) -> Iterator[tuple[str, int]]:
    """By the pool that owns the state afterwards: the table's answer where the state is entered."""
    state = one.definition.states[step.to.state]
    if state.final or state.owner is None:
        yield "", worlds
    elif step.stays:
        yield owner, worlds
    elif state.owner.table:
        for value, where in one.outputs[state.owner.table].items():
            if worlds & where:
                yield str(value) if value is not None else state.owner.name, worlds & where
    else:
        yield state.owner.name if state.owner.kind is OwnerKind.POOL else "", worlds


def _wrong(definition: Definition, place: Place, pool: str, flagged: int) -> bool:
    state = definition.states[place.state]
    if flagged < 0 or state.final:
        return False
    if flagged == 0 and (definition.urgency or state.urgency is None):
        return True
    wanted = max(Urgency(flagged), state.urgency or Urgency.ROUTINE)
    return bool(pool) and wanted not in definition.pools.get(pool, ())


def _refuse(definition: Definition) -> None:
    for state in definition.states.values():
        if state.block is not None or state.waits is not None:
            raise NotForMe("blocks and waits")
    for guard in _guards(definition):
        for part in _parts(guard):
            if not isinstance(part, Compare | Within | Missing):
                raise NotForMe(type(part).__name__)


def _dimensions(
    definition: Definition, narrowed: Mapping[str, Sequence[Value | None]]
) -> Iterator[tuple[str, Sequence[Value | None]]]:
    read = {name for guard in _guards(definition) for name in _guard_names(guard)}
    for one in (*definition.inputs.values(), *definition.variables.values()):
        if one.name in read:
            yield one.name, narrowed.get(one.name) or _domain(definition, one)
    counters = {one.name: one.max for state in definition.states.values() for one in state.counters}
    for name, most in counters.items():
        yield name, narrowed.get(name) or [None, *range(1, most + 1)]


def _domain(definition: Definition, one: Input) -> list[Value | None]:
    """Missing, and one value for each way in which the conditions on it can turn out."""
    if one.type is InputType.CODE:
        every: list[Value] = list(one.codes)
    elif one.type is InputType.BOOLEAN:
        every = [False, True]
    else:
        every = _around(definition, one)
    atoms = [
        part for guard in _guards(definition) for part in _parts(guard) if part.field == one.name
    ]
    if one.raise_only or one.name in definition.variables:
        return [None, *every]
    signs: dict[tuple[bool, ...], Value] = {}
    for value in every:
        signs.setdefault(
            (*(_atom(atom, value) for atom in atoms), *_options(definition, one, value)), value
        )
    return [None, *signs.values()]


def _options(definition: Definition, one: Input, value: Value) -> list[bool]:
    path = one.path.split(".")
    fields = [
        f
        for task in definition.tasks.values()
        for f in task.form
        if path[:2] == ["task", "form"] and f.name == path[2]
    ]
    return [value in f.options for f in fields if f.options]


def _around(definition: Definition, one: Input) -> list[Value]:
    found: set[Value] = set()
    for guard in _guards(definition):
        for part in _parts(guard):
            if part.field == one.name and isinstance(part, Compare):
                at = part.literal
                if isinstance(at, datetime | date):
                    found |= {at - timedelta(days=1), at, at + timedelta(days=1)}
                elif isinstance(at, int | float):
                    found |= {at - 1, at, at + 1}
    if not found:
        return [
            {
                InputType.DATE: date(2026, 1, 1),
                InputType.INSTANT: datetime(2026, 1, 1, tzinfo=UTC),
            }.get(one.type, 1)
        ]
    least = 0 if one.reduce is Reduce.COUNT else None
    return sorted((v for v in found if least is None or v >= least), key=str)  # type: ignore[operator]  # numbers


def _atom(atom: Guard, value: Value | None) -> bool:
    match atom:
        case Missing(_):
            return value is None
        case Within(_, members):
            return value is not None and value in members
        case Compare(_, op, literal):
            return value is not None and _COMPARE[op](value, literal)  # type: ignore[arg-type]  # one ordered type
        case _:
            raise NotForMe(type(atom).__name__)


def _guards(definition: Definition) -> Iterator[Guard]:
    yield from (event.start.when for event in definition.events.values() if event.start is not None)
    yield from (row.when for table in definition.tables.values() for row in table.rows)
    yield from (branch.when for edge in _edges(definition) for branch in edge.branches)


def _edges(definition: Definition) -> Iterator[Edge]:
    yield definition.start
    yield from definition.everywhere.values()
    for state in definition.states.values():
        yield from (*state.outcomes.values(), *state.on.values(), *state.effect_outcomes.values())
        if state.fallback is not None and state.fallback.edge is not None:
            yield state.fallback.edge


def _parts(guard: Guard) -> Iterator[Compare | Within | Missing]:
    match guard:
        case All(parts) | Either(parts):
            for part in parts:
                yield from _parts(part)
        case Not(part):
            yield from _parts(part)
        case Compare() | Within() | Missing():
            yield guard
        case _:
            raise NotForMe(type(guard).__name__)


def _guard_names(guard: Guard) -> set[str]:
    return {part.field for part in _parts(guard)}


def _names(definition: Definition) -> set[str]:
    counters = {one.name for state in definition.states.values() for one in state.counters}
    return {*definition.inputs, *definition.variables, *counters}


def _plus(most: int) -> To:
    return lambda number: [min(number + 1, most)]


def _to(number: int) -> To:
    return lambda _: [number]


def _union(many: Iterator[int] | Sequence[int]) -> int:
    found = 0
    for each in many:
        found |= each
    return found
