"""Tells a run as a text table that `carelane pathway test` runs, while the engine itself goes it, row by row."""

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from carelane.cases import next_due
from carelane.cases.model import Case, OpenStep, Step
from carelane.pathways.definition import Definition
from carelane.pathways.durations import duration_text
from carelane.pathways.events_reader import KEYS
from carelane.pathways.trial import STARTS, Trial, TrialRow, read_trials
from carelane.proofs.moves import Kind, Move
from carelane.proofs.paths import Leg
from carelane.proofs.playing import Playing, playing
from carelane.proofs.scenes import KEY, Stage, ring, row_of
from carelane.proofs.trials import play, run_trial

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_TRIAL = Trial(title="", starts=STARTS, rows=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A run as it went: its rows, the case before and after the last of them, and what that one decided."""

    rows: tuple[TrialRow, ...]
    before: Case | None
    after: Case | None
    steps: tuple[Step, ...]
    path: tuple[str, ...]

    def text(self, title: str) -> str:
        """The table."""
        cells = [row.text.split("|") for row in self.rows]
        cells = [["time", "what happens", "what must follow"], *cells]
        time, width = (max(len(cell[at].strip()) for cell in cells) for at in (0, 1))
        lines = [
            f"{one.strip():<{time}} | {two.strip():<{width}} | {three.strip()}"
            for one, two, three in cells
        ]
        starts = STARTS.isoformat().replace("+00:00", "Z")
        return "\n".join([f"starts: {starts}", f"test: {title}", *lines]) + "\n"


def retell(stage: Stage, legs: Iterable[Leg]) -> Told:
    """Let the engine go the run; each move comes before the next clock of the case."""
    run = playing(stage.definition, _TRIAL)
    rows: list[TrialRow] = []
    path: list[str] = []
    before: Case | None = None
    legs = tuple(legs)
    keys = _keys(stage.definition, [leg.move for leg in legs])
    for number, leg in enumerate(legs, start=1):
        before = _case(run)
        row = _row(stage, run, leg, number, keys)
        play(run, row)
        rows.append(replace(row, text=_text(run, row)))
        path.extend(step.state for step in _steps(run) if step.state not in path[-1:])
    return Told(
        rows=tuple(rows),
        before=before,
        after=_case(run),
        steps=tuple(run.last),
        path=tuple(path),
    )


def holds_again(definition: Definition, text: str) -> bool:
    """Whether the table, read anew as text, runs to the same end."""
    trials, findings = read_trials(text, definition)
    return not findings.problems and all(
        not result.missed for trial in trials for result in run_trial(definition, trial)
    )


def _case(run: Playing) -> Case | None:
    return next(iter((*run.view.cases, *run.view.closed)), None)


def _steps(run: Playing) -> tuple[OpenStep, ...]:
    case = _case(run)
    return case.steps if case is not None else ()


def _row(stage: Stage, run: Playing, leg: Leg, number: int, keys: dict[str, str]) -> TrialRow:
    at = (
        _ringing(run, leg.move.state)
        if leg.move.kind is Kind.CLOCK
        else _soon(run, first=number == 1)
    )
    given = stage.given(leg.move, leg.before, leg.after, at)
    if leg.move.kind is Kind.EVENT:
        named = {name: value for name, value in given.items() if name not in KEYS}
        given = {**(keys if number == 1 else _key(stage.definition, run, leg.move)), **named}
    row = row_of(leg.move, given, at - STARTS)
    return replace(row, line=number)


def _soon(run: Playing, *, first: bool) -> datetime:
    """A minute later, or half the time that is left until the next clock."""
    due = next_due(run.view)
    if first or due is None or due > run.now + _MINUTE:
        return run.now if first else run.now + _MINUTE
    return run.now + timedelta(seconds=max(int((due - run.now).total_seconds() / 2), 0))


def _ringing(run: Playing, state: str) -> datetime:
    """When the next clock has run out, all its warnings and levels before."""
    trying = copy(run)
    trying.last = []
    ring(trying, state)
    left = trying.now - STARTS
    return STARTS + timedelta(seconds=-(-left // _SECOND))


def _keys(definition: Definition, moves: list[Move]) -> dict[str, str]:
    """The keys that the first fact brings, so that every later one finds the case."""
    named: dict[str, str] = {}
    for place, move in enumerate(moves):
        if move.kind is not Kind.EVENT:
            continue
        event = definition.events[move.name]
        if place == 0 and event.start is not None and event.start.unique:
            named[event.start.unique] = KEY
        if not set(event.keys) & set(named):
            named |= dict.fromkeys(event.keys[:1], KEY)
    return named


def _key(definition: Definition, run: Playing, move: Move) -> dict[str, str]:
    """A key by which the fact finds the case as it is: one that the case may have made anew."""
    case = _case(run)
    known = case.keys if case is not None else {}
    shared = [name for name in definition.events[move.name].keys if known.get(name)]
    return {name: min(known[name]) for name in shared[:1]}


def _text(run: Playing, row: TrialRow) -> str:
    happens = row.happens
    words = [f"{name}={value}" for name, value in happens.given.items()]
    if happens.kind == "event":
        said = " ".join([happens.name, *words])
    elif happens.kind == "nothing":
        said = "nothing"
    else:
        said = " ".join([happens.kind, happens.name, happens.outcome, *words])
    return f"{duration_text(row.at)} | {said} | {'; '.join(_follows(run))}"


def _follows(run: Playing) -> Iterator[str]:
    case = _case(run)
    if case is None:
        yield "no case"
        return
    for step in case.steps:
        yield f"state {step.state}; owner {step.owner.kind} {step.owner.name}"
    yield f"urgency {case.urgency.name.lower()}" if case.steps else "no case"
