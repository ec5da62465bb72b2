"""Says what `plan` planned, in real messages: one function a kind. What is planted in it is written down for `told`."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from carelane.testing.hospital import after, speech
from carelane.testing.hospital.plan import Planned
from carelane.testing.hospital.state import Hospital, Wish
from carelane.testing.hospital.told import Arrival, Misroute, RedFlag
from carelane.testing.hospital.world import AUTHORITY, LINES, Patient

DOORS = ("web-form", "chat", "call-centre", "portal-messages")
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
RED_WORDS = (
    "I have chest pain since an hour.",
    "I can't breathe well.",
    "My face is drooping on one side.",
)
WORDS = (
    "A rash on my arm for two days.",
    "My back hurts when I bend.",
    "I cough a lot at night.",
    "Fever since today.",
)
COMPLAINTS = ("rash", "back-pain", "cough", "fever")
DRUGS = (("29046", "lisinopril"), ("83367", "atorvastatin"), ("6809", "metformin"), ("11289", "warfarin"),
         ("7804", "oxycodone"), ("10582", "levothyroxine"), ("6448", "lithium"), ("999999", "unlisted"))  # fmt: skip
SERVICES = (("72148", "MRI lumbar spine"), ("73721", "MRI knee"), ("74177", "CT abdomen"), ("75574", "Cardiac CT"),
            ("27447", "Knee replacement"), ("95810", "Sleep study"))  # fmt: skip
IMAGING = (("71020", "Chest X-ray"), ("76700", "Ultrasound abdomen"), ("77067", "Mammography"))
URGENT_SHARE = 0.12


def arrives(planned: Planned, h: Hospital) -> None:
    """One arrival, as it happens."""
    _KINDS[planned.kind](h, planned)


def _request(h: Hospital, p: Planned) -> None:
    """An appointment is wanted, by form, chat, call or portal; some by a second channel as well."""
    door = _pick(DOORS, p.dice)
    number, line = h.number("RQ"), p.line
    named = _other(line) if p.planted == "wrong" else line
    said = {
        "kind": "appointment",
        "request": number,
        "service": "" if p.planted == "incomplete" else named,
    }
    control = _ask(h, p, door, "I would like an appointment, please.", said)
    _came(h, p, "request", number, control, door)
    if p.planted == "wrong":
        _misrouted(h, control, "request", number, named, line)
    h.wish(
        Wish(
            kind="request",
            number=number,
            person=p.person,
            line=line,
            site=p.site,
            workflow="a",
            meant=line,
        )
    )
    if p.planted == "again":
        h.after(0.5, partial(_ask_again, p, _pick(DOORS, p.dice + 0.3), said))


def _ask_again(p: Planned, door: str, said: Mapping[str, Any], h: Hospital) -> None:
    control = _ask(h, p, door, "I asked for an appointment before.", said)
    _came(h, p, "request", str(said["request"]), control, door, again=str(said["request"]))


def _srm(h: Hospital, p: Planned) -> None:
    head, number = h.head(p.site), h.number("AR")
    h.say(head, speech.appointment_request(head, h.patient(p.person), number=number, line=p.line))
    _came(h, p, "appointment_request", number, head.control, "mllp")
    h.wish(
        Wish(kind="request", number=number, person=p.person, line=p.line, site=p.site, workflow="a")
    )


def _callback(h: Hospital, p: Planned) -> None:
    door, number = _pick(DOORS, p.dice), h.number("CB")
    control = _ask(
        h, p, door, "Please call me about my bill.", {"kind": "callback", "request": number}
    )
    _came(h, p, "request", number, control, door)


def _desk_visit(h: Hospital, p: Planned) -> None:
    """The desk books a visit in the record, as it always did."""
    ahead = timedelta(hours=26 + 200 * p.dice)
    slot = next(h.ehr.free(p.line, p.site, h.now + ahead), None)
    if slot is not None:
        h.ehr.take(slot)
        after.booked(h, p.person, slot, kind=_pick(VISITS, p.dice))


def _opening(h: Hospital, p: Planned) -> None:
    """Somebody calls off a visit: a slot comes free, now and then too late to fill."""
    least = timedelta(hours=2 if p.dice < 0.2 else 30)  # noqa: PLR2004  # a fifth under the notice floor
    for number, made in h.booked.items():
        if (
            not made.over
            and made.visit.start - h.now > least
            and h.draw("opens", number, p.at) < 0.1
        ):  # noqa: PLR2004  # one of ten looked at
            after.cancelled(number, h)
            return


def _symptom(h: Hospital, p: Planned) -> None:
    door, number, red = _pick(DOORS, p.dice), h.number("SY"), p.planted == "red"
    text = _pick(RED_WORDS if red else WORDS, p.dice * 7 % 1)
    reasons = (
        []
        if red and p.dice < 0.5
        else [_pick(("chest-pain", "stroke-signs") if red else COMPLAINTS, p.dice)]
    )  # noqa: PLR2004  # half by words alone
    said = {"kind": "symptoms", "request": number, "reasons": reasons}
    control = _ask(h, p, door, text, said)
    _came(h, p, "request", number, control, door, urgent=red)
    if red:
        _red(h, control, door, "request", number, "complaint" if reasons else "words")
    h.urgent()


def _reading(h: Hospital, p: Planned) -> None:
    """A device measured a blood pressure; beyond the patient's limit it is a red flag."""
    red, patient = p.planted == "red", h.patient(p.person)
    message = {
        "id": h.number("DV"), "sent_at": h.now.isoformat(), "patient": _who(patient), "device": "BP-200",
        "readings": [{"code": "8480-6", "value": 212.0 if red else 128.0, "unit": "mm[Hg]", "at": h.now.isoformat()}],
    }  # fmt: skip
    control = h.post("devices", message)
    if red:
        _red(h, control, "devices", "message", control, "limit")
        h.urgent()


def _refill_rde(h: Hospital, p: Planned) -> None:
    head, number, drug = h.head(p.site), h.number("RX"), _pick(DRUGS, p.dice)
    raw = speech.prescription(head, "O25", h.patient(p.person), number=number, drug=drug)
    h.say(head, raw)
    _came(h, p, "prescription", number, head.control, "mllp")
    h.wish(
        Wish(kind="refill", number=number, person=p.person, line=drug[0], site=p.site, workflow="g")
    )
    if p.planted == "again":
        h.after(5, partial(_refill_again, p, number, drug))


def _refill_again(p: Planned, number: str, drug: tuple[str, str], h: Hospital) -> None:
    head = h.head(p.site)
    h.say(
        head,
        speech.prescription(
            head, "O25", h.patient(p.person), number=number, drug=drug, priority="urgent"
        ),
    )
    h.counts["planted duplicate refill"] += 1


def _refill_portal(h: Hospital, p: Planned) -> None:
    number = h.number("RP")
    said = {"kind": "refill", "request": number, "service": _pick(DRUGS, p.dice)[1]}
    control = _ask(h, p, "portal-messages", "I need more of my medicine.", said)
    _came(h, p, "request", number, control, "portal-messages")
    if p.planted == "wrong":
        _misrouted(h, control, "request", number, "refill", "appointment")


def _referral(h: Hospital, p: Planned) -> None:
    head, number = h.head(p.site), h.number("REF")
    red, priority = p.planted == "red", "routine"
    if red or p.dice < URGENT_SHARE:
        priority = "stat" if red else "urgent"
    named = _other(p.line) if p.planted == "wrong" else p.line
    raw = speech.referral(head, "I12", h.patient(p.person), number=number, line=named, priority=priority,
                          complete=p.planted != "incomplete")  # fmt: skip
    h.say(head, raw)
    _came(h, p, "referral", number, head.control, "mllp", urgent=priority != "routine")
    if red:
        _red(h, head.control, "mllp", "referral", number, "priority")
    if priority != "routine":
        h.urgent()
    if p.planted == "wrong":
        _misrouted(h, head.control, "referral", number, named, p.line)
    h.wish(Wish(kind="referral", number=number, person=p.person, line=named, site=p.site, workflow="h",
                meant=p.line, urgent=priority != "routine"))  # fmt: skip
    if h.draw("withdrawn", number) < 0.03:  # noqa: PLR2004  # a change of mind
        h.after(20, partial(_withdrawn, p, number, named))


def _withdrawn(p: Planned, number: str, line: str, h: Hospital) -> None:
    head = h.head(p.site)
    h.say(head, speech.referral(head, "I14", h.patient(p.person), number=number, line=line))


def _order(h: Hospital, p: Planned) -> None:
    _ordered(h, p, _pick(IMAGING, p.dice), "RAD", "h")


def _authorised(h: Hospital, p: Planned) -> None:
    """An order that some payers want to approve first; now and then nobody knows who pays."""
    payer = "" if p.planted == "incomplete" else h.patient(p.person).payer
    _ordered(h, p, _pick(SERVICES, p.dice), "RAD", "i", payer=payer)


def _ordered(
    h: Hospital,
    p: Planned,
    service: tuple[str, str],
    section: str,
    workflow: str,
    *,
    payer: str = "",
) -> None:  # noqa: PLR0913, PLR0917  # the columns of an order
    head, number = h.head(p.site), h.number("ORD")
    priority = "stat" if p.planted == "red" else "urgent" if p.dice < URGENT_SHARE else "routine"
    raw = speech.order(head, h.patient(p.person), number=number, service=service, section=section, priority=priority,
                       payer=payer)  # fmt: skip
    h.say(head, raw)
    _came(
        h,
        p,
        "placer_order",
        number,
        head.control,
        "mllp",
        workflow=workflow,
        urgent=priority != "routine",
    )
    if p.planted == "red":
        _red(h, head.control, "mllp", "placer_order", number, "priority")
        h.urgent()
    h.wish(
        Wish(
            kind="order",
            number=number,
            person=p.person,
            line=p.line,
            site=p.site,
            workflow=workflow,
        )
    )


def _lab(h: Hospital, p: Planned) -> None:
    head, number = h.head(p.site), h.number("LAB")
    h.say(head, speech.order(head, h.patient(p.person), number=number, service=("2823-3", "Potassium"), section="LAB",
                             message=("OML", "O21", "OML_O21")))  # fmt: skip
    _came(h, p, "placer_order", number, head.control, "mllp")
    wish = h.wish(
        Wish(kind="lab", number=number, person=p.person, line=p.line, site=p.site, workflow="h")
    )
    h.after(10 + 60 * p.dice, partial(after.resulted, wish))


def _stay(h: Hospital, p: Planned) -> None:
    """Somebody is admitted, and goes home some days later (or already today: the hospital was not empty before)."""
    visit, head = h.number("E"), h.head(p.site)
    h.say(head, speech.adt(head, "A01", h.patient(p.person), visit=visit))
    stay = 4 + 20 * p.dice if p.dice < 0.5 else 24 * (1 + 4 * p.dice)  # noqa: PLR2004  # half of them short
    h.after(stay, partial(after.discharged, visit, p.person, p.site))


def _abnormal(h: Hospital, p: Planned) -> None:
    head, number = h.head(p.site), h.number("RES")
    flag = _pick(("H", "L", "A"), p.dice)
    h.say(head, _result(h, p, head, number, flag=flag, status="F"))
    _came(h, p, "filler_order", f"F-{number}", head.control, "mllp")
    if h.draw("corrected", number) < 0.05:  # noqa: PLR2004  # laboratories err
        h.after(8, partial(_corrected, p, number))


def _critical(h: Hospital, p: Planned) -> None:
    head, number = h.head(p.site), h.number("RES")
    h.say(
        head,
        _result(
            h,
            p,
            head,
            number,
            flag=_pick(("HH", "LL"), p.dice),
            status="P" if p.dice < 0.15 else "F",
        ),
    )  # noqa: PLR2004  # some preliminary
    _came(h, p, "filler_order", f"F-{number}", head.control, "mllp", urgent=True)
    _red(h, head.control, "mllp", "filler_order", f"F-{number}", "critical-flag")
    h.urgent()
    if h.draw("corrected", number) < 0.06:  # noqa: PLR2004  # laboratories err
        h.after(3, partial(_corrected, p, number))


def _corrected(p: Planned, number: str, h: Hospital) -> None:
    head = h.head(p.site)
    h.say(head, _result(h, p, head, number, flag="N", status="C"))
    h.urgent()


def _result(
    h: Hospital, p: Planned, head: speech.Head, number: str, *, flag: str, status: str
) -> bytes:  # noqa: PLR0913  # the columns of a result
    value = {"HH": "7.1", "LL": "2.1", "H": "5.4", "L": "3.3", "A": "5.3"}.get(flag, "4.2")
    return speech.result(head, h.patient(p.person), number=number, filler=f"F-{number}", flag=flag, status=status,
                         code=("2823-3", "Potassium"), value=value, unit="mmol/L")  # fmt: skip


def _message(h: Hospital, p: Planned) -> None:
    """A message to the clinic; a symptom in it may be a red flag, and some are sent to the wrong desk."""
    red = p.planted == "red"
    text = _pick(RED_WORDS, p.dice) if red else "When may I take the next tablet?"
    patient, thread = h.patient(p.person), h.number("TH")
    message = {"id": h.number("PM"), "sent_at": h.now.isoformat(), "patient": _who(patient), "thread": thread,
               "subject": "A question", "text": text}  # fmt: skip
    control = h.post("portal-messages", message)
    _came(h, p, "thread", thread, control, "portal-messages", urgent=red)
    if red:
        _red(h, control, "portal-messages", "thread", thread, "words")
        h.urgent()
    if p.planted == "wrong":
        _misrouted(h, control, "thread", thread, "question", "billing")
    if p.planted == "again":
        h.after(2, partial(_thanks, p, thread))


def _thanks(p: Planned, thread: str, h: Hospital) -> None:
    patient = h.patient(p.person)
    h.post("portal-messages", {"id": h.number("PM"), "sent_at": h.now.isoformat(), "patient": _who(patient),
                               "thread": thread, "subject": "A question", "text": "Thank you!"})  # fmt: skip


def _outpatient(h: Hospital, p: Planned) -> None:
    """A visit that nobody booked here: it begins, ends, and its note is written."""
    visit, head = h.number("W"), h.head(p.site)
    h.say(head, speech.adt(head, "A04", h.patient(p.person), visit=visit, kind="O"))
    h.after(0.7, partial(after.leaves, visit, p.person, p.site))


def _noise(h: Hospital, p: Planned) -> None:
    """What a feed mostly says: updates, transfers, normal results."""
    head, patient, which = h.head(p.site), h.patient(p.person), int(p.dice * 5)
    if which == 0:
        number = h.number("NR")
        raw = _result(h, p, head, number, flag="N", status="F")
    elif which == 1:
        raw = speech.adt(head, "A31", patient, visit=f"U{p.person}", kind="O")
    elif which == 2:  # noqa: PLR2004  # one of five
        raw = speech.adt(head, "A28", patient, visit=f"U{p.person}", kind="O")
    else:
        raw = speech.adt(head, "A08", patient, visit=f"U{p.person}", kind="O")
    h.say(head, raw)


def _trouble(h: Hospital, p: Planned) -> None:
    """What real feeds do: the same twice, late, a known number with another body, nonsense, one record too many."""
    head, patient = h.head(p.site), h.patient(p.person)
    which = _pick(("duplicate", "late", "wrong", "unreadable", "merged", "unknown-code"), p.dice)
    h.counts[f"planted {which}"] += 1
    feed = next(iter(h.last_raw), "")
    if which == "duplicate" and feed:
        h.feeds.setdefault(feed, []).append(h.last_raw[feed])
    elif which == "late":
        old = h.head(p.site, late_h=30)
        h.say(old, speech.adt(old, "A08", patient, visit=f"U{p.person}", kind="O"))
    elif which == "wrong":
        h.say(head, speech.adt(head, "A08", patient, visit=f"U{p.person}", kind="O"))
        h.say(head, speech.adt(head, "A08", patient, visit=f"X{p.person}", kind="O"))
    elif which == "unreadable":
        h.feeds.setdefault("mllp", []).append(b"this is no message\r")
    elif which == "merged":
        h.say(head, speech.merge(head, patient, h.patient(1 + p.person % 9_999)))
    else:
        number = h.number("REF")
        h.say(head, speech.referral(head, "I12", patient, number=number, line="astrology"))
        _came(h, p, "referral", number, head.control, "mllp", workflow="h")


def _ask(h: Hospital, p: Planned, door: str, text: str, said: Mapping[str, Any]) -> str:
    message: dict[str, Any] = {"id": h.number("CH"), "sent_at": h.now.isoformat(), "patient": _who(h.patient(p.person)),
                               **{name: value for name, value in said.items() if value}}  # fmt: skip
    if door == "chat":
        message |= {
            "thread": h.number("TH"),
            "turns": [{"by": "patient", "at": h.now.isoformat(), "text": text}],
        }
    elif door == "call-centre":
        message |= {"note": text, "agent": "tilda.crane"}
    elif door == "portal-messages":
        message |= {"thread": h.number("TH"), "subject": "A wish", "text": text}
    else:
        message |= {"text": text}
    return h.post(door, message)


def _who(patient: Patient) -> dict[str, Any]:
    given = {"family": patient.family, "given": patient.given, "birth_date": patient.born.isoformat(),
             "sex": {"F": "female", "M": "male"}[patient.sex], "phone": patient.mobile or patient.home_phone,
             "mail": patient.mail, "language": patient.language}  # fmt: skip
    number = {"authority": AUTHORITY, "value": patient.number}
    return {"numbers": [number], **{name: value for name, value in given.items() if value}}


def _came(  # noqa: PLR0913, PLR0917  # the columns of an arrival
    h: Hospital, p: Planned, by: str, number: str, control: str, channel: str, *, workflow: str = "",
    urgent: bool = False, again: str = "",
) -> None:  # fmt: skip
    h.arrivals.append(
        Arrival(workflow=workflow or p.workflow, at=h.now.isoformat(), by=by, number=number, message=control,
                channel=channel, service_line=p.line, site=p.site, urgent=urgent,
                incomplete=p.planted == "incomplete", again=again)
    )  # fmt: skip


def _red(h: Hospital, control: str, channel: str, by: str, number: str, kind: str) -> None:  # noqa: PLR0913, PLR0917  # the columns of a red flag
    h.red_flags.append(
        RedFlag(
            message=control, channel=channel, by=by, number=number, kind=kind, at=h.now.isoformat()
        )
    )


def _misrouted(h: Hospital, control: str, by: str, number: str, named: str, meant: str) -> None:  # noqa: PLR0913, PLR0917  # the columns of a mis-route
    h.misroutes[number] = Misroute(message=control, by=by, number=number, named=named, meant=meant)


def _other(line: str) -> str:
    names = list(LINES)
    return names[(names.index(line) + 1) % 3]


def _pick(among: Any, dice: float) -> Any:
    return among[int(dice % 1 * len(among))]


_KINDS: Mapping[str, Callable[[Hospital, Planned], None]] = {
    "request": _request, "srm": _srm, "callback": _callback, "desk-visit": _desk_visit, "opening": _opening,
    "symptom": _symptom, "reading": _reading, "refill-rde": _refill_rde, "refill-portal": _refill_portal,
    "referral": _referral, "order": _order, "lab": _lab, "authorised-order": _authorised, "stay": _stay,
    "abnormal": _abnormal, "critical": _critical, "message": _message, "outpatient": _outpatient, "noise": _noise,
    "trouble": _trouble,
}  # fmt: skip
