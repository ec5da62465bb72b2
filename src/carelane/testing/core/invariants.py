"""Invariants of TRUST section 1 as functions: each answers in sentences what is broken, or nothing.

`tests/rules` and `tests/simulate` ask them after every decision, and show with a mutant that each one bites.
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from carelane.cases.model import Case, Disposition, Step, View
from carelane.facts.fact import Json
from carelane.facts.intent import Audience

Snapshot = Mapping[str, object]


def owned(view: View) -> list[str]:
    """I7: each open case has an open step, each step one owner, due time and fallback; closed ones have none."""
    found: list[str] = []
    for case in view.cases:
        if not case.steps or case.closed_at is not None:
            found.append(f"case {case.id} is open without an open step")
        for step in case.steps:
            if not (step.owner.name and step.fallback):
                found.append(f"step {step.id} has no owner or no fallback")
            if step.clock.next_at > step.clock.due_at:
                found.append(f"step {step.id} looks past its due time")
    found.extend(
        f"case {case.id} is closed with an open step or no outcome"
        for case in view.closed
        if case.steps or case.closed_at is None or not case.outcome
    )
    return found


def cancel_wins(before: View, decided: Step) -> list[str]:
    """I6: no new effect of a cancelled case starts, but compensations and alerts to staff."""
    cancelled = {case.id for case in (*before.cases, *before.closed) if case.cancelled}
    return [
        f"effect {intent.name} of cancelled case {intent.case}"
        for change in decided.changes
        for intent in change.intents
        if (intent.case in cancelled or change.after.cancelled)
        and intent.audience is not Audience.STAFF
        and intent.compensates is None
    ]


def only_raised(before: View, decided: Step) -> list[str]:
    """I17: no urgency falls but by a person's recorded disposition."""
    known = {case.id: case.urgency for case in (*before.cases, *before.closed)}
    return [
        f"case {change.after.id} fell from {known[change.after.id].name}"
        for change in decided.changes
        if change.after.urgency < known.get(change.after.id, change.after.urgency)
        and decided.fact.type != "task.completed"
    ]


def explained(decided: Step) -> list[str]:
    """I17: every application names the rule that made it; every end of a fact that was not applied its reason."""
    found = [
        f"case {change.after.id} moved without a reason"
        for change in decided.changes
        if not (change.reasons or change.parked or change.notices)
        and decided.fact.type != "case.redriven"
    ]
    held = decided.disposition is Disposition.HELD
    if not (decided.changes or decided.reason or held):
        found.append(f"fact {decided.fact.id} ended without a reason")
    return found


def unique(view: View) -> list[str]:
    """At most one open case per unique key, duplicates of a merge apart."""
    seen: set[tuple[str, tuple[str, str]]] = set()
    found: list[str] = []
    for case in view.cases:
        if case.unique is None or case.duplicate_of is not None:
            continue
        key = (case.pathway, case.unique)
        if key in seen:
            found.append(f"two open cases of {case.pathway} for one key")
        seen.add(key)
    return found


def in_order(steps: Iterable[Step]) -> list[str]:
    """I5: decisions of one subject never go back in time, and each case's revisions rise by one."""
    found: list[str] = []
    last = None
    revisions: dict[UUID, int] = {}
    for decided in steps:
        if last is not None and decided.now < last:
            found.append("a decision went back in time")
        last = decided.now
        for change in decided.changes:
            known = revisions.get(change.after.id, 0)
            if change.parked or change.after.revision == known:
                continue
            if change.after.revision != known + 1:
                found.append(f"case {change.after.id} skipped a revision")
            revisions[change.after.id] = change.after.revision
    return found


def snapshot(view: View) -> Snapshot:
    """All that a replay must give again (I15), comparable: ids, states, owners, clocks, effects, values."""
    return {
        "open": [_case(case) for case in sorted(view.cases, key=_by_id)],
        "closed": [_case(case) for case in sorted(view.closed, key=_by_id)],
        "held": [str(held.fact.id) for held in view.held],
    }


def _by_id(case: Case) -> UUID:
    return case.id


def _case(case: Case) -> dict[str, Json]:
    regions: dict[str, Json] = {
        path: [view.outcome, *(str(each) for each in view.effects)]
        for path, view in case.regions.items()
    }
    blocks: dict[str, Json] = {"regions": regions} if regions else {}
    return {
        **blocks,
        "id": str(case.id),
        "pathway": case.pathway,
        "status": case.status,
        "urgency": case.urgency.name.lower(),
        "outcome": case.outcome,
        "cancelled": case.cancelled,
        "revision": case.revision,
        "values": {name: str(value) for name, value in sorted(case.values.items())},
        "counters": dict(case.counters),
        "steps": [
            {
                "id": str(step.id),
                "task": str(step.task),
                "state": step.state,
                "owner": step.owner.name,
                "due_at": step.clock.due_at.isoformat(),
                "level": step.clock.level,
            }
            for step in case.steps
        ],
        "effects": [
            {"id": str(each.id), "name": each.name, "state": each.state.value}
            for each in case.effects
        ],
    }
