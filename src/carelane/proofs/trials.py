"""Runs a pathway's text tables on `cases.step` itself and says what really followed. Pure.

The tables are read by `pathways.trial`; `carelane pathway test` prints what this answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases import advance, due_facts, due_held, step
from carelane.cases.model import Case, Definitions, Disposition, OpenStep, Step, View
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Definition
from carelane.pathways.durations import duration_text
from carelane.pathways.events_reader import KEYS
from carelane.pathways.trial import FROM, IN, Happening, Trial, TrialRow, payload_of
from carelane.proofs.everybody import OFFICE, Everybody

_ROUNDS_MAX = 2_000
_APPLIED = Disposition.APPLIED
_ORGANISATION = name_id("trial", "organisation")
_SUBJECT = name_id("trial", "patient")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What came of one row: what really followed, each expectation that was not met, and the row as it went.

    `really` is written as the third column is, so that it can be pasted there. `impossible` says what of the
    second column could not happen; then no third column can be right.
    """

    row: TrialRow
    followed: str
    missed: tuple[str, ...]
    really: str
    impossible: str = ""


@dataclass(slots=True, kw_only=True)
class Playing:
    """A trial while it runs: the subject as it is now, and what the last row decided."""

    definition: Definition
    trial: Trial
    view: View
    now: datetime
    late: Everybody = field(default_factory=Everybody)
    last: list[Step] = field(default_factory=list)

    def until(self, target: datetime) -> None:
        """Let time pass; clocks and holds that come due do what they do, in order."""
        for _ in range(_ROUNDS_MAX):
            due = due_facts(self.view, target)
            if not due:
                break
            self.now = max(self.now, due[0].recorded_at)
            self.decide(due[0])
        self.now = max(self.now, target)
        for over in due_held(self.view, self.now):
            self._keep(over)

    def decide(self, fact: Fact) -> None:
        """Decide one fact."""
        releases = {self.definition.digest: self.definition}
        definitions = Definitions(pinned=releases, active=(self.definition,))
        self._keep(step(definitions, self.view, self.late, fact, self.now))

    def _keep(self, decided: Step) -> None:
        self.last.append(decided)
        self.view = advance(self.view, decided)


def run_trial(
    definition: Definition, trial: Trial, *, calendar: Calendar = OFFICE
) -> tuple[TrialResult, ...]:
    """Run one test from its start; every row is run, also after one that missed."""
    run = playing(definition, trial, calendar=calendar)
    return tuple(play(run, row) for row in trial.rows)


def playing(definition: Definition, trial: Trial, *, calendar: Calendar = OFFICE) -> Playing:
    """A trial at its start: nothing has happened."""
    return Playing(
        definition=definition,
        trial=trial,
        view=View(subject=_SUBJECT, kind=definition.subject, organisation=_ORGANISATION),
        now=trial.starts,
        late=Everybody(office=calendar),
    )


def play(run: Playing, row: TrialRow) -> TrialResult:
    """Run one row: let time pass, let it happen, and compare."""
    run.last = []
    run.until(run.trial.starts + row.at)
    impossible = happen(run, row)
    missed = tuple(
        f"{name} {value}".strip() for name, value in row.expects if not _met(run, name, value)
    )
    return TrialResult(
        row=row,
        followed=_followed(run),
        missed=(impossible, *missed) if impossible else missed,
        really=_really(run, row),
        impossible=impossible,
    )


def _really(run: Playing, row: TrialRow) -> str:
    """The third column as it went: what held stays as it was written, what missed says what there was."""
    said = [
        written
        for name, value in row.expects
        for written in ([_said(name, value)] if _met(run, name, value) else _instead(run, name))
    ]
    return "; ".join(dict.fromkeys(said)) or _followed(run)


def _said(name: str, value: str) -> str:
    return f"{name} {value}".strip()


def _instead(run: Playing, name: str) -> list[str]:
    """What there was under this name; where there was nothing, the state the case is in."""
    if name in ("cases", "no case"):
        return [f"cases {len(run.view.cases)}"] if run.view.cases else ["no case"]
    if name in ("held", "ignored", "parked"):
        ended = sorted(
            {str(one.disposition) for one in run.last if one.disposition is not _APPLIED}
        )
        return ended or _states(run)
    return [_said(name, value) for value in _plain(run, name)] or _states(run)


def _plain(run: Playing, name: str) -> list[str]:
    """Everything that is so under this name, each once; of what is a wait's own, with its state where several wait."""
    case = _case(run)
    if name == "states":
        return [" & ".join(sorted(_facts(run, "state")))]
    if case is None or name not in ("owner", "due", "paused"):
        return sorted(_facts(run, name))
    several = len(case.steps) > 1
    said = [(one.state, found) for one in case.steps for found in _of_step(run, one, name)]
    return [f"{state} {found}".strip() if several else found for state, found in said]


def _of_step(run: Playing, one: OpenStep, name: str) -> list[str]:
    """Owner, due time from now, or being paused, of one wait."""
    if name == "owner":
        return [f"{one.owner.kind} {one.owner.name}"]
    if name == "due":
        return [duration_text(one.clock.due_at - run.now)]
    return [] if one.clock.paused_at is None else [""]


def _states(run: Playing) -> list[str]:
    return [f"state {one}" for one in sorted(_facts(run, "state"))] or ["no case"]


def happen(run: Playing, row: TrialRow) -> str:
    """Let what the row says happen now; answers why it can't, or nothing."""
    if row.happens.kind == "nothing":
        return ""
    fact = _fact(run, row)
    if fact is None:
        return f"no open {row.happens.kind} `{row.happens.name}`"
    run.decide(fact)
    return ""


def _fact(run: Playing, row: TrialRow) -> Fact | None:
    happens = row.happens
    if happens.kind == "event":
        keys = {name: value for name, value in happens.given.items() if name in KEYS}
        sent = happens.given.get(FROM)
        return _made(
            run,
            row,
            happens.name,
            payload_of(run.definition, happens.given),
            keys=keys,
            refers={"sender": name_id("trial", sent)} if sent else None,
        )
    if happens.kind == "task":
        return _task(run, row, happens)
    return _effect(run, row, happens)


def _made(  # noqa: PLR0913  # a builder: every part by name
    run: Playing,
    row: TrialRow,
    type_: str,
    payload: dict[str, Json],
    *,
    keys: dict[str, str] | None = None,
    refers: dict[str, UUID] | None = None,
    actor: Actor = Actor.SYSTEM,
) -> Fact:
    return Fact(
        id=derive(run.now, "trial", row.line, type_),
        type=type_,
        subject=_SUBJECT,
        organisation=_ORGANISATION,
        occurred_at=run.now,
        recorded_at=run.now,
        payload=Phi(payload, "trial"),
        keys=keys or {},
        refers=refers or {},
        actor=actor,
        actor_name="somebody" if actor is Actor.PERSON else "",
    )


def _task(run: Playing, row: TrialRow, happens: Happening) -> Fact | None:
    for case in run.view.cases:
        for one in case.steps:
            here = happens.given.get(IN, one.state) == one.state
            if one.task is not None and one.task_name == happens.name and here:
                form: dict[str, Json] = {
                    name: _form_value(value) for name, value in happens.given.items() if name != IN
                }
                task: dict[str, Json] = {"outcome": happens.outcome, "form": form}
                kind = run.definition.tasks[happens.name]
                if happens.outcome == kind.could_not:
                    task["reason"] = next(iter(kind.reasons), "")
                refers = {"task": one.task, "case": case.id}
                return _made(
                    run, row, "task.completed", {"task": task}, refers=refers, actor=Actor.PERSON
                )
    return None


def _form_value(value: str) -> Json:
    return {"true": True, "false": False}.get(value, value)


def _effect(run: Playing, row: TrialRow, happens: Happening) -> Fact | None:
    for case in (*run.view.cases, *run.view.closed):
        for one in reversed(case.effects):
            if one.name == happens.name:
                payload: dict[str, Json] = {
                    "effect": {"outcome": happens.outcome, "cause": "trial"}
                }
                refers = {"effect": one.id, "case": case.id}
                return _made(run, row, "effect.settled", payload, refers=refers, actor=Actor.EFFECT)
    return None


def _case(run: Playing) -> Case | None:
    for decided in reversed(run.last):
        for change in reversed(decided.changes):
            return change.after
    return run.view.cases[-1] if run.view.cases else None


def _met(run: Playing, name: str, value: str) -> bool:
    if name in ("cases", "no case"):
        return len(run.view.cases) == (int(value) if value.isdigit() else 0)
    if name in ("held", "ignored", "parked"):
        wanted = Disposition(name)
        return any(decided.disposition is wanted for decided in run.last)
    named = {one.strip() for one in value.split("&")}
    there = _facts(run, "state" if name == "states" else name)
    return named == there if name == "states" else named <= there


def _facts(run: Playing, name: str) -> set[str]:
    """Everything that is so now under this name, as the table writes it."""
    changes = [change for decided in run.last for change in decided.changes]
    if name == "effect":
        return {one.name for change in changes for one in change.intents}
    if name == "withdrawn":
        gone = {one for change in changes for one in change.withdrawn}
        return {one.name for change in changes for one in change.after.effects if one.id in gone}
    if name == "undone":
        return {
            one.name for change in changes for one in change.intents if one.compensates is not None
        }
    if name == "sent":
        return {one.fact for decided in run.last for one in decided.emissions}
    if name == "told":
        return {one.to for change in changes for one in change.notices}
    case = _case(run)
    return set() if case is None else set(_of_case(run, case, name))


def _of_case(run: Playing, case: Case, name: str) -> Iterator[str]:
    if name == "status":
        yield case.status
    elif name == "urgency":
        yield case.urgency.name.lower()
    elif name == "milestone":
        yield case.milestone
    elif name == "region":
        yield from (f"{path} {view.outcome}".strip() for path, view in case.regions.items())
    elif name == "closed" and not case.steps:
        yield case.outcome
    for one in case.steps:
        yield from _of_wait(run, one, name)


def _of_wait(run: Playing, one: OpenStep, name: str) -> Iterator[str]:
    """One open step's; where several are open, each also after the name of its state."""
    match name:
        case "state":
            yield one.state
        case "owner":
            yield f"{one.owner.kind} {one.owner.name}"
            yield f"{one.state} {one.owner.kind} {one.owner.name}"
        case "level":
            yield str(one.clock.level)
        case "due":
            yield duration_text(one.clock.due_at - run.trial.starts)
            yield duration_text(one.clock.due_at - run.now)
            yield f"{one.state} {duration_text(one.clock.due_at - run.now)}"
        case "paused" if one.clock.paused_at is not None:
            yield from ("", one.state)
        case _:
            return


def _followed(run: Playing) -> str:
    case = _case(run)
    if case is None:
        ended = [str(one.disposition) for one in run.last if one.disposition is not _APPLIED]
        return "; ".join(dict.fromkeys(["no case", *ended]))
    parts = [_said(name, value) for name in _TOLD for value in _plain(run, name)]
    return "; ".join(parts)


_TOLD = (
    "state", "region", "status", "owner", "urgency", "due", "level", "effect", "undone", "sent", "told", "paused",
    "closed",
)  # fmt: skip
