"""A trial while it runs: time passes and rows happen, each decided by `cases.step` itself. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases import advance, due_facts, due_held, step
from carelane.cases.model import Definitions, Step, View
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.pathways.calendar import Calendar
from carelane.pathways.definition import Definition
from carelane.pathways.events_reader import KEYS
from carelane.pathways.trial import FROM, IN, Happening, Trial, TrialRow, payload_of
from carelane.proofs.everybody import OFFICE, Everybody

_ROUNDS_MAX = 2_000
_ORGANISATION = name_id("trial", "organisation")
_SUBJECT = name_id("trial", "patient")


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


def playing(definition: Definition, trial: Trial, *, calendar: Calendar = OFFICE) -> Playing:
    """A trial at its start: nothing has happened."""
    return Playing(
        definition=definition,
        trial=trial,
        view=View(subject=_SUBJECT, kind=definition.subject, organisation=_ORGANISATION),
        now=trial.starts,
        late=Everybody(office=calendar),
    )


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
