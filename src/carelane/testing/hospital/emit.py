"""Arrivals by the interface engines' feeds, and which function says what `plan` planned; what is planted is noted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from carelane.testing.hospital import after, emit_channels, speech
from carelane.testing.hospital.plan import Planned
from carelane.testing.hospital.saying import came, misrouted, pick, red, wish
from carelane.testing.hospital.state import Hospital, Wish
from carelane.testing.hospital.world import LINES

VISITS = (
    "new-patient",
    "follow-up",
    "follow-up",
    "mri",
    "surgery-consult",
    "follow-up",
    "stress-test",
    "follow-up",
)
DRUGS = emit_channels.DRUGS
SERVICES = (("72148", "MRI lumbar spine"), ("73721", "MRI knee"), ("74177", "CT abdomen"), ("75574", "Cardiac CT"),
            ("27447", "Knee replacement"), ("95810", "Sleep study"))  # fmt: skip
IMAGING = (("71020", "Chest X-ray"), ("76700", "Ultrasound abdomen"), ("77067", "Mammography"))
TROUBLES = ("duplicate", "late", "wrong", "unreadable", "merged", "unknown-code")
URGENT_SHARE, WITHDRAWN, CORRECTED, PRELIMINARY = 0.12, 0.03, 0.05, 0.15
SHORT_STAYS, TOO_LATE, LOOKED_AT = 0.5, 0.2, 0.1
VALUES = {"HH": "7.1", "LL": "2.1", "H": "5.4", "L": "3.3", "A": "5.3"}


def arrives(planned: Planned, h: Hospital) -> None:
    """One arrival, as it happens."""
    KINDS[planned.kind](h, planned)


def _srm(h: Hospital, p: Planned) -> None:
    head, said = h.head(p.site), wish(p, "request", h.number("AR"))
    patient = h.patient(p.person)
    h.say(head, speech.appointment_request(head, patient, number=said.number, line=p.line))
    came(h, p, said, head.control, by="appointment_request")
    h.wish(said)


def _desk_visit(h: Hospital, p: Planned) -> None:
    """The desk books a visit in the record, as it always did."""
    ahead = timedelta(hours=26 + 200 * p.dice)
    slot = next(h.ehr.free(p.line, p.site, h.now + ahead), None)
    if slot is not None:
        made = h.ehr.book(slot, h.patient(p.person).number)
        after.booked(h, p.person, slot, kind=pick(VISITS, p.dice), appointment=made)


def _opening(h: Hospital, p: Planned) -> None:
    """Somebody calls off a visit: a slot comes free, now and then too late to fill."""
    least = timedelta(hours=2 if p.dice < TOO_LATE else 30)
    for number, made in h.booked.items():
        ahead = made.visit.start - h.now
        if not made.over and ahead > least and h.draw("opens", number, p.at) < LOOKED_AT:
            after.cancelled(number, h)
            return


def _refill(h: Hospital, p: Planned) -> None:
    drug = pick(DRUGS, p.dice)
    said = h.wish(wish(p, "refill", h.number("RX"), line=drug[0]))
    came(h, p, said, _prescription(h, said, drug, "routine"), by="prescription")
    if p.planted == "again":
        h.counts["planted duplicate refill"] += 1
        h.after(5, partial(_again, said, drug))


def _again(said: Wish, drug: tuple[str, str], h: Hospital) -> None:
    _prescription(h, said, drug, "urgent")


def _prescription(h: Hospital, said: Wish, drug: tuple[str, str], priority: str) -> str:
    head, patient = h.head(said.site), h.patient(said.person)
    raw = speech.prescription(
        head, "O25", patient, number=said.number, drug=drug, priority=priority
    )
    return h.say(head, raw)


def _referral(h: Hospital, p: Planned) -> None:
    head, priority = h.head(p.site), _priority(p)
    named = _other(p.line) if p.planted == "wrong" else p.line
    said = wish(p, "referral", h.number("REF"), line=named, urgent=priority != "routine")
    raw = speech.referral(head, "I12", h.patient(p.person), number=said.number, line=named, priority=priority,
                          complete=p.planted != "incomplete")  # fmt: skip
    h.say(head, raw)
    came(h, p, said, head.control, by="referral")
    h.wish(said)
    if p.planted == "red":
        red(h, head.control, said, by="referral", kind="priority")
    if p.planted == "wrong":
        misrouted(h, head.control, "referral", said)
    if said.urgent:
        h.urgent()
    if h.draw("withdrawn", said.number) < WITHDRAWN:
        h.after(20, partial(_withdrawn, said))


def _withdrawn(said: Wish, h: Hospital) -> None:
    head, patient = h.head(said.site), h.patient(said.person)
    said.open = False
    h.say(head, speech.referral(head, "I14", patient, number=said.number, line=said.line))


def _order(h: Hospital, p: Planned) -> None:
    _ordered(h, p, pick(IMAGING, p.dice))


def _authorised(h: Hospital, p: Planned) -> None:
    """An order that some payers want to approve first; now and then nobody knows who pays."""
    payer = "" if p.planted == "incomplete" else h.patient(p.person).payer
    _ordered(h, p, pick(SERVICES, p.dice), payer=payer)


def _ordered(h: Hospital, p: Planned, service: tuple[str, str], *, payer: str = "") -> None:
    head, priority = h.head(p.site), _priority(p)
    said = wish(p, "order", h.number("ORD"), urgent=priority != "routine")
    raw = speech.order(head, h.patient(p.person), number=said.number, service=service, priority=priority,
                       payer=payer)  # fmt: skip
    h.say(head, raw)
    came(h, p, said, head.control, by="placer_order")
    h.wish(said)
    if p.planted == "red":
        red(h, head.control, said, by="placer_order", kind="priority")


def _lab(h: Hospital, p: Planned) -> None:
    head, said = h.head(p.site), wish(p, "lab", h.number("LAB"))
    h.say(head, speech.order(head, h.patient(p.person), number=said.number, service=("2823-3", "Potassium"),
                             section="LAB", message=("OML", "O21", "OML_O21")))  # fmt: skip
    came(h, p, said, head.control, by="placer_order")
    h.after(10 + 60 * p.dice, partial(after.resulted, h.wish(said)))


def _stay(h: Hospital, p: Planned) -> None:
    """Somebody is admitted, and goes home some days later; half of them the next day, for the wards were not empty."""
    visit, head = h.number("E"), h.head(p.site)
    h.say(head, speech.adt(head, "A01", h.patient(p.person), visit=visit))
    hours = 4 + 20 * p.dice if p.dice < SHORT_STAYS else 24 * (1 + 4 * p.dice)
    h.after(hours, partial(after.discharged, visit, p.person, p.site))


def _abnormal(h: Hospital, p: Planned) -> None:
    flag = pick(("H", "L", "A"), p.dice)
    said = wish(p, "result", h.number("RES"))
    control = _result(h, said, flag=flag, status="F")
    came(h, p, _reported(said), control, by="filler_order")
    if h.draw("corrected", said.number) < CORRECTED:
        h.after(8, partial(_corrected, said))


def _critical(h: Hospital, p: Planned) -> None:
    said = wish(p, "result", h.number("RES"), urgent=True)
    status = "P" if p.dice * 3 % 1 < PRELIMINARY else "F"
    control = _result(h, said, flag=pick(("HH", "LL"), p.dice), status=status)
    filled = _reported(said)
    came(h, p, filled, control, by="filler_order")
    red(h, control, filled, by="filler_order", kind="critical-flag")
    if h.draw("corrected", said.number) < CORRECTED:
        h.after(3, partial(_corrected, said))


def _corrected(said: Wish, h: Hospital) -> None:
    _result(h, said, flag="N", status="C")
    h.urgent()


def _reported(said: Wish) -> Wish:
    """By the laboratory's number, as results are known."""
    return replace(said, number=f"F-{said.number}")


def _result(h: Hospital, said: Wish, *, flag: str, status: str) -> str:
    head, patient = h.head(said.site), h.patient(said.person)
    raw = speech.result(head, patient, number=said.number, filler=f"F-{said.number}", flag=flag, status=status,
                        code=("2823-3", "Potassium"), value=VALUES.get(flag, "4.2"), unit="mmol/L")  # fmt: skip
    return h.say(head, raw)


def _outpatient(h: Hospital, p: Planned) -> None:
    """A visit that nobody booked here: it begins, ends, and its note is written."""
    visit, head = h.number("W"), h.head(p.site)
    h.say(head, speech.adt(head, "A04", h.patient(p.person), visit=visit, kind="O"))
    h.after(0.7, partial(after.leaves, visit, p.person, p.site))


def _noise(h: Hospital, p: Planned) -> None:
    """What a feed mostly says: updates, registrations, normal results."""
    event = pick(("R01", "A31", "A28", "A08", "A08"), p.dice)
    if event == "R01":
        _result(h, wish(p, "result", h.number("NR")), flag="N", status="F")
        return
    head = h.head(p.site)
    h.say(head, speech.adt(head, event, h.patient(p.person), visit=f"U{p.person}", kind="O"))


def _trouble(h: Hospital, p: Planned) -> None:
    """What real feeds do: the same twice, late, a known number with another body, nonsense, one record too many."""
    which = pick(TROUBLES, p.dice)
    h.counts[f"planted {which}"] += 1
    _TROUBLES[which](h, p)


def _duplicate(h: Hospital, _: Planned) -> None:
    for feed, raw in list(h.last_raw.items())[:1]:
        h.feeds.setdefault(feed, []).append(raw)


def _late(h: Hospital, p: Planned) -> None:
    head = h.head(p.site, late_h=30)
    h.say(head, speech.adt(head, "A08", h.patient(p.person), visit=f"U{p.person}", kind="O"))


def _wrong(h: Hospital, p: Planned) -> None:
    head = h.head(p.site)
    for visit in (f"U{p.person}", f"X{p.person}"):
        h.say(head, speech.adt(head, "A08", h.patient(p.person), visit=visit, kind="O"))


def _unreadable(h: Hospital, _: Planned) -> None:
    h.feeds.setdefault("mllp", []).append(b"this is no message\r")


def _merged(h: Hospital, p: Planned) -> None:
    head = h.head(p.site)
    h.say(head, speech.merge(head, h.patient(p.person), h.patient(1 + p.person % 9_999)))


def _unknown(h: Hospital, p: Planned) -> None:
    """A service line that nobody has: to a person, never to some desk."""
    head, said = h.head(p.site), wish(p, "referral", h.number("REF"))
    raw = speech.referral(head, "I12", h.patient(p.person), number=said.number, line="astrology")
    h.say(head, raw)
    said.workflow = "h"
    came(h, p, h.wish(said), head.control, by="referral")


def _priority(p: Planned) -> str:
    return "stat" if p.planted == "red" else "urgent" if p.dice < URGENT_SHARE else "routine"


def _other(line: str) -> str:
    names = list(LINES)
    return names[(names.index(line) + 1) % len(names)]


_TROUBLES: Mapping[str, Callable[[Hospital, Planned], None]] = {
    "duplicate": _duplicate, "late": _late, "wrong": _wrong, "unreadable": _unreadable, "merged": _merged,
    "unknown-code": _unknown,
}  # fmt: skip
KINDS: Mapping[str, Callable[[Hospital, Planned], None]] = {
    "request": emit_channels.request, "srm": _srm, "callback": emit_channels.callback, "desk-visit": _desk_visit,
    "opening": _opening, "symptom": emit_channels.symptom, "reading": emit_channels.reading, "refill-rde": _refill,
    "refill-portal": emit_channels.refill, "referral": _referral, "order": _order, "lab": _lab,
    "authorised-order": _authorised, "stay": _stay, "abnormal": _abnormal, "critical": _critical,
    "message": emit_channels.message, "outpatient": _outpatient, "noise": _noise, "trouble": _trouble,
    "waited": emit_channels.waited,
}  # fmt: skip
