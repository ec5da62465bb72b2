"""Lets the engine decide one move on one representative: a case as it stood, with other values put in (`turns`).

A scene is a case that the engine itself brought about. Only its values and counters are replaced; facts are made as
`playing` makes them, so that what is proved here is what a text table runs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from carelane.cases import next_due
from carelane.cases.model import Case, OpenStep, RegionView, Step, View
from carelane.cases.prepared import prepare, rank
from carelane.cases.words import CLOCK_EXPIRED
from carelane.facts.replacing import replace
from carelane.pathways import tables
from carelane.pathways.definition import Definition, FormField, Join, JoinKind, State
from carelane.pathways.guard import Value
from carelane.pathways.trial import IN, STARTS, Happening, Trial, TrialRow
from carelane.pathways.wording import value_text
from carelane.proofs.cells import ELAPSED, Ahead, Coordinate, Space, value_of
from carelane.proofs.moves import Kind, Move, is_count, role_of
from carelane.proofs.playing import Playing, happen, playing
from carelane.proofs.reads import code_of, form_field

KEY = "K1"
_ROUNDS_MAX = 60
_SECOND = timedelta(seconds=1)
_UNREADABLE = "one of these days"  # where a moment must be said and reads as missing
_NEVER = "never"
_NEVER_AT = datetime(2999, 1, 1, tzinfo=UTC)
_NOBODY = UUID(int=0)
_TRIAL = Trial(title="proof", starts=STARTS, rows=())
_FILLED = {
    "boolean": "true",
    "date": "2026-11-30",
    "instant": "2026-11-30T14:00:00Z",
    "person": "somebody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A subject as the engine left it, and when."""

    view: View
    now: datetime

    @property
    def case(self) -> Case | None:
        """The case, open or closed."""
        return next(iter((*self.view.cases, *self.view.closed)), None)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where moves are played."""

    definition: Definition
    space: Space
    _held: dict[str, Definition] = field(default_factory=dict)

    def empty(self) -> Scene:
        """Nothing has happened yet."""
        run = playing(self.definition, _TRIAL)
        return Scene(view=run.view, now=run.now)

    def decide(
        self, scene: Scene, move: Move, before: int, after: int, within: str = ""
    ) -> tuple[Scene, tuple[Step, ...]]:
        """Decide a move on a scene: `before` and `after` say one cell of each coordinate.

        Within a region the blocks around it are held: its end is looked at by itself, joins are decided by `join`.
        """
        if not within:
            return self._play(self.definition, scene, move, before, after)
        return self._play(self._holding(""), self._open_ended(scene, ""), move, before, after)

    def join(  # noqa: PLR0913, PLR0917  # what a join depends on
        self,
        scene: Scene,
        move: Move,
        before: int,
        after: int,
        last: str,
        others: Mapping[str, str],
    ) -> tuple[Scene, tuple[Step, ...]]:
        """Decide the move that ends region `last`; `others` of its block, by `block/region`: how they ended, if so."""
        block = last.rpartition("/")[0]
        stood = self._with_regions(self._open_ended(scene, block), last, others)
        return self._play(self._holding(block), stood, move, before, after)

    def _play(  # a move and where it is made
        self, definition: Definition, scene: Scene, move: Move, before: int, after: int
    ) -> tuple[Scene, tuple[Step, ...]]:
        run = playing(definition, _TRIAL)
        run.now = scene.now
        run.view = self._dressed(scene, before, move, _decided_at(scene, move))
        if move.kind is Kind.CLOCK:
            ring(run, move.state)
        else:
            run.now = _decided_at(scene, move)
            given = self.given(move, before, after, run.now)
            happen(run, row_of(move, given, timedelta(0)))
        return Scene(view=_undressed(run.view, scene.view), now=run.now), tuple(run.last)

    def _holding(self, block: str) -> Definition:
        """The definition with every block but this one waiting for all its regions."""
        known = self._held.get(block)
        if known is None:
            states = {
                name: _waiting_for_all(state) if name != block else state
                for name, state in self.definition.states.items()
            }
            known = self._held[block] = replace(self.definition, states=states)
        return known

    def _open_ended(self, scene: Scene, block: str) -> Scene:
        """A scene whose blocks, this one apart, have one more region that never ends."""

        def held(case: Case) -> Case:
            states = self.definition.states
            open_ = (each.state for each in case.steps if states[each.state].block is not None)
            more = {f"{name}/{_NEVER}": RegionView() for name in open_ if name != block}
            return replace(case, regions={**case.regions, **more})

        return replace(scene, view=_each(scene.view, held))

    def _with_regions(self, scene: Scene, last: str, others: Mapping[str, str]) -> Scene:
        """A scene with these regions in the block, and no more: a case that came otherwise may have others open."""
        block = last.rpartition("/")[0]

        def stood(case: Case) -> Case:
            known = case.regions
            beside = {p: v for p, v in known.items() if p.rpartition("/")[0] != block}
            going = {path: known.get(path, RegionView()) for path, end in others.items() if not end}
            ended = {path: RegionView(outcome=end) for path, end in others.items() if end}
            own = {last: known[last], **going, **ended}
            over = known.keys() - beside.keys() - going.keys() - {last}
            gone = {s.id for s in case.steps if any(self._inside(s.state, path) for path in over)}
            steps = tuple(each for each in case.steps if each.id not in gone)
            return replace(case, regions={**beside, **own}, steps=steps)

        return replace(scene, view=_each(scene.view, stood))

    def _inside(self, state: str, path: str) -> bool:
        region = self.definition.states[state].region
        while region and region != path:
            region = self.definition.states[region.rpartition("/")[0]].region
        return bool(region)

    def _dressed(self, scene: Scene, before: int, move: Move, at: datetime) -> View:
        """The scene with other values: moments stand so far ahead as the box says when the move is decided."""
        prepared = prepare(self.definition)
        keys = dict.fromkeys(prepared.key_names, frozenset((KEY,)))
        values, counters = self.known(before, at)
        asked = rank(values.get(prepared.urgency))  # what is known has raised the case before

        def dress(case: Case) -> Case:
            steps = tuple(self._timed(before, each, move) for each in case.steps)
            return replace(
                case, values=values, counters=counters, keys=keys, stale={}, steps=steps,
                urgency=max(case.urgency, asked),
            )  # fmt: skip

        return _each(scene.view, dress)

    def _timed(self, box: int, step: OpenStep, move: Move) -> OpenStep:
        """A step as long open as the box says; while one clock runs out, the others stand far off."""
        if move.kind is Kind.CLOCK and step.state != move.state:
            far = replace(step.clock, next_at=_NEVER_AT, due_at=_NEVER_AT, warned=True)
            return replace(step, clock=far)
        one = self.space.coordinates.get(ELAPSED)
        cell = one.cell(box) if one is not None else None
        if not isinstance(cell, Ahead):
            return step
        end = step.clock.due_at + _SECOND if move.kind is Kind.CLOCK else step.opened_at
        return replace(step, opened_at=end - cell.rest)

    def known(self, box: int, now: datetime) -> tuple[dict[str, Value | None], dict[str, int]]:
        """Values (with what the tables make of them) and counters of one cell each."""
        values: dict[str, Value | None] = {}
        counters: dict[str, int] = {}
        for name, one in self.space.coordinates.items():
            cell = one.cell(box)
            if one.given_by is not None and cell is not None:
                values[name] = value_of(cell, one.given_by, now)
                if name.startswith("closed."):
                    values[f"{name}.at"] = now
            elif isinstance(cell, int):
                counters[name] = cell
        for table in prepare(self.definition).tables:
            found = tables.answer(table, {**values, **counters}, now=now, entered_at=now)
            values.update(found.outputs)
        return values, counters

    def given(self, move: Move, before: int, after: int, now: datetime) -> dict[str, str]:
        """What the fact of a move says, as a trial's row names it."""
        if move.kind is Kind.EVENT:
            keys = dict.fromkeys(self.definition.events[move.name].keys, KEY)
            if move.outcome:
                pathway, _, outcome = move.outcome.partition(" ")
                return keys | {"pathway": pathway, "outcome": outcome}
            return keys | dict(self._brought(move, before, after, now))
        if move.kind is Kind.TASK:
            return self._form(move, before, after, now) | self._where(move)
        return {}

    def _where(self, move: Move) -> dict[str, str]:
        """In which state, where a task of this kind may be open in several."""
        alike = [
            one for one in self.definition.states.values() if one.task == move.name and one.region
        ]
        return {IN: move.state} if len(alike) > 1 else {}

    def _brought(
        self, move: Move, before: int, after: int, now: datetime
    ) -> Iterator[tuple[str, str]]:
        forced, given = self._forced(move, after), before ^ after
        taken = [(name, one) for name, one in self._taken(move) if after & one.mask & one.given]
        said = {role_of(one) for _, one in taken if (forced | given) & one.mask}
        for name, one in taken:
            if (forced | given) & one.mask or (is_count(one) and role_of(one) in said):
                yield name, value_text_of(one, after, now)

    def _forced(self, move: Move, after: int) -> int:
        """What must be said, by the richest way in which these values can have come."""
        for intake in move.intakes:
            if all(
                after & one.mask & intake.forced
                for _, one in self._taken(move)
                if intake.forced & one.mask
            ):
                return intake.forced
        return 0

    def _taken(self, move: Move) -> Iterator[tuple[str, Coordinate]]:
        coming = 0
        for intake in move.intakes:
            coming |= intake.open_
        for name, one in self.space.coordinates.items():
            if coming & one.mask:
                yield name, one

    def _form(self, move: Move, before: int, after: int, now: datetime) -> dict[str, str]:
        form = {one.name: _filled(one) for one in move.needs}
        for _, one in self._taken(move):
            given = one.given_by
            changed = (before ^ after) & one.mask
            if given is None:
                continue
            name = form_field(given)
            if not after & one.given:
                form.update({name: _UNREADABLE} if one.falls and name in form else {})
                continue
            if changed or name in form:
                form[name] = self._option(move, one, after, now)
        return form

    def _option(self, move: Move, one: Coordinate, after: int, now: datetime) -> str:
        text = value_text_of(one, after, now)
        given = one.given_by
        for asked in self.definition.tasks[move.name].form:
            if given is not None and asked.name == form_field(given):
                return next((each for each in asked.options if code_of(given, each) == text), text)
        return text


def value_text_of(one: Coordinate, box: int, now: datetime) -> str:
    """The value of a coordinate's lowest cell in a box, as a row writes it."""
    value = value_of(one.cell(box), one.given_by, now)
    value = one.like_missing if value is None else value
    if value is not None and one.given_by is not None and one.given_by.phrases:
        said = (phrase for phrase, code in one.given_by.phrases.items() if code == value)
        return next(said, "").replace(" ", "-")
    return "" if value is None else value_text(value).strip('"')


def row_of(move: Move, given: Mapping[str, str], at: timedelta) -> TrialRow:
    """A move as a trial's row."""
    kind = "nothing" if move.kind is Kind.CLOCK else move.kind.value
    happens = Happening(kind=kind, name=move.name, outcome=move.outcome, given=given)
    return TrialRow(line=1, at=at, happens=happens, expects=(), text="")


def _decided_at(scene: Scene, move: Move) -> datetime:
    """When a move is decided: a clock when it has run out, all else a moment later, as ids come from the time."""
    if move.kind is Kind.CLOCK and scene.case is not None:
        due = [each.clock.due_at for each in scene.case.steps if each.state == move.state]
        return max(scene.now, *due) + _SECOND
    return scene.now + _SECOND


def ring(run: Playing, state: str = "") -> None:
    """Let time pass until the clock of a state (empty: any) has run out."""
    steps: dict[UUID, str] = {}
    for _ in range(_ROUNDS_MAX):
        steps |= {each.id: each.state for case in run.view.cases for each in case.steps}
        due = next_due(run.view)
        if due is None or due >= _NEVER_AT:
            return
        run.until(max(due + _SECOND, run.now))
        for decided in run.last:
            rung = steps.get(decided.fact.refers.get("step", _NOBODY), "")
            if decided.fact.type == CLOCK_EXPIRED and state in ("", rung):
                return


def _undressed(after: View, before: View) -> View:
    """Clocks that stood far off stand where they stood."""
    clocks = {each.id: each.clock for case in before.cases for each in case.steps}

    def undress(case: Case) -> Case:
        steps = tuple(
            replace(each, clock=clocks[each.id])
            if each.clock.due_at == _NEVER_AT and each.id in clocks
            else each
            for each in case.steps
        )
        regions = {path: view for path, view in case.regions.items() if not path.endswith(_NEVER)}
        return replace(case, steps=steps, regions=regions)

    return _each(after, undress)


def _each(view: View, change: Callable[[Case], Case]) -> View:
    return replace(
        view, cases=tuple(map(change, view.cases)), closed=tuple(map(change, view.closed))
    )


def _waiting_for_all(state: State) -> State:
    if state.block is None:
        return state
    return replace(state, block=replace(state.block, join=Join(kind=JoinKind.ALL)))


def _filled(field: FormField) -> str:
    if field.options:
        return field.options[0]
    return _FILLED.get(field.type, "given")
