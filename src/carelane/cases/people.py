"""What people do to a case: complete, escalate, override, reassign, pause, resume (SEMANTICS 5); `undoing` takes back.

Rights were decided before (`access`); here an answer that does not fit the task is refused as a value.
Payload `task`: `outcome`, `reason`, `form` by field name, and `licensed` where the person may lower an urgency.
"""

from collections.abc import Mapping

from carelane.cases import levels, pausing, undoing
from carelane.cases.go import Why, count, follow, move
from carelane.cases.model import Notice, OpenStep
from carelane.cases.owners import resolve
from carelane.cases.prepared import rank
from carelane.cases.reading import absorb
from carelane.cases.run import Run
from carelane.cases.words import (
    FORM_INCOMPLETE,
    NOT_ALLOWED,
    OUTCOME_UNKNOWN,
    REASON_MISSING,
    TASK_CLOSED,
)
from carelane.facts.fact import Json
from carelane.facts.replacing import replace
from carelane.pathways.definition import OwnerKind, TaskKind
from carelane.pathways.payloads import OBJECT

_EMPTY: Mapping[str, Json] = {}


def complete(run: Run) -> str:
    """A task's outcome: checked against the task, counted, and followed along its edge."""
    step = step_of(run)
    if step is None or not step.task_name:
        return TASK_CLOSED
    state, kind = run.state(step.state), run.definition.tasks[step.task_name]
    task = _task(run)
    outcome = str(task.get("outcome") or "")
    edge = state.outcomes.get(outcome)
    if edge is None or outcome not in kind.outcomes:
        return OUTCOME_UNKNOWN
    if refusal := _incomplete(kind, outcome, task):
        return refusal
    run.last_actor = run.fact.actor_name or run.last_actor
    absorb(run, entered_at=step.opened_at, state=step.state)
    _disposition(run, task)
    count(run, state, outcome)
    follow(run, step, edge, Why(how=outcome, undo=kind.undo))
    undoing.remember(run, step, kind)
    return ""


def escalate(run: Run) -> str:
    """A person calls the next level now."""
    step = step_of(run)
    if step is None:
        return TASK_CLOSED
    above = [each for each in run.state(step.state).escalate if each.level > step.clock.level]
    calendar = levels.bound(run, step).calendar
    if above:
        next_level = min(above, key=lambda each: each.level)
        levels.fire(run, step, [next_level], calendar=calendar)
        return ""
    fallback = run.state(step.state).fallback
    to = (fallback.tell or fallback.to if fallback else "") or step.owner.name
    run.notices.append(
        Notice(
            case=run.case.id,
            step=step.id,
            to=to,
            channel="",
            kind="level",
            level=step.clock.level,
            safety=step.clock.safety,
        )
    )
    run.because(f"escalate {step.state}", to)
    return ""


def override(run: Run) -> str:
    """A person routes against the rule, with a reason: to another pool, or another waiting state."""
    step = step_of(run)
    if step is None:
        return TASK_CLOSED
    form = _form(_task(run))
    if not (form.get("reason") or _task(run).get("reason")):
        return REASON_MISSING
    pool, state = form.get("pool"), form.get("state")
    owner = run.state(step.state).owner
    rule = f"override {owner.table}" if owner is not None and owner.table else "override"
    if isinstance(state, str) and state:
        target = run.definition.states.get(state)
        if target is None or target.final or target.region != run.state(step.state).region:
            return NOT_ALLOWED
        run.because(rule, state)
        move(run, step, state, Why(how="overridden"))
        return ""
    if isinstance(pool, str) and pool in run.definition.pools:
        run.because(rule, pool)
        _hand(run, step, OwnerKind.POOL, pool)
        return ""
    return NOT_ALLOWED


def reassign(run: Run) -> str:
    """A step is given to another pool, role or person: same wait, same clock, another owner."""
    step = step_of(run)
    if step is None:
        return TASK_CLOSED
    form = _form(_task(run))
    for kind in OwnerKind:
        name = form.get(kind.value)
        if isinstance(name, str) and name:
            run.because("reassign", kind.value)
            _hand(run, step, kind, name)
            return ""
    return NOT_ALLOWED


def pause(run: Run) -> str:
    """Stop the clock of a state that allows it, with a reason and an end. Safety clocks never stop."""
    step = step_of(run)
    if step is None:
        return TASK_CLOSED
    allowed = run.state(step.state).pause
    if allowed is None or not pausing.may_stop(step):
        return NOT_ALLOWED
    reason = _form(_task(run)).get("reason") or _task(run).get("reason")
    if not reason:
        return REASON_MISSING
    pausing.stop(run, step, allowed)
    return ""


def resume(run: Run) -> str:
    """Let a paused clock run on."""
    step = step_of(run)
    if step is None or step.clock.paused_at is None:
        return NOT_ALLOWED
    pausing.run_on(run, step)
    return ""


def step_of(run: Run) -> OpenStep | None:
    """The open step the fact refers to, by its task or its own id."""
    refers = run.fact.refers
    task, step = refers.get("task"), refers.get("step")
    for each in run.steps:
        if (task is not None and each.task == task) or (task is None and each.id == step):
            return each
    return None


def _hand(run: Run, step: OpenStep, kind: OwnerKind, name: str) -> None:
    levels.replaced(run, replace(step, owner=resolve(run, kind, name)))


def _task(run: Run) -> Mapping[str, Json]:
    task = run.fact.payload.reveal().get("task")
    return task if isinstance(task, OBJECT) else _EMPTY


def _form(task: Mapping[str, Json]) -> Mapping[str, Json]:
    form = task.get("form")
    return form if isinstance(form, OBJECT) else _EMPTY


def _incomplete(kind: TaskKind, outcome: str, task: Mapping[str, Json]) -> str:
    """The first thing this outcome still needs, as a reason code the portal can show."""
    form = _form(task)
    for field in kind.form:
        given = form.get(field.name)
        # a required yes or no is an attestation, such as a read-back: no is not given
        if outcome in field.required_for and given in (None, "", False):
            return f"{FORM_INCOMPLETE}:{field.name}"
        if field.type == "code" and given not in (None, "") and given not in field.options:
            return f"{FORM_INCOMPLETE}:{field.name}"
    if outcome == kind.could_not and kind.reasons:
        reason = task.get("reason") or form.get("reason")
        if reason not in kind.reasons:
            return REASON_MISSING
    return ""


def _disposition(run: Run, task: Mapping[str, Json]) -> None:
    """A person's urgency: anyone may raise it, only a licensed person lowers it (I17)."""
    given = _form(task).get("urgency")
    if not isinstance(given, str) or not given:
        return
    wanted = rank(given)
    if task.get("licensed") is True and wanted < run.urgency:
        run.urgency = wanted
        run.because("urgency", f"lowered to {wanted.name.lower()} by a licensed person")
    run.raise_urgency(wanted)
