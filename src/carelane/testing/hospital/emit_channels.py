"""Arrivals by the channels' doors: forms, chats, calls, portal messages, devices. What is planted is written down."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from carelane.testing.hospital.plan import Planned
from carelane.testing.hospital.saying import came, pick, red, wish
from carelane.testing.hospital.state import Hospital
from carelane.testing.hospital.world import AUTHORITY, HOME_LINE, Patient

PORTAL = "portal-messages"
DOORS = ("web-form", "chat", "call-centre", PORTAL)
RED_WORDS = (
    "I have chest pain since an hour.",
    "I can't breathe well.",
    "My face drooping on one side worries me.",
)
WORDS = (
    "A rash on my arm for two days.",
    "My back hurts when I bend.",
    "I cough a lot at night.",
    "Fever since today.",
)
COMPLAINTS = ("rash", "back-pain", "cough", "fever")
RED_COMPLAINTS = ("chest-pain", "stroke-signs")
TOPICS = (
    "medication",
    "appointment",
    "result-question",
    "billing",
    "records",
    "administrative",
    "other",
)
VISITS = ("new-patient", "follow-up", "follow-up", "follow-up")
DRUGS = (("29046", "lisinopril"), ("83367", "atorvastatin"), ("6809", "metformin"), ("11289", "warfarin"),
         ("7804", "oxycodone"), ("10582", "levothyroxine"), ("6448", "lithium"), ("999999", "unlisted"))  # fmt: skip
NAMES_A_TIME, HALF = 0.2, 0.5
BY_VIDEO, AT_HOME = 0.08, 0.25


def request(h: Hospital, p: Planned) -> None:
    """An appointment is wanted; some ask by a second channel as well."""
    door, said = pick(DOORS, p.dice), wish(p, "request", h.number("RQ"))
    said.visit = _visit(p)
    content = {
        "kind": "appointment",
        "request": said.number,
        "service": "" if p.planted == "incomplete" else said.line,
        "visit": said.visit,
    }
    control = _ask(h, p, door, "I would like an appointment, please.", content)
    came(h, p, said, control, by="request", channel=door)
    h.wish(said)
    if p.planted == "again":
        h.after(0.5, partial(_ask_again, p, said.number, content))


def _visit(p: Planned) -> str:
    """Most come; some ask to be seen by video, and of one line's patients some at home."""
    dice = p.dice * 29 % 1
    if dice < BY_VIDEO:
        return "telehealth"
    if p.line == HOME_LINE and dice < AT_HOME:
        return "home-visit"
    return str(pick(VISITS, p.dice * 13))


def waited(h: Hospital, p: Planned) -> None:
    """The call centre enters somebody who stood on the desk's own list before: no time that is free fits them."""
    said = wish(p, "request", h.number("RQ"))
    content = {
        "kind": "appointment",
        "request": said.number,
        "service": said.line,
        "visit": pick(VISITS, p.dice * 13),
    }
    control = _ask(h, p, "call-centre", "Waits for a time since before.", content)
    came(h, p, said, control, by="request", channel="call-centre")
    h.wish(said).waits = True


def _ask_again(p: Planned, number: str, content: Mapping[str, Any], h: Hospital) -> None:
    door = pick(DOORS, p.dice + 0.3)
    control = _ask(h, p, door, "I asked for an appointment before.", content)
    came(h, p, wish(p, "request", number), control, by="request", channel=door, again=number)


def callback(h: Hospital, p: Planned) -> None:
    """A call is wanted; some name a time."""
    door, said = pick(DOORS, p.dice), wish(p, "callback", h.number("CB"))
    content: dict[str, Any] = {"kind": "callback", "request": said.number}
    if p.dice < NAMES_A_TIME:
        content["wanted_by"] = (h.now + timedelta(hours=3)).isoformat()
    control = _ask(h, p, door, "Please call me about my bill.", content)
    came(h, p, said, control, by="request", channel=door)


def symptom(h: Hospital, p: Planned) -> None:
    """A symptom, in words or as a reason chosen; a red flag stands in one of both."""
    flagged = p.planted == "red"
    door, said = pick(DOORS, p.dice), wish(p, "symptom", h.number("SY"), urgent=flagged)
    by_words = flagged and p.dice * 3 % 1 < HALF
    reasons = [] if by_words else [pick(RED_COMPLAINTS if flagged else COMPLAINTS, p.dice * 5)]
    text = pick(RED_WORDS if by_words else WORDS, p.dice * 7)
    content = {"kind": "symptoms", "request": said.number, "reasons": reasons}
    control = _ask(h, p, door, text, content)
    came(h, p, said, control, by="request", channel=door)
    if flagged:
        kind = "words" if by_words else "complaint"
        red(h, control, said, by="request", kind=kind, channel=door)
    h.urgent()


def reading(h: Hospital, p: Planned) -> None:
    """A device measured a blood pressure; beyond the patient's approved limit it is a red flag."""
    flagged = p.planted == "red"
    measured = {"code": "8480-6", "value": 212.0 if flagged else 128.0, "unit": "mm[Hg]", "at": h.now.isoformat(),
                "low": 90.0, "high": 180.0}  # fmt: skip
    said = wish(p, "reading", h.number("DV"), urgent=flagged)
    message = {"id": said.number, "sent_at": h.now.isoformat(), "patient": who(h.patient(p.person)),
               "device": f"BP-{p.person}", "readings": [measured]}  # fmt: skip
    control = h.post("devices", message)
    if flagged:
        came(h, p, said, control, by="message", channel="devices")
        red(h, control, said, by="message", kind="limit", channel="devices")


def refill(h: Hospital, p: Planned) -> None:
    """A patient wants more of a medicine, and says how long it lasts."""
    drug = pick(DRUGS, p.dice)
    said = wish(p, "refill", h.number("RP"), line=drug[0])
    content = {
        "kind": "refill",
        "prescription": said.number,
        "service": drug[1],
        "supply_left_days": int(p.dice * 30),
    }
    control = _ask(h, p, PORTAL, "I need more of my medicine.", content)
    came(h, p, said, control, by="prescription", channel=PORTAL)
    h.wish(said)


def message(h: Hospital, p: Planned) -> None:
    """A message to the clinic; a symptom in it may be a red flag."""
    flagged = p.planted == "red"
    said = wish(p, "message", h.number("TH"), urgent=flagged)
    text = pick(RED_WORDS, p.dice) if flagged else "When may I take the next tablet?"
    content = {"thread": said.number, "topic": "symptom" if flagged else pick(TOPICS, p.dice * 11)}
    control = _ask(h, p, PORTAL, text, content)
    came(h, p, said, control, by="thread", channel=PORTAL)
    if flagged:
        red(h, control, said, by="thread", kind="words", channel=PORTAL)
    if p.planted == "again":
        h.after(2, partial(_thanks, p, said.number))


def _thanks(p: Planned, thread: str, h: Hospital) -> None:
    _ask(h, p, PORTAL, "Thank you!", {"thread": thread, "topic": "thanks"})


def _ask(h: Hospital, p: Planned, door: str, text: str, content: Mapping[str, Any]) -> str:
    """The message as this channel has it."""
    given: dict[str, Any] = {
        name: value for name, value in content.items() if value not in ("", None)
    }
    head = {"id": h.number("CH"), "sent_at": h.now.isoformat(), "patient": who(h.patient(p.person))}
    if door == "chat":
        turns = [{"by": "patient", "at": h.now.isoformat(), "text": text}]
        return h.post(door, {**head, "thread": h.number("TH"), "turns": turns, **given})
    if door == "call-centre":
        return h.post(door, {**head, "note": text, "agent": "tilda.crane", **given})
    if door == PORTAL:
        beside = {"thread": h.number("TH"), "subject": "A wish", "text": text}
        return h.post(door, {**head, **beside, **given})
    return h.post(door, {**head, "text": text, **given})


def who(patient: Patient) -> dict[str, Any]:
    """The patient as a channel's message names them."""
    given = {"family": patient.family, "given": patient.given, "birth_date": patient.born.isoformat(),
             "sex": {"F": "female", "M": "male"}[patient.sex], "phone": patient.mobile or patient.home_phone,
             "mail": patient.mail, "language": patient.language}  # fmt: skip
    number = {"authority": AUTHORITY, "value": patient.number}
    return {"numbers": [number], **{name: value for name, value in given.items() if value}}
