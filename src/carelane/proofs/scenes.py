"""Lets the engine decide one move on one representative: a case as it stood, with other values put in (`turns`).

A scene is a case that the engine itself brought about. Only its values and counters are replaced; facts are made as
`trials` makes them, so that what is proved here is what a text table runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from carelane.cases import next_due
from carelane.cases.model import Case, Step, View
from carelane.cases.prepared import prepare
from carelane.cases.words import CLOCK_EXPIRED
from carelane.pathways import tables
from carelane.pathways.definition import Definition, FormField
from carelane.pathways.guard import Value
from carelane.pathways.trial import STARTS, Happening, Trial, TrialRow
from carelane.pathways.wording import value_text
from carelane.proofs.cells import ELAPSED, Ahead, Coordinate, Space, value_of
from carelane.proofs.moves import Kind, Move
from carelane.proofs.reads import code_of, form_field
from carelane.proofs.trials import Playing, happen, playing

TOKEN = "K1"
_ROUNDS_MAX = 60
_SECOND = timedelta(seconds=1)
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

    def empty(self) -> Scene:
        """Nothing has happened yet."""
        run = playing(self.definition, _TRIAL)
        return Scene(view=run.view, now=run.now)

    def decide(
        self, scene: Scene, move: Move, before: int, after: int
    ) -> tuple[Scene, tuple[Step, ...]]:
        """Decide a move on a scene: `before` and `after` say one cell of each coordinate."""
        run = playing(self.definition, _TRIAL)
        run.now = scene.now
        run.view = self._dressed(scene, before, move)
        if move.kind is Kind.CLOCK:
            ring(run)
        else:
            run.now = scene.now + _SECOND  # ids come from the time, so no two facts share one
            given = self.given(move, before, after, run.now)
            happen(run, row_of(move, given, timedelta(0)))
        return Scene(view=run.view, now=run.now), tuple(run.last)

    def _dressed(self, scene: Scene, before: int, move: Move) -> View:
        def dress(case: Case) -> Case:
            values, counters = self.known(before, scene.now)
            steps = tuple(
                replace(each, opened_at=self._opened(before, each.opened_at, each.clock.due_at, move))
                for each in case.steps
            )
            return replace(case, values=values, counters=counters, stale={}, steps=steps)

        view = scene.view
        return replace(
            view, cases=tuple(map(dress, view.cases)), closed=tuple(map(dress, view.closed))
        )

    def _opened(self, box: int, opened: datetime, due: datetime, move: Move) -> datetime:
        one = self.space.coordinates.get(ELAPSED)
        cell = one.cell(box) if one is not None else None
        if not isinstance(cell, Ahead):
            return opened
        return (due + _SECOND if move.kind is Kind.CLOCK else opened) - cell.rest

    def known(self, box: int, now: datetime) -> tuple[dict[str, Value | None], dict[str, int]]:
        """Values (with what the tables make of them) and counters of one cell each."""
        values: dict[str, Value | None] = {}
        counters: dict[str, int] = {}
        for name, one in self.space.coordinates.items():
            cell = one.cell(box)
            if one.given_by is not None:
                values[name] = value_of(cell, one.given_by, now)
            elif isinstance(cell, int):
                counters[name] = cell
        for table in prepare(self.definition).tables:
            found = tables.answer(table, {**values, **counters}, now=now, entered_at=now)
            values.update(found.outputs)
        return values, counters

    def given(self, move: Move, before: int, after: int, now: datetime) -> dict[str, str]:
        """What the fact of a move says, as a trial's row names it."""
        if move.kind is Kind.EVENT:
            keys = dict.fromkeys(self.definition.events[move.name].keys, TOKEN)
            return keys | dict(self._brought(move, before, after, now))
        if move.kind is Kind.TASK:
            return self._form(move, before, after, now)
        return {}

    def _brought(
        self, move: Move, before: int, after: int, now: datetime
    ) -> Iterator[tuple[str, str]]:
        forced = self._forced(move, after)
        for name, one in self._taken(move):
            if after & one.mask & one.given and (
                forced & one.mask or (before ^ after) & one.mask
            ):
                yield name, value_text_of(one, after, now)

    def _forced(self, move: Move, after: int) -> int:
        """What must be said, by the richest way in which these values can have come."""
        for intake in move.intakes:
            if all(
                after & one.mask & one.given
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
            if given is None or not after & one.given:
                continue
            name = form_field(given)
            if changed or name in form:
                form[name] = self._option(move, one, after, now)
        return form

    def _option(self, move: Move, one: Coordinate, after: int, now: datetime) -> str:
        text = value_text_of(one, after, now)
        given = one.given_by
        for field in self.definition.tasks[move.name].form:
            if given is not None and field.name == form_field(given):
                return next((each for each in field.options if code_of(given, each) == text), text)
        return text


def value_text_of(one: Coordinate, box: int, now: datetime) -> str:
    """The value of a coordinate's lowest cell in a box, as a row writes it."""
    value = value_of(one.cell(box), one.given_by, now)
    value = one.like_missing if value is None else value
    return "" if value is None else value_text(value).strip('"')


def row_of(move: Move, given: Mapping[str, str], at: timedelta) -> TrialRow:
    """A move as a trial's row."""
    kind = "nothing" if move.kind is Kind.CLOCK else move.kind.value
    happens = Happening(kind=kind, name=move.name, outcome=move.outcome, given=given)
    return TrialRow(line=1, at=at, happens=happens, expects=(), text="")


def ring(run: Playing) -> None:
    """Let time pass until a clock of the subject has run out."""
    for _ in range(_ROUNDS_MAX):
        due = next_due(run.view)
        if due is None:
            return
        run.until(max(due + _SECOND, run.now))
        if any(decided.fact.type == CLOCK_EXPIRED for decided in run.last):
            return


def _filled(field: FormField) -> str:
    if field.options:
        return field.options[0]
    return _FILLED.get(field.type, "given")
