"""The rows of `commit`, table by table, in the column order of `sql/commit.sql`. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from carelane.cases.model import Case, Change, Notice, OpenStep, Step, Undo
from carelane.facts.fact import Fact
from carelane.facts.ids import derive
from carelane.facts.intent import Intent
from carelane.pathways.definition import Definition, TaskKind
from carelane.store.columns import Columns
from carelane.store.shapes import (
    BlocksShape,
    CaseShape,
    FarUndoShape,
    StepShape,
    WanderedShape,
    encode,
    moved_shape,
    tag,
)

__all__ = ["Tables", "encode"]

_CASE = ("id", "site", "service_line", "subject", "pathway", "version", "release", "status", "milestone", "urgency",
         "outcome", "opened_at", "decided_at", "closed_at", "correlation", "unique_name", "unique_token", "revision",
         "cancelled", "parked_by", "duplicate_of", "last_actor", "identity", "state", "sealed")  # fmt: skip
_CHANGED = ("id", "subject", "version", "release", "status", "milestone", "urgency", "outcome", "decided_at",
            "closed_at", "unique_token", "revision", "cancelled", "parked_by", "duplicate_of", "last_actor", "state",
            "sealed")  # fmt: skip
_STEP = ("id", "site", "service_line", "case_id", "subject", "state", "opened_at", "closed_at", "how", "owner_kind",
         "owner_name", "clock_kind", "started_at", "due_at", "next_at", "safety", "fallback", "task", "entered_by",
         "detail")  # fmt: skip
_MOVED = ("id", "state", "owner_kind", "owner_name", "clock_kind", "started_at", "due_at", "next_at", "safety",
          "fallback", "task", "detail")  # fmt: skip
_TASK = ("id", "site", "service_line", "case_id", "step", "subject", "pathway", "name", "title", "business_status",
         "urgency", "owner_kind", "owner_name", "opened_at", "due_at")  # fmt: skip
_EFFECT = ("id", "site", "service_line", "case_id", "step", "subject", "name", "capability", "audience", "if_unknown",
           "urgency", "created_at", "next_at", "held_until", "not_after", "undo", "compensates", "correlation",
           "identity", "sealed", "refers", "after")  # fmt: skip
_APPLICATION = (
    "case_id",
    "fact",
    "site",
    "service_line",
    "at",
    "revision",
    "release",
    "parked",
    "reasons",
    "bound",
)
_DECISION = ("fact", "site", "service_line", "subject", "disposition", "reason", "held_until", "held_then",
             "held_pathway", "applied", "decided_at", "read")  # fmt: skip
_NOTICE = (
    "id",
    "site",
    "service_line",
    "case_id",
    "step",
    "recipient",
    "channel",
    "kind",
    "level",
    "safety",
    "at",
)


class Tables:
    """The statements of one commit, in the order they must run."""

    def __init__(self) -> None:
        self.open_cases = Columns("commit.open_cases", _CASE)
        self.change_cases = Columns("commit.change_cases", _CHANGED)
        self.open_steps = Columns("commit.open_steps", _STEP)
        self.close_steps = Columns("commit.close_steps", ("id", "closed_at", "how"))
        self.change_steps = Columns("commit.change_steps", _MOVED)
        self.open_tasks = Columns("commit.open_tasks", _TASK)
        self.change_tasks = Columns(
            "commit.change_tasks",
            ("id", "title", "business_status", "owner_kind", "owner_name", "due_at", "urgency"),
        )
        self.close_tasks = Columns(
            "commit.close_tasks", ("id", "closed_at", "status", "outcome", "undo_until")
        )
        self.open_effects = Columns("commit.open_effects", _EFFECT)
        self.withdraw_effects = Columns("commit.withdraw_effects", ("id", "at", "cause"))
        self.applications = Columns("commit.applications", _APPLICATION)
        self.decisions = Columns("commit.decisions", _DECISION)
        self.notices = Columns("commit.notices", _NOTICE)
        self.leaves = Columns("commit.leaves", ("id", "at", "body"))

    def ordered(self) -> tuple[Columns, ...]:
        """All statements; cases close before others of the same key open."""
        return (self.change_cases, self.open_cases, self.open_steps, self.close_steps, self.change_steps,
                self.open_tasks, self.change_tasks, self.close_tasks, self.open_effects, self.withdraw_effects,
                self.applications, self.decisions, self.notices, self.leaves)  # fmt: skip


def case_state(case: Case) -> bytes:
    """The clear part of a case as JSON, in the least shape that can say it."""
    kept = Kept(
        values={name: tag(value) for name, value in case.values.items()},
        counters=dict(case.counters),
        keys={name: sorted(tokens) for name, tokens in case.keys.items()},
        stale=dict(case.stale),
        undo=None if _far(case.undo) else case.undo,
    )
    regions = dict(case.regions)
    if _far(case.undo):
        least = 3 if case.moved is not None else 2 if regions or case.owed else 1
        return encode(FarUndoShape(
            **kept, regions=regions, owed=case.owed, moved=moved_shape(case.moved), undo_far=case.undo, v=least
        ))  # fmt: skip
    if case.moved is not None:
        moved = moved_shape(case.moved)
        return encode(WanderedShape(**kept, regions=regions, owed=case.owed, moved=moved))
    if regions or case.owed:
        return encode(BlocksShape(**kept, regions=regions, owed=case.owed))
    return encode(CaseShape(**kept))


def _far(undo: Undo | None) -> bool:
    return undo is not None and bool(undo.others or undo.refused)


class Kept(TypedDict):
    """What every shape of a case has."""

    values: dict[str, tuple[str, str | int | float | bool | None]]
    counters: dict[str, int]
    keys: dict[str, list[str]]
    stale: dict[str, datetime]
    undo: Undo | None


def case_row(case: Case, decided_at: datetime, sealed: bytes) -> tuple[object, ...]:
    """A new case."""
    name, token = case.unique or ("", None)
    return (
        case.id, case.site, case.service_line, case.subject, case.pathway, case.version, case.release, case.status,
        case.milestone, int(case.urgency), case.outcome, case.opened_at, decided_at, case.closed_at, case.correlation,
        name, token, case.revision, case.cancelled, case.parked_by, case.duplicate_of, case.last_actor, case.identity,
        case_state(case), sealed,
    )  # fmt: skip


def changed_case_row(case: Case, decided_at: datetime, sealed: bytes) -> tuple[object, ...]:
    """A case that was there before."""
    token = case.unique[1] if case.unique else None
    return (
        case.id, case.subject, case.version, case.release, case.status, case.milestone, int(case.urgency),
        case.outcome, decided_at, case.closed_at, token, case.revision, case.cancelled, case.parked_by,
        case.duplicate_of, case.last_actor, case_state(case), sealed,
    )  # fmt: skip


def _detail(step: OpenStep) -> bytes:
    return encode(StepShape(owner=step.owner, clock=step.clock, task_name=step.task_name))


def step_row(
    case: Case, step: OpenStep, closed_at: datetime | None, how: str
) -> tuple[object, ...]:
    """A step, open or opened and closed within the batch."""
    clock = step.clock
    return (
        step.id, case.site, case.service_line, case.id, case.subject, step.state, step.opened_at, closed_at, how,
        step.owner.kind.value, step.owner.name, clock.kind.value, clock.started_at, clock.due_at, clock.next_at,
        clock.safety, step.fallback, step.task, step.entered_by, _detail(step),
    )  # fmt: skip


def moved_step_row(step: OpenStep) -> tuple[object, ...]:
    """A step that stays open with another owner or clock, or in another state of another release."""
    clock = step.clock
    return (
        step.id, step.state, step.owner.kind.value, step.owner.name, clock.kind.value, clock.started_at, clock.due_at,
        clock.next_at, clock.safety, step.fallback, step.task, _detail(step),
    )  # fmt: skip


def moved_task_row(case: Case, step: OpenStep, definition: Definition) -> tuple[object, ...]:
    """The task of such a step, in the words of its release."""
    return (
        step.task, definition.tasks[step.task_name].title, definition.states[step.state].status, step.owner.kind.value,
        step.owner.name, step.clock.due_at, int(case.urgency),
    )  # fmt: skip


def task_row(case: Case, step: OpenStep, definition: Definition) -> tuple[object, ...]:
    """The task of a step."""
    return (
        step.task, case.site, case.service_line, case.id, step.id, case.subject, case.pathway, step.task_name,
        definition.tasks[step.task_name].title, definition.states[step.state].status or case.status, int(case.urgency),
        step.owner.kind.value, step.owner.name, step.opened_at, step.clock.due_at,
    )  # fmt: skip


def closed_task_row(step: OpenStep, how: str, by: Step, kind: TaskKind) -> tuple[object, ...]:
    """A task that ended: `completed` with an outcome of its kind, else `cancelled`."""
    done = (
        by.fact.type == "task.completed"
        and by.fact.refers.get("task") == step.task
        and how in kind.outcomes
    )
    undo_until = by.now + kind.undo if done else None
    return (step.task, by.now, "completed" if done else "cancelled", how, undo_until)


def effect_row(case: Case, intent: Intent, now: datetime, sealed: bytes) -> tuple[object, ...]:
    """An effect, ready to be claimed once its undo window has passed."""
    return (
        intent.id, case.site, case.service_line, case.id, intent.step, case.subject, intent.name, intent.capability,
        intent.audience.value, intent.if_unknown.value, int(intent.urgency), now, intent.held_until or now,
        intent.held_until, intent.not_after, intent.undo or "", intent.compensates, case.correlation, case.identity,
        sealed,
        encode(intent.references),
        ",".join(str(effect) for effect in intent.after),
    )  # fmt: skip


def application_row(step: Step, change: Change, bound: Mapping[str, int]) -> tuple[object, ...]:
    """One fact applied to one case, with why, and the release that decided: of a move the one moved to."""
    case = change.after
    return (case.id, change.fact or step.fact.id, case.site, case.service_line, step.now, case.revision, case.release,
            change.parked, encode(change.reasons), encode(bound))  # fmt: skip


def decision_row(step: Step, read: str) -> tuple[object, ...]:
    """How a fact ended, and what was read."""
    site, line = (step.changes[0].after.site, step.changes[0].after.service_line) if step.changes else (
        step.fact.site or "", step.fact.service_line or "")  # fmt: skip
    held = step.held
    return (
        step.fact.id, site, line, step.fact.subject, step.disposition.value, step.reason,
        held.until if held else None, held.then if held else None, held.pathway if held else None,
        len(step.changes), step.now, read,
    )  # fmt: skip


def released_row(fact: Fact, step: Step, read: str) -> tuple[object, ...]:
    """A held fact that a new case took."""
    return (
        fact.id,
        fact.site or "",
        fact.service_line or "",
        fact.subject,
        "applied",
        "",
        None,
        None,
        None,
        1,
        step.now,
        read,
    )


def notice_row(step: Step, case: Case, notice: Notice, number: int) -> tuple[object, ...]:
    """Staff to be told."""
    return (notice_id(step, case, number), case.site, case.service_line, case.id, notice.step, notice.to,
            notice.channel, notice.kind, notice.level, notice.safety, step.now)  # fmt: skip


def notice_id(step: Step, case: Case, number: int) -> UUID:
    """A notice's id: derived, so that a replay tells nobody twice, and its leaf names the same one."""
    return derive(step.now, "notice", step.fact.id, case.id, number)
