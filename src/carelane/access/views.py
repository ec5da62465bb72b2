"""Allow-lists: which fields a screen may hold for a role and purpose (I19, minimum necessary).

A response is built by `only`, so a field that is not listed here cannot leave. `masked` fields leave
masked, unless `name.reveal` was asked for and allowed. Names are those of the screen's own model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from carelane.access.request import Purpose

T = TypeVar("T")


class Screen(StrEnum):
    """What a person looks at."""

    WORKLIST = "worklist"
    TASK = "task"
    CASE = "case"
    SEARCH = "search"
    LEDGER = "ledger"
    AUDIT = "audit"
    CHART = "chart"
    OPENINGS = "openings"
    STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What may leave, and what of it only masked."""

    shown: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()


_WORK = frozenset(
    {"task", "case", "pathway", "title", "status", "business_status", "urgency", "owner", "assignee", "version",
     "opened_at", "due_at", "warn_at", "snoozed_until", "site", "service_line", "level"}
)  # fmt: skip
_PATIENT = frozenset({"patient_name", "patient_birth_date", "patient_identifier"})
_CONTACT = frozenset({"patient_phone", "patient_language", "patient_sex"})
_STORY = frozenset(
    {"timeline", "reasons", "steps", "effects", "thread", "handovers", "milestone", "outcome", "correlation",
     "release", "duplicate_of"}
)  # fmt: skip
_FORM = frozenset({"form", "outcomes", "reasons_not_done", "fields", "undo_until", "record_link"})
_CODES = frozenset(
    {"message", "connection", "trigger", "digest", "size", "received_at", "outcome", "reason", "problems", "effect",
     "capability", "state", "attempts", "cause", "reference", "format", "next_at", "age", "owner", "case", "law",
     "count"}
)  # fmt: skip
_LEAF = frozenset(
    {"leaf", "tree_index", "at", "action", "actor", "subject", "case", "changes", "correlation", "purpose", "detail",
     "checkpoint", "size", "root"}
)  # fmt: skip

PATIENT = "patient"
"""Not one of the directory's: who comes by the link of a message, and only for the purpose PATRQT."""

CARE_ROLES = frozenset(
    {
        "intake-coordinator",
        "scheduler",
        "triage-nurse",
        "clinician",
        "supervisor",
        "house-supervisor",
    }
)
DESK_ROLES = frozenset({"integration-engineer", "compliance-officer", "administrator"})
_CARE = (Purpose.TREAT, Purpose.ETREAT)

_CARE_VIEWS: Mapping[Screen, Fields] = {
    Screen.WORKLIST: Fields(shown=_WORK, masked=_PATIENT),
    Screen.TASK: Fields(shown=_WORK | _FORM | _CONTACT | {"reasons", "thread"}, masked=_PATIENT),
    Screen.CASE: Fields(
        shown=_WORK | _STORY | _CONTACT | {"fields", "record_link"}, masked=_PATIENT
    ),
    Screen.SEARCH: Fields(shown=_WORK, masked=_PATIENT),
    Screen.CHART: Fields(shown=frozenset({"chart"})),
    Screen.OPENINGS: Fields(shown=frozenset({"openings"})),
}
_DESK_VIEWS: Mapping[Screen, Fields] = {
    Screen.WORKLIST: Fields(shown=_WORK),
    Screen.TASK: Fields(shown=_WORK | _FORM | {"reasons", "thread"}),
    Screen.CASE: Fields(shown=_WORK | _STORY),
    Screen.LEDGER: Fields(shown=_CODES),
}
_OWN: Mapping[tuple[str, Purpose, Screen], Fields] = {
    (PATIENT, Purpose.PATRQT, Screen.STATUS): Fields(
        shown=frozenset({"milestones", "closed_at", "due_at"})
    ),
}
"""What patients see of their own."""


def fields_of(roles: frozenset[str], purpose: Purpose, screen: Screen) -> Fields:
    """What may leave: the union over the person's roles; nothing for what is not listed."""
    found = [
        _OWN.get((role, purpose, screen)) or _of(role, purpose, screen) for role in sorted(roles)
    ]
    shown = frozenset[str]().union(*(each.shown for each in found))
    return Fields(
        shown=shown, masked=frozenset[str]().union(*(each.masked for each in found)) - shown
    )


def only(fields: Fields, values: Mapping[str, T], *, revealed: bool = False) -> dict[str, T]:
    """The values that may leave as they are; masked ones only when revealing was allowed."""
    allowed = fields.shown | fields.masked if revealed else fields.shown
    return {name: value for name, value in values.items() if name in allowed}


def _of(role: str, purpose: Purpose, screen: Screen) -> Fields:
    nothing = Fields()
    if role in CARE_ROLES and purpose in _CARE:
        return _CARE_VIEWS.get(screen, nothing)
    if role in CARE_ROLES and purpose is Purpose.BTG:
        return _CARE_VIEWS.get(screen, nothing) if screen in (Screen.CASE, Screen.TASK) else nothing
    if purpose is not Purpose.HOPERAT:
        return nothing
    if screen is Screen.AUDIT:
        return Fields(shown=_LEAF) if role == "compliance-officer" else nothing
    if screen is Screen.LEDGER and role in ("supervisor", "house-supervisor"):
        return Fields(shown=_CODES)
    return _DESK_VIEWS.get(screen, nothing) if role in DESK_ROLES else nothing
