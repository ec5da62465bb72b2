"""Follow-ups that were missed, one by one: the ids of the case and what it waited for, never a patient. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from carelane.measures.figures import Row
from carelane.measures.workflows import letter
from carelane.pathways.definition import Definition, State

FOLLOW_UPS: Mapping[str, frozenset[str]] = {
    "abnormal-result": frozenset({"resulted", "reviewed", "reopened"}),
    "appointment-reminder": frozenset({"no-show", "rebook-due", "unreachable"}),
    "callback": frozenset({"callback-due"}),
    "critical-result": frozenset({"critical-call", "acknowledged", "reviewed", "reopened"}),
    "discharge-follow-up": frozenset({"discharged"}),
    "nurse-triage": frozenset({"callback-due"}),
    "order-tracking": frozenset({"received", "performed"}),
    "referral-intake": frozenset({"scheduling", "no-show", "report-pending"}),
}
"""By pathway the published statuses in which a patient waits for something that was promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """One wait that ran out of time: whose case, for what, since when, and when it was settled after all."""

    workflow: str
    pathway: str
    case: str
    state: str
    owner: str
    site: str
    due: str
    settled: str  # empty: still open
    how: str


def follow_ups(definitions: Iterable[Definition]) -> tuple[tuple[str, str], ...]:
    """Pathway and state of every wait that is a follow-up, of all releases."""
    found = {(each.name, state.name) for each in definitions for state in each.states.values()
             if not state.final and _status(each, state) in FOLLOW_UPS.get(each.name, ())}  # fmt: skip
    return tuple(sorted(found))


def _status(definition: Definition, state: State) -> str:
    """A state in a region has the status of the block that it belongs to, unless it says one."""
    block = state.region.partition("/")[0]
    if state.status or not block:
        return state.status
    return _status(definition, definition.states[block])


def named(rows: Iterable[Row], to_at: datetime) -> tuple[Missed, ...]:
    """Each of them, the longest due first."""
    return tuple(_missed(row, to_at) for row in rows)


def _missed(row: Row, to_at: datetime) -> Missed:
    settled = (
        row["closed_at"] if row["closed_at"] is not None and row["closed_at"] < to_at else None
    )
    return Missed(
        workflow=letter(row["pathway"]), pathway=row["pathway"], case=str(row["case_id"]), state=row["state"],
        owner=row["owner_name"], site=row["site"], due=row["due_at"].isoformat(),
        settled=settled.isoformat() if settled else "", how=row["how"] if settled else "",
    )  # fmt: skip
