"""What staff does in the hospital's own systems when it finishes a task: books at the EHR, signs, sends, moves.

An act is given the hospital, the task and the ending that was drawn; it may end otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from carelane.testing.hospital import after, speech
from carelane.testing.hospital.ehr_desk import Slot
from carelane.testing.hospital.state import Booked, Hospital, Wish
from carelane.testing.hospital.world import LINES, PATIENTS, born

Form = dict[str, Any]
Ending = tuple[str, Form]
UPLOADS = 0.5
ENCLOSES = 0.9
KINDS_OF_SLOT = {"telehealth": "video", "home-visit": "home"}
KNOWN_LINES = tuple(LINES)
NEEDS = {"new-patient": (40, 48), "procedure": (60, 72)}
"""Minutes that a visit takes and hours that its preparation takes, as the tables of pathway scheduling-request say."""
HASTY = 0.08
"""The share of offers made without a look at what is needed before; those are refused, and made again."""


@dataclass(slots=True, kw_only=True)
class Page:
    """A task and whose it is; `moved_to` is set where it belongs to another pool."""

    item: str
    person: int
    moved_to: str = ""
    number: str = ""


Act = Callable[[Hospital, Page, str, Form], Ending]


def person_of(shown: Mapping[str, Any] | None) -> int:
    """Which invented patient a row of the list is about: it shows the number's end and the year of birth. Else 0."""
    number = str((shown or {}).get("identifier", ""))[-3:]
    year = str((shown or {}).get("birth_date", ""))[:4]
    if not (number.isdigit() and year.isdigit()):
        return 0
    alike = range(int(number) or 1000, PATIENTS + 1, 1000)
    return next((each for each in alike if born(each).year == int(year)), 0)


def _slot(h: Hospital, wish: Wish | None, *, hours: float, minutes: int = 0) -> Slot | None:
    """The first free slot for a wish, after so many hours; at another site of the line where there is none."""
    if wish is None:
        return None
    line = wish.line if wish.line in LINES else "primary-care"
    sites = [wish.site, *(site for site in LINES[line].sites if site != wish.site)]
    for site in sites:
        after_ = h.now + timedelta(hours=hours)
        found = next(h.ehr.free(line, site, after_, minutes=minutes, visit=wish.visit), None)
        if found is not None:
            found.promised = h.now
            return found
    return None


def _book(h: Hospital, page: Page, wish: Wish | None, *, hours: float) -> bool:
    slot = _slot(h, wish, hours=hours + 90 * h.draw("ahead", page.item))
    if slot is None or wish is None:
        return False
    made = h.ehr.book(slot, h.patient(page.person).number)
    after.booked(h, page.person, slot, wish=wish, appointment=made)
    return True


def book_referral(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The desk books the first visit of a referral in the record."""
    if outcome != "booked":
        return outcome, form
    return (
        ("booked", form)
        if _book(h, page, h.wished(page.person, "referral"), hours=26)
        else ("no-answer", {})
    )


def book_order(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The department finds a time for what was ordered, or it needs none and its result comes."""
    wish = h.wished(page.person, "order", "lab")
    if outcome == "scheduled" and not _book(h, page, wish, hours=20):
        outcome = "no-appointment-needed"
    if outcome == "no-appointment-needed" and wish is not None:
        h.after(6 + 30 * h.draw("result", page.item), partial(after.resulted, wish))
    return outcome, form


def book_follow_up(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """A visit soon after a discharge."""
    if outcome != "booked":
        return outcome, form
    return (
        ("booked", form)
        if _book(h, page, h.wished(page.person, "discharge"), hours=20)
        else ("no-answer", {})
    )


def book_again(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """A new time for who did not come."""
    made = _latest(h, page.person)
    if outcome != "booked" or made is None:
        return outcome if made else "no-answer", form
    wish = Wish(
        kind="again",
        number=h.number("AG"),
        person=page.person,
        line=made.visit.line,
        site=made.site,
    )
    return ("booked", form) if _book(h, page, made.wish or wish, hours=26) else ("no-answer", {})


def offer_slot(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The patient agrees to a free slot of the record; now and then somebody else has just been offered it."""
    if outcome != "agreed":
        return outcome, form
    wish = h.wished(page.person, "request")
    if wish is not None and wish.waits:
        return "no-slot", {}
    minutes, least = NEEDS.get(wish.visit, (20, 0)) if wish is not None else (20, 0)
    if wish is not None and (wish.urgent or h.draw("hasty", page.item) < HASTY):
        least = 0
    slot = _slot(h, wish, hours=max(3 + 60 * h.draw("ahead", page.item), least), minutes=minutes)
    if slot is None or wish is None:
        return "no-slot", {}
    if h.draw("race", page.item) < 0.06:  # noqa: PLR2004  # two schedulers, one slot
        slot.promised = None
    return "agreed", {
        "slot": f"Slot/{slot.key}",
        "slot_start": slot.start.isoformat(),
        "slot_minutes": str(slot.minutes),
        "slot_kind": KINDS_OF_SLOT.get(slot.visit, "in-person"),
    }


def complete_request(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """What is missing is asked for, or written in."""
    if outcome != "completed":
        return outcome, form
    wish = h.wished(page.person, "request")
    line = wish.line if wish and wish.line in KNOWN_LINES else "primary-care"
    visit = wish.visit if wish else "follow-up"  # a scheduling system's own request does not say
    return "completed", {
        "service": line,
        "payer": h.patient(page.person or 1).payer,
        "setting": "home" if visit == "home-visit" else visit,
    }


def name_line(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The service line that a referral is for."""
    wish = h.wished(page.person, "referral")
    line = wish.meant if wish and wish.meant in KNOWN_LINES else "primary-care"
    return outcome, {**form, "service": line} if outcome in {"completed", "received"} else form


def triage(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The specialist sees when a referral came to the wrong line, and has it moved."""
    wish = h.wished(page.person, "referral")
    if wish is not None and wish.meant and wish.meant != wish.line and wish.meant in KNOWN_LINES:
        page.moved_to, page.number = f"referral-triage-{wish.meant}", wish.number
        wish.line = wish.meant
        return "", {}
    if outcome == "redirected":
        names = [each for each in KNOWN_LINES if wish is None or each != wish.line]
        form = {"service": names[int(h.draw("to", page.item) * len(names))]}
    return outcome, form


def attendance(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The desk looks into the record: did the patient come?"""
    del outcome
    made = _latest(h, page.person)
    came = made is not None and h.draw("comes", made.visit.number) < after.COMES
    return ("attended" if came else "missed"), form


def attendance_of_visit(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The same, as the reminder's task says it."""
    ended, form = attendance(h, page, outcome, form)
    return ("came" if ended == "attended" else "missed"), form


def change_visit(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The patient's wish is done in the record."""
    del outcome
    made = _latest(h, page.person)
    if made is None or made.over:
        return "kept", form
    if h.draw("change", page.item) < 0.5:  # noqa: PLR2004  # one or the other
        after.cancelled(made.visit.number, h)
        return "cancelled", form
    after.moved(made.visit.number, h)
    return "moved", form


def send_report(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The author is asked, and the report comes."""
    wish = h.wished(page.person, "referral")
    if wish is not None:
        h.after(1, partial(after.reports, wish))
    return outcome, form


def send_result(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The department is asked, and the result comes."""
    wish = h.wished(page.person, "order", "lab")
    if wish is not None:
        h.after(2, partial(after.resulted, wish))
    return outcome, form


def send_refill_lab(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The test that a refill needs is done some days later."""
    wish = Wish(
        kind="lab",
        number=h.number("LAB"),
        person=page.person,
        line="primary-care",
        site=h.patient(page.person or 1).site,
    )
    h.after(30 + 40 * h.draw("lab", page.item), partial(after.resulted, wish))
    return outcome, form


def sign_prescription(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """Signed in the record, which tells it."""
    wish = h.wished(page.person, "refill")
    if wish is not None:
        wish.open = False
        head = h.head(wish.site)
        h.say(
            head,
            speech.prescription(
                head, "O11", h.patient(wish.person), number=wish.number, drug=(wish.line, "drug")
            ),
        )
    return outcome, form


def sign_note(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """The note is written and signed."""
    wish = h.wished(page.person, "note")
    if wish is not None:
        wish.open = False
        h.after(0.1, partial(after.note_signed, wish.number, wish.person, wish.site))
    return outcome, form


def name_payer(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """Who pays, as the patient says."""
    payer = h.patient(page.person or 1).payer
    return (
        ("self-pay", {})
        if payer == "self-pay" or outcome == "self-pay"
        else ("found", {**form, "payer": payer})
    )


def assemble(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """What only the clinician has is uploaded later; the desk does not always say which documents go along."""
    wish = h.wished(page.person, "order")
    if outcome == "complete" and h.draw("enclosed", page.item) < ENCLOSES:
        return outcome, {**form, "document_numbers": f"NOTES-{page.person or 0}"}
    uploads = h.draw("uploads", page.item) < UPLOADS
    if outcome == "missing-from-clinician" and wish is not None and uploads:
        h.after(5, partial(_uploaded, wish))
    return outcome, form


def _uploaded(wish: Wish, h: Hospital) -> None:
    head = h.head(wish.site)
    h.counts["documents uploaded later"] += 1
    h.say(head, speech.document(head, "T02", h.patient(wish.person), number=h.number("UP"), kind=("OP", "Notes"),
                                order=wish.number))  # fmt: skip


def call(h: Hospital, page: Page, outcome: str, form: Form) -> Ending:
    """A call to a patient, who answers or not."""
    del page
    h.counts["calls made"] += 1
    h.counts["calls answered"] += outcome != "no-answer"
    return outcome, form


def _latest(h: Hospital, person: int) -> Booked | None:
    found = [each for each in h.booked.values() if each.person == person]
    return found[-1] if found else None


ACTS: Mapping[str, Act] = {
    "name-line": name_line, "triage": triage, "book-referral": book_referral,
    "attendance": attendance, "send-report": send_report, "book-order": book_order,
    "send-result": send_result, "complete-request": complete_request, "offer-slot": offer_slot,
    "change-visit": change_visit, "attendance-of-visit": attendance_of_visit, "book-again": book_again,
    "send-refill-lab": send_refill_lab, "sign-prescription": sign_prescription, "sign-note": sign_note,
    "name-payer": name_payer, "assemble": assemble, "book-follow-up": book_follow_up,
    "call": call,
}  # fmt: skip
