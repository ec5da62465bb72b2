"""What follows at the hospital by itself: visits that are kept or missed, notes, reports, results, discharges.

Each function is given the hospital at its moment and says messages; what comes later it puts among the happenings.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from carelane.testing.hospital import speech
from carelane.testing.hospital.ehr_desk import Slot
from carelane.testing.hospital.speech import Visit
from carelane.testing.hospital.state import Booked, Hospital, Wish
from carelane.testing.hospital.told import Arrival
from carelane.testing.hospital.world import AUTHORITY

COMES, COMES_IF_CONFIRMED = 0.86, 0.94
CANCELS, MOVES = 0.06, 0.04
NOTED, SIGNED_SOON, REPORTED = 0.3, 0.75, 0.85
HIGH_RISK, FILLS_IN = 0.12, 0.6
ASKED = frozenset({"new-patient", "surgery-consult"})
CONSULT, NOTE = ("CN", "Consultation"), ("PN", "Progress note")


def booked(  # noqa: PLR0913  # each says one thing, by name
    h: Hospital,
    person: int,
    slot: Slot,
    *,
    wish: Wish | None = None,
    kind: str = "",
    appointment: str = "",
) -> Booked:
    """A visit is in the scheduling system: it is told to Carelane, and the rest of it will happen."""
    visit = Visit(
        number=h.number("APT"),
        start=slot.start,
        minutes=slot.minutes,
        kind=kind or slot.visit,
        line=slot.line,
        order=wish.number if wish and wish.kind in {"referral", "order", "lab"} else "",
        request=wish.number if wish and wish.kind not in {"referral", "order", "lab"} else "",
        doctor=int(slot.doctor[1:]),
        risk="high" if h.draw("no-show", person, slot.key) < HIGH_RISK else "",
    )
    made = Booked(
        visit=visit,
        person=person,
        site=slot.site,
        wish=wish,
        slot=slot.key,
        appointment=appointment,
    )
    h.booked[visit.number] = made
    h.counts["visits booked"] += 1
    say(h, made, "S12")
    remember(h, "c", "appointment", visit.number, made)
    change = h.draw("change", visit.number)
    until = (slot.start - h.now) / timedelta(hours=1)
    if until > 30 and change < CANCELS:  # noqa: PLR2004  # a day and some hours
        h.after(
            until * (0.3 + 0.5 * h.draw("when", visit.number)), partial(cancelled, visit.number)
        )
    elif until > 30 and change < CANCELS + MOVES:  # noqa: PLR2004  # as above
        h.after(until * (0.3 + 0.5 * h.draw("when", visit.number)), partial(moved, visit.number))
    h.at(slot.start, partial(begins, visit.number))
    if visit.kind in ASKED and h.draw("fills in", visit.number) < FILLS_IN:
        hours = min(until * 0.6, 3 + 40 * h.draw("when filled in", visit.number))
        h.after(hours, partial(filled_in, visit.number))
    return made


def filled_in(number: str, h: Hospital) -> None:
    """The patient answers the questionnaire of a visit in the portal."""
    made = h.booked[number]
    if made.over:
        return
    patient = h.patient(made.person)
    h.post("portal-messages", {
        "id": h.number("QR"), "sent_at": h.now.isoformat(), "kind": "questionnaire", "thread": h.number("TH"),
        "patient": {"numbers": [{"authority": AUTHORITY, "value": patient.number}]}, "subject": "Before my visit",
        "text": "Answered.", "appointment": {"authority": "SCHED", "value": number},
        "answers": [{"question": "allergies", "value": False}],
    })  # fmt: skip


def remember(h: Hospital, workflow: str, by: str, number: str, made: Booked) -> None:
    """An arrival that a booking is, for the workflow that follows it."""
    h.arrivals.append(
        Arrival(workflow=workflow, at=h.now.isoformat(), by=by, number=number, message=f"M{number}", channel="mllp",
                service_line=made.visit.line, site=made.site)
    )  # fmt: skip


def say(h: Hospital, made: Booked, event: str, *, status: str = "") -> str:
    """A SIU about a visit."""
    head = h.head(made.site)
    visit = made.visit if not status else _with(made.visit, status=status)
    return h.say(head, speech.schedule(head, event, h.patient(made.person), visit))


def cancelled(number: str, h: Hospital) -> None:
    """The patient called it off: the slot is free."""
    made = h.booked[number]
    if made.over:
        return
    made.over = True
    h.counts["visits cancelled"] += 1
    say(h, made, "S15")
    h.freed(made)


def _later(h: Hospital, made: Booked) -> Iterator[Slot]:
    visit = made.visit
    return h.ehr.free(visit.line, made.site, h.now + timedelta(hours=26), visit=visit.kind)


def moved(number: str, h: Hospital) -> None:
    """The visit gets another time."""
    made = h.booked[number]
    other = next(_later(h, made), None)
    if made.over or other is None:
        return
    h.freed(made)
    made.appointment = h.ehr.book(other, h.patient(made.person).number)
    h.counts["visits moved"] += 1
    made.visit = _with(made.visit, start=other.start, minutes=other.minutes)
    made.slot = other.key
    say(h, made, "S13")
    h.at(other.start, partial(begins, number))


def begins(number: str, h: Hospital) -> None:
    """The time of a visit: the patient is there, or not."""
    made = h.booked[number]
    if made.over or made.visit.start > h.now:
        return
    made.over = True
    comes = COMES_IF_CONFIRMED if made.confirmed else COMES
    if h.draw("comes", number) >= comes:
        h.after(0.7, partial(missed, number))
        return
    h.counts["visits came"] += 1
    head = h.head(made.site)
    h.say(
        head,
        speech.adt(
            head, "A04", h.patient(made.person), visit=f"V{number}", kind="O", appointment=number
        ),
    )
    h.after(made.visit.minutes / 60, partial(ends, number))


def missed(number: str, h: Hospital) -> None:
    """Nobody came."""
    made = h.booked[number]
    h.counts["visits missed"] += 1
    say(h, made, "S26")


def ends(number: str, h: Hospital) -> None:
    """The visit is over: fulfilled; a part of them gets a note of its own, a referral a report, an order a result."""
    made = h.booked[number]
    say(h, made, "S14", status="Complete")
    if h.draw("noted", number) < NOTED:
        leaves(f"V{number}", made.person, made.site, h)
    if made.wish is None:
        return
    if made.wish.kind == "referral" and h.draw("reported", number) < REPORTED:
        h.after(6 + 40 * h.draw("report", number), partial(reports, made.wish))
    elif made.wish.kind in {"order", "lab"}:
        h.after(3 + 20 * h.draw("result", number), partial(resulted, made.wish))


def leaves(visit: str, person: int, site: str, h: Hospital) -> None:
    """An outpatient leaves; most notes are signed soon."""
    head = h.head(site)
    h.say(
        head,
        speech.adt(
            head,
            "A03",
            h.patient(person),
            visit=visit,
            kind="O",
            admitted=h.now - timedelta(hours=1),
        ),
    )
    h.arrivals.append(
        Arrival(workflow="m", at=h.now.isoformat(), by="encounter", number=visit, message=head.control, channel="mllp",
                site=site)
    )  # fmt: skip
    h.wish(Wish(kind="note", number=visit, person=person, line="", site=site, workflow="m"))
    if h.draw("signed", visit) < SIGNED_SOON:
        h.after(0.5 + 5 * h.draw("sign", visit), partial(note_signed, visit, person, site))


def note_signed(visit: str, person: int, site: str, h: Hospital) -> None:
    """The note of a visit is in the record, signed."""
    head = h.head(site)
    h.say(
        head,
        speech.document(
            head, "T02", h.patient(person), number=f"N-{visit}", kind=NOTE, visit=visit
        ),
    )


def reports(wish: Wish, h: Hospital) -> None:
    """The consultant's report on a referral."""
    if not wish.open:
        return
    wish.open = False
    head = h.head(wish.site)
    h.say(head, speech.document(head, "T02", h.patient(wish.person), number=f"R-{wish.number}", kind=CONSULT,
                                order=wish.number))  # fmt: skip


def resulted(wish: Wish, h: Hospital) -> None:
    """The result of an order."""
    if not wish.open:
        return
    wish.open = False
    head = h.head(wish.site)
    h.say(head, speech.result(head, h.patient(wish.person), number=wish.number, filler=f"F-{wish.number}",
                              code=("718-7", "Hemoglobin"), value="14.1", unit="g/dL"))  # fmt: skip


def discharged(visit: str, person: int, site: str, h: Hospital) -> None:
    """An inpatient goes home; rarely it is undone."""
    head = h.head(site)
    admitted = h.now - timedelta(days=3)
    risk = "high" if h.draw("risk", visit) < 0.25 else "standard"  # noqa: PLR2004  # as received
    h.say(
        head,
        speech.adt(
            head,
            "A03",
            h.patient(person),
            visit=visit,
            disposition="01",
            admitted=admitted,
            risk=risk,
        ),
    )
    h.arrivals.append(
        Arrival(workflow="j", at=h.now.isoformat(), by="encounter", number=visit, message=head.control, channel="mllp",
                site=site, urgent=risk == "high")
    )  # fmt: skip
    h.wish(
        Wish(
            kind="discharge",
            number=visit,
            person=person,
            line="primary-care",
            site=site,
            workflow="j",
        )
    )
    h.wish(Wish(kind="note", number=visit, person=person, line="", site=site, workflow="m"))
    if h.draw("undone", visit) < 0.04:  # noqa: PLR2004  # the ward was too quick
        h.after(0.5, partial(undone, visit, person, site))
    elif h.draw("signed", visit) < SIGNED_SOON:
        h.after(2 + 10 * h.draw("sign", visit), partial(note_signed, visit, person, site))


def undone(visit: str, person: int, site: str, h: Hospital) -> None:
    """A13: the patient is still here."""
    head = h.head(site)
    h.say(head, speech.adt(head, "A13", h.patient(person), visit=visit))


def _with(visit: Visit, **changed: object) -> Visit:
    values = {name: getattr(visit, name) for name in Visit.__slots__}
    return Visit(**{**values, **changed})
