"""How an act ended, in words for a person and codes for a program; nothing of a patient in either. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from carelane.access.decide import Denied
from carelane.engine.decide import Standing
from carelane.portal.doing import Told
from carelane.portal.shown import heading
from carelane.worklist.answers import Acted, Held, Lost, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`ok`, an HTTP status, and the problem: code, message, remedy, place (a field's name, or empty).

    `open`: done, and the same task is to be done again. `retry_s`: seconds until another try is worth it; 0: not told.
    """

    ok: bool
    status: int
    code: str
    message: str
    remedy: str = ""
    place: str = ""
    version: int = 0
    open: bool = False
    retry_s: int = 0
    undo_until: datetime | None = None

    def problem(self) -> Mapping[str, object]:
        """The API's error."""
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "place": self.place,
        }


_REMEDIES = {
    "form-incomplete": "Fill in the field, then choose the outcome again.",
    "reason-missing": "Choose a reason from the list.",
    "outcome-unknown": "Choose one of the outcomes of this task.",
    "task-closed": "It is done already. Load the list again.",
    "undo-too-late": "The time to undo is over; act on the case instead.",
    "undo-joined": "It ended work that others had begun beside it. Act on the case instead.",
    "undo-under-way": "Something it waits for is on its way. Act on the case instead.",
    "undo-told": "Others were told already. Act on the case instead.",
    "not-allowed": "This pathway does not allow it here.",
}
_OVER = ("completed", "cancelled")
_STATUS = {"not-found": 404, "outdated": 409}


def said(told: Told, now: datetime) -> Said:
    """The words for an ending."""
    match told:
        case Held():
            return Said(ok=True, status=200, code="held", message="Done.", version=told.version)
        case Acted():
            return _acted(told)
        case Lost() if not told.by and told.status not in _OVER:
            return Said(ok=False, status=409, code="outdated", version=told.version,
                        message="This task changed meanwhile, and nobody has it.",
                        remedy="It is shown as it is now: choose again.")  # fmt: skip
        case Lost():
            return Said(ok=False, status=409, code="lost", message=_lost(told, now), version=told.version,
                        remedy="Open it read-only, or ask for it in the thread.")  # fmt: skip
        case Refused():
            place = told.fields[0] if told.fields else ""
            return Said(ok=False, status=_STATUS.get(told.code, 422), code=told.code, place=place,
                        message=f"Not done: {heading(told.code).lower()}.", remedy=told.remedy)  # fmt: skip
        case Denied():
            status = 404 if told.reason == "not-found" else 403
            return Said(ok=False, status=status, code=told.reason, message=told.sentence,
                        remedy="Ask a supervisor, or choose another purpose of use.")  # fmt: skip


def _acted(told: Acted) -> Said:
    answer = told.answer
    if answer.standing is Standing.IGNORED:
        code, _, place = answer.reason.partition(":")
        return Said(
            ok=False, status=422, code=code, place=place, version=told.version,
            message=f"Not done: {heading(code).lower()}.",
            remedy=_REMEDIES.get(code, "Load the task again."))  # fmt: skip
    message = (
        "Done."
        if answer.standing is Standing.APPLIED
        else "Stored; it counts from now and is finished in a moment."
    )
    return Said(ok=True, status=200, code=answer.standing.value, message=message, version=told.version,
                open=told.open, undo_until=told.undo_until)  # fmt: skip


def _lost(told: Lost, now: datetime) -> str:
    if told.status in _OVER:
        return f"This task was {told.status}{_by(told.by)}{_ago(told.at, now)}."
    return f"{told.by} claimed this{_ago(told.at, now)}."


def _by(who: str) -> str:
    return f" by {who}" if who else ""


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    seconds = max(0, int((now - at).total_seconds()))
    return f" {seconds} s ago" if seconds < 60 else f" {seconds // 60} m ago"  # noqa: PLR2004  # a minute
