"""What leaves the server: patients masked unless revealed, rows with words beside codes (I19). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carelane.access.masking import mask_date, mask_identifier, mask_name
from carelane.access.views import Fields
from carelane.directory.snapshot import Snapshot
from carelane.engine.in_force import scope_of
from carelane.facts.fact import Payload
from carelane.facts.phi import Phi
from carelane.store.database import Row
from carelane.worklist.listing import TaskRow
from carelane.worklist.viewer import display

URGENCIES = ("Routine", "Urgent", "ASAP", "STAT")
IDENTIFYING = frozenset({"patient_name", "birth_date", "patient_identifier", "patient_address"})
SOON_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient as this person may see them now."""

    name: str = ""
    birth_date: str = ""
    identifier: str = ""
    revealed: bool = False


def patient(
    sealed: Phi[Payload] | None, fields: Fields, *, revealed: bool = False
) -> Patient | None:
    """Masked, or in full where revealing was allowed; None where not even a mask may leave."""
    given: Mapping[str, Any] = sealed.reveal() if sealed is not None else {}
    allowed = fields.shown | fields.masked
    if not given or "patient_name" not in allowed:
        return None
    name = " ".join([*given.get("given", ()), given.get("family") or ""]).strip()
    birth = str(given.get("birth_date") or "")
    number = next((str(each["value"]) for each in given.get("identifiers", ())), "")
    if revealed:
        return Patient(name=name, birth_date=birth, identifier=number, revealed=True)
    return Patient(
        name=mask_name(name), birth_date=mask_date(birth), identifier=mask_identifier(number)
    )


def heat(due: datetime, now: datetime) -> str:
    """`late`, `warn` (under an hour) or `ok`."""
    left = (due - now).total_seconds()
    return "late" if left < 0 else "warn" if left < SOON_S else "ok"


def time_left(due: datetime, now: datetime) -> str:
    """`1 h 05 m left`, `50 m late`: words, so that colour is never alone."""
    left = (due - now).total_seconds()
    return f"{_span(left)} late" if left < 0 else f"{_span(left)} left"


def age(since: datetime | None, now: datetime) -> str:
    """`3 d 4 h`: how long something has waited; a dash for nothing."""
    return _span((now - since).total_seconds()) if since else "-"


def _span(left: float) -> str:
    minutes = int(abs(left) // 60)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60:02} m" if hours else f"{minutes} m"


def row_json(row: TaskRow, fields: Fields, directory: Snapshot) -> dict[str, object]:
    """A row of the list for the API: only what the view allows."""
    who = patient(row.patient, fields)
    return {
        "id": str(row.id),
        "case": str(row.case),
        "pathway": row.pathway,
        "name": row.name,
        "title": row.title,
        "business_status": row.business_status,
        "status": row.status,
        "urgency": row.urgency,
        "owner": row.owner_name,
        "assignee": row.assignee,
        "assignee_display": display(directory, row.assignee) if row.assignee else "",
        "version": row.version,
        "opened_at": row.opened_at,
        "due_at": row.due_at,
        "snoozed_until": row.snoozed_until,
        "site": row.site,
        "service_line": row.service_line,
        "state": row.state,
        "safety": row.safety,
        "offered": row.offered,
        "patient": {"name": who.name, "birth_date": who.birth_date, "identifier": who.identifier}
        if who
        else None,
    }


def heading(code: str) -> str:
    """A code as words: `complete-referral` is `Complete referral`."""
    return capfirst(code.replace("-", " ").replace("_", " ").replace(".", " "))


def capfirst(text: str) -> str:
    """A sentence that begins with a capital; the rest stays."""
    return text[:1].upper() + text[1:]


def pair(code: str) -> tuple[str, str]:
    """A code with its words, for a list to choose from."""
    return code, heading(code)


def scope(row: Row) -> str:
    """Where a release is in force: `Everywhere`, `Cardiology, North`."""
    said = [heading(value) for value in scope_of(row).parts().values()]
    return ", ".join(reversed(said)) or "Everywhere"
