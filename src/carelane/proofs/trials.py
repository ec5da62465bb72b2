"""Runs a pathway's text tables on `cases.step` itself and says what really followed. Pure.

The tables are read by `pathways.trial`; `carelane pathway test` prints what this answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID

from carelane.cases import advance, due_facts, due_held, step
from carelane.cases.model import Case, Definitions, Disposition, OwnerRef, Step, View
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Definition, OwnerKind
from carelane.pathways.durations import duration_text
from carelane.pathways.events_reader import KEYS
from carelane.pathways.trial import Happening, Trial, TrialRow, payload_of

_ROUNDS_MAX = 2_000
_APPLIED = Disposition.APPLIED
_ORGANISATION = name_id("trial", "organisation")
_SUBJECT = name_id("trial", "patient")
_OFFICE = Calendar(zone="America/New_York", hours=(((time(8), time(17)),),) * 5 + ((), ()))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Everybody:
    """Late-bound answers of a site where everybody is there, open 8 to 17 in New York."""

    calendar_: Calendar = _OFFICE
    settings: Mapping[str, timedelta] = field(default_factory=dict)

    def owner(
        self, kind: OwnerKind, name: str, *, site: str, service_line: str, at: datetime
    ) -> OwnerRef:
        """The name asked for."""
        del site, service_line, at
        return OwnerRef(kind=kind, name=name, version=1, trail=(f"{kind} {name}",))

    def calendar(self, site: str) -> tuple[str, int, Calendar]:
        """Office hours."""
        del site
        return "office", 1, self.calendar_

    def setting(self, name: str, site: str) -> timedelta | None:
        """The pathway's own times hold, unless the trial brings a site's."""
        del site
        return self.settings.get(name)


@dataclass(slots=True, kw_only=True)
class _Run:
    definition: Definition
    trial: Trial
    view: View
    now: datetime
    late: _Everybody = field(default_factory=_Everybody)
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
    definition: Definition, trial: Trial, *, calendar: Calendar = _OFFICE
) -> tuple[TrialResult, ...]:
    """Run one test from its start; every row is run, also after one that missed."""
    view = View(subject=_SUBJECT, kind=definition.subject, organisation=_ORGANISATION)
    run = _Run(
        definition=definition,
        trial=trial,
        view=view,
        now=trial.starts,
        late=_Everybody(calendar_=calendar),
    )
    return tuple(_play(run, row) for row in trial.rows)


def _play(run: _Run, row: TrialRow) -> TrialResult:
    run.last = []
    run.until(run.trial.starts + row.at)
    impossible = ""
    if row.happens.kind != "nothing":
        fact = _fact(run, row)
        if fact is None:
            impossible = f"no open {row.happens.kind} `{row.happens.name}`"
        else:
            run.decide(fact)
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


def _really(run: _Run, row: TrialRow) -> str:
    """The third column as it went: what held stays as it was written, what missed says what there was."""
    said = [
        written
        for name, value in row.expects
        for written in ([_said(name, value)] if _met(run, name, value) else _instead(run, name))
    ]
    return "; ".join(dict.fromkeys(said)) or _followed(run)


def _said(name: str, value: str) -> str:
    return f"{name} {value}".strip()


def _instead(run: _Run, name: str) -> list[str]:
    """What there was under this name; where there was nothing, the state the case is in."""
    if name in ("cases", "no case"):
        return [f"cases {len(run.view.cases)}"] if run.view.cases else ["no case"]
    if name in ("held", "ignored", "parked"):
        ended = sorted(
            {str(one.disposition) for one in run.last if one.disposition is not _APPLIED}
        )
        return ended or _states(run)
    return [_said(name, value) for value in _plain(run, name)] or _states(run)


def _plain(run: _Run, name: str) -> list[str]:
    """Everything that is so under this name; a due time only from now, though it may be written from the start too."""
    case = _case(run)
    if name == "due" and case is not None:
        return [duration_text(one.clock.due_at - run.now) for one in case.steps]
    return sorted(_facts(run, name))


def _states(run: _Run) -> list[str]:
    return [f"state {one}" for one in sorted(_facts(run, "state"))] or ["no case"]


def _fact(run: _Run, row: TrialRow) -> Fact | None:
    happens = row.happens
    if happens.kind == "event":
        keys = {name: value for name, value in happens.given.items() if name in KEYS}
        return _made(run, row, happens.name, payload_of(run.definition, happens.given), keys=keys)
    if happens.kind == "task":
        return _task(run, row, happens)
    return _effect(run, row, happens)


def _made(  # noqa: PLR0913  # a builder: every part by name
    run: _Run,
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


def _task(run: _Run, row: TrialRow, happens: Happening) -> Fact | None:
    for case in run.view.cases:
        for one in case.steps:
            if one.task is not None and one.task_name == happens.name:
                form: dict[str, Json] = {
                    name: _form_value(value) for name, value in happens.given.items()
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


def _effect(run: _Run, row: TrialRow, happens: Happening) -> Fact | None:
    for case in (*run.view.cases, *run.view.closed):
        for one in reversed(case.effects):
            if one.name == happens.name:
                payload: dict[str, Json] = {
                    "effect": {"outcome": happens.outcome, "cause": "trial"}
                }
                refers = {"effect": one.id, "case": case.id}
                return _made(run, row, "effect.settled", payload, refers=refers, actor=Actor.EFFECT)
    return None


def _case(run: _Run) -> Case | None:
    for decided in reversed(run.last):
        for change in reversed(decided.changes):
            return change.after
    return run.view.cases[-1] if run.view.cases else None


def _met(run: _Run, name: str, value: str) -> bool:
    if name in ("cases", "no case"):
        return len(run.view.cases) == (int(value) if value.isdigit() else 0)
    if name in ("held", "ignored", "parked"):
        wanted = Disposition(name)
        return any(decided.disposition is wanted for decided in run.last)
    return value in _facts(run, name)


def _facts(run: _Run, name: str) -> set[str]:
    """Everything that is so now under this name, as the table writes it."""
    changes = [change for decided in run.last for change in decided.changes]
    if name == "effect":
        return {one.name for change in changes for one in change.intents}
    if name == "withdrawn":
        gone = {one for change in changes for one in change.withdrawn}
        return {one.name for change in changes for one in change.after.effects if one.id in gone}
    if name == "told":
        return {one.to for change in changes for one in change.notices}
    case = _case(run)
    return set() if case is None else set(_of_case(run, case, name))


def _of_case(run: _Run, case: Case, name: str) -> Iterator[str]:
    if name == "status":
        yield case.status
    elif name == "urgency":
        yield case.urgency.name.lower()
    elif name == "closed" and not case.steps:
        yield case.outcome
    for one in case.steps:
        if name == "state":
            yield one.state
        elif name == "owner":
            yield f"{one.owner.kind} {one.owner.name}"
        elif name == "level":
            yield str(one.clock.level)
        elif name == "due":
            yield duration_text(one.clock.due_at - run.trial.starts)
            yield duration_text(one.clock.due_at - run.now)
        elif name == "paused" and one.clock.paused_at is not None:
            yield ""


def _followed(run: _Run) -> str:
    case = _case(run)
    if case is None:
        ended = [str(one.disposition) for one in run.last if one.disposition is not _APPLIED]
        return "; ".join(dict.fromkeys(["no case", *ended]))
    parts = [_said(name, value) for name in _TOLD for value in _plain(run, name)]
    return "; ".join(parts)


_TOLD = ("state", "status", "owner", "urgency", "due", "level", "effect", "told", "closed")
