"""Patients who come by the link of a message: the birth date is asked, guesses are counted, each look is written down.

The link alone shows nothing: a text may lie open on a table, and a number may have changed hands. Five wrong dates
close the pages of that patient for a day, whichever of the patient's links they came by; nobody is told by how far off.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from carelane.access.decide import Denied, decide
from carelane.access.request import Action, Principal, Purpose, Request, Resource
from carelane.access.views import PATIENT, Screen
from carelane.accounts.rights import Rights, write_down
from carelane.audit.actions import Action as Audited
from carelane.store.tokens import SearchTerms

TRIES: Final = 5
FORGET: Final = timedelta(days=1)
VISITOR: Final = "patient-by-link"
"""Who read, in the access tree. Whose link it was, the message says that stands beside it."""
WRONG: Final = Denied(reason="birth-date", sentence="That is not the birth date on record.")
OFTEN: Final = Denied(reason="tried-too-often", sentence="Too many dates were tried. Wait a day.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One look at a case by the link of a message. `whose` is the patient of that, `subject` the case's.

    `born` are tokens of the birth dates on record: none where none is known, and then nobody may look.
    """

    effect: UUID
    case: UUID
    subject: UUID
    whose: UUID | None
    site: str
    service_line: str
    born: frozenset[str] = field(repr=False)


async def admitted(rights: Rights, visit: Visit, born: date) -> Denied | None:
    """None where the page may be shown; the look is written down already, as a denial is."""
    denied = await _tried(rights, visit, born) or _ruled(rights, visit)
    action = Audited.ACCESS_READ if denied is None else Audited.ACCESS_DENIED
    detail: dict[str, object] = {
        "action": Action.STATUS_VIEW.value,
        "screen": Screen.STATUS.value,
        "cases": [str(visit.case)],
        "message": str(visit.effect),
        "reason": denied.reason if denied else "",
    }
    await write_down(rights.runtime, VISITOR, Purpose.PATRQT, action, detail)
    return denied


async def _tried(rights: Rights, visit: Visit, born: date) -> Denied | None:
    """One try is taken before it is judged, under its row's lock: many at once are no more than one after another."""
    runtime = rights.runtime
    now, name = runtime.now(), f"link:{visit.subject}"
    said = runtime.vault.tokens.stored(SearchTerms(birth_date=born))["birth_date"]
    async with runtime.app.transaction() as tx:
        taken = await tx.one("accounts.take_try", organisation=runtime.organisation, person=name, now=now,
                             forget=now - FORGET, most=TRIES)  # fmt: skip
        if taken is None:
            return OFTEN
        if visit.born.isdisjoint(said):
            return WRONG
        tx.put("accounts.succeeded", person=name)
    return None


def _ruled(rights: Rights, visit: Visit) -> Denied | None:
    """What the policies say. The rule about networks is for staff: patients are always outside, `remote` is false."""
    organisation = str(rights.runtime.organisation)
    request = Request(
        principal=Principal(
            name=str(visit.whose or ""), organisation=organisation, roles=frozenset({PATIENT})
        ),
        action=Action.STATUS_VIEW,
        resource=Resource(
            id=str(visit.case),
            organisation=organisation,
            site=visit.site,
            service_line=visit.service_line,
            owner=str(visit.subject),
        ),
        purpose=Purpose.PATRQT,
    )
    answer = decide(request, rights.policies)
    return answer if isinstance(answer, Denied) else None
