"""What simulated staff does with each task of the shipped pathways: one table, by pathway and task.

A choice is (weight, outcome, form). An `act` is something done in the hospital's own systems as well (`acts`); it may
change outcome and form. A task that stands in no row is done by its own page: the first outcome, with what its form
needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Choice = tuple[float, str, Mapping[str, Any]]
SAID = "As agreed with the patient."
NOTE = "Seen to."


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """How long it takes (minutes), how it ends, and what is done beside. `urgent` is how long when it can't wait."""

    minutes: float
    choices: tuple[Choice, ...] = ()
    act: str = ""
    urgent: float = 3.0


def _plain(minutes: float, outcome: str, **form: Any) -> Deed:
    return Deed(minutes=minutes, choices=((1, outcome, form),))


def _mixed(minutes: float, *choices: Choice, act: str = "") -> Deed:
    return Deed(minutes=minutes, choices=choices, act=act)


UNKNOWN = Deed(minutes=6)
WORK: Mapping[str, Deed] = {
    "referral-intake/complete-referral": _mixed(
        8, (8, "completed", {}), (2, "ask-referrer", {"question": "Which side?"}), act="name-line"),
    "referral-intake/triage-referral": _mixed(
        14, (86, "accepted", {}), (5, "redirected", {}), (4, "declined", {"decline_reason": "duplicate"}),
        (5, "ask-more", {"question": "Since when?"}), act="triage"),
    "referral-intake/get-information": _mixed(
        7, (9, "received", {"answer": "Since spring."}), (1, "not-received", {}), act="name-line"),
    "referral-intake/book-appointment": _mixed(
        8, (78, "booked", {}), (5, "patient-declined", {}), (17, "no-answer", {}), act="book-referral"),
    "referral-intake/decide-unreached": _mixed(6, (6, "try-again", {}), (4, "withdraw", {"note": "moved away"})),
    "referral-intake/confirm-attendance": _mixed(4, (1, "attended", {}), act="attendance"),
    "referral-intake/free-appointment": _plain(4, "freed"),
    "referral-intake/chase-report": _mixed(5, (1, "report-sent", {}), act="send-report"),
    "referral-intake/check-early-report": _plain(5, "answers-referral"),
    "referral-intake/tell-referrer": _plain(4, "told", told_how="phone"),
    "order-tracking/schedule-order": _mixed(
        7, (74, "scheduled", {}), (8, "no-appointment-needed", {}), (3, "patient-declined", {"note": SAID}),
        (3, "went-elsewhere", {"note": "At another clinic."}), (12, "no-answer", {}), act="book-order"),
    "order-tracking/decide-order": _mixed(5, (7, "try-again", {}), (3, "lapse", {"note": "No longer needed."})),
    "order-tracking/chase-result": _mixed(5, (1, "performed-waiting", {}), act="send-result"),
    "order-tracking/free-appointment": _plain(4, "freed"),
    "scheduling-request/complete-request": _mixed(
        6, (85, "completed", {}), (15, "ask-patient", {"missing": "Who pays?"}), act="complete-request"),
    "scheduling-request/offer-time": _mixed(
        7, (50, "agreed", {}), (4, "patient-declined", {"note": SAID}), (36, "no-slot", {}), (10, "no-answer", {}),
        act="offer-slot"),
    "scheduling-request/settle-preparation": _plain(4, "told", note="How to prepare was told by phone."),
    "scheduling-request/see-at-once": _mixed(
        4, (7, "handed-to-emergency", {"note": "Ambulance called."}), (3, "clinic-after-all", {})),
    "scheduling-request/book-by-hand": _plain(5, "booked"),
    "scheduling-request/decide-request": _mixed(
        5, (85, "waitlist", {}), (9, "try-again", {}), (6, "close", {"note": SAID})),
    "slot-booking/settle-slot": _plain(4, "free"),
    "waitlist-offer/call-with-offer": _mixed(  # by phone nobody says yes more often than by text
        5, (11, "accepted", {}), (30, "declined", {}), (59, "no-answer", {}), act="call"),
    "callback/call-patient": _mixed(
        6, (80, "reached", {"talked": SAID}), (14, "no-answer", {}), (4, "call-later", {"talked": "Tomorrow."}),
        (2, "needs-nurse", {}), act="call"),
    "callback/decide-callback": _plain(4, "message-left", talked="A message was left."),
    "appointment-reminder/call-before": _mixed(
        5, (78, "confirmed", {"said": SAID}), (4, "wants-to-cancel", {}), (4, "wants-to-move", {}),
        (14, "no-answer", {}), act="call"),
    "appointment-reminder/change-visit": _mixed(6, (1, "cancelled", {"said": SAID}), act="change-visit"),
    "appointment-reminder/find-out": _mixed(4, (1, "came", {}), act="attendance-of-visit"),
    "appointment-reminder/book-again": _mixed(
        6, (6, "booked", {}), (2, "declined", {"said": SAID}), (2, "no-answer", {}), act="book-again"),
    "visit-preparation/check-preparation": _mixed(
        6, (80, "complete", {"answered": "all"}), (15, "ask-patient", {"missing": "Medicines."}),
        (5, "incomplete", {"missing": "Referral letter."})),
    "visit-preparation/decide-unprepared": _mixed(
        5, (8, "prepared", {}), (2, "go-ahead", {"missing": "At the desk."})),
    "nurse-triage/red-flag-call": _mixed(
        4, (60, "emergency-called", {"disposition": "emergency-services", "advised": "Ambulance on its way."}),
        (40, "disposition", {"disposition": "emergency-now", "advised": "To the emergency department."})),
    "nurse-triage/assess-symptom": _mixed(
        8, (30, "disposition", {"disposition": "within-24-hours", "advised": "Seen tomorrow."}),
        (35, "disposition", {"disposition": "home-care", "advised": "Rest and fluids."}),
        (20, "disposition", {"disposition": "within-3-days", "advised": "Visit this week."}),
        (8, "disposition", {"disposition": "within-4-hours", "advised": "Come today."}), (7, "no-answer", {})),
    "nurse-triage/check-back": _mixed(
        5, (6, "better", {"advised": SAID}), (3, "seen", {"advised": SAID}), (1, "no-answer", {})),
    "nurse-triage/decide-unreached": _plain(5, "reached", advised="Reached through a relative."),
    "refill/check-protocol": _mixed(
        5, (78, "within-protocol", {"checked": "Last visit, laboratory, dose."}), (10, "needs-lab", {}),
        (5, "needs-visit", {}), (7, "to-prescriber", {})),
    "refill/decide-refill": _mixed(
        6, (85, "approved", {"checked": NOTE}), (10, "denied", {"why_not": "too-early"}), (5, "needs-visit", {})),
    "refill/arrange-check": _mixed(5, (1, "arranged", {"checked": "Blood test on Thursday."}), act="send-refill-lab"),
    "refill/sign-prescription": _mixed(3, (1, "signed", {}), act="sign-prescription"),
    "refill/tell-patient": _mixed(4, (9, "told", {"told_how": "phone"}), (1, "no-answer", {})),
    "prior-authorisation/find-coverage": _mixed(8, (8, "found", {}), (2, "self-pay", {}), act="name-payer"),
    "prior-authorisation/assemble": _mixed(
        12, (84, "complete", {"documents": "Order, notes of the last two visits, imaging report."}),
        (16, "missing-from-clinician", {"note": "Notes of the last visit."}), act="assemble"),
    "prior-authorisation/supply": _plain(6, "supplied"),
    "prior-authorisation/submit-by-hand": _plain(8, "submitted", note="Reference by phone."),
    "prior-authorisation/chase-payer": _plain(6, "still-pended", note="Still looking."),
    "prior-authorisation/decide-denial": _mixed(
        7, (6, "appeal", {"appeal": "first"}), (4, "accept", {"note": SAID})),
    "prior-authorisation/tell-schedulers": _plain(4, "told"),
    "discharge-follow-up/call-discharged": _mixed(
        8, (75, "reached", {"said": SAID}), (20, "no-answer", {}), (5, "worse", {"said": "More pain."}), act="call"),
    "discharge-follow-up/book-visit": _mixed(
        6, (80, "booked", {}), (4, "declined", {"note": SAID}), (16, "no-answer", {}), act="book-follow-up"),
    "discharge-follow-up/reconcile": _plain(10, "reconciled", changed="One medicine stopped."),
    "discharge-follow-up/decide-follow-up": _plain(6, "settled", note=NOTE),
    "critical-result/take-result": _plain(2, "acknowledged", received_by="ward", read_back=True),
    "critical-result/act-on-result": _mixed(
        8, (9, "acted", {"action": "Treated."}), (1, "no-action-needed", {"reason": "Known."})),
    "critical-result/inform-patient": _mixed(
        6, (8, "informed", {"told_by": "nurse", "told_how": "phone"}), (2, "no-answer", {}), act="call"),
    "critical-result/decide": _mixed(4, (7, "tell-patient", {}), (3, "done", {"reason": "Told by the ward."})),
    "abnormal-result/review-result": _mixed(
        5, (90, "reviewed", {"plan": "Repeat in three months."}), (8, "patient-already-told", {"plan": "Told."}),
        (2, "urgent-action", {"plan": "See this week."})),
    "abnormal-result/inform-patient": _mixed(
        5, (8, "informed", {"told_how": "phone"}), (2, "no-answer", {}), act="call"),
    "documentation/write-note": _mixed(9, (1, "signed", {}), act="sign-note"),
    "documentation/say-what-follows": _mixed(
        3, (6, "said", {"follow": "nothing"}), (3, "said", {"follow": "education", "wanted": "Leaflet."}),
        (1, "said", {"follow": "referral", "wanted": "Physiotherapy."})),
    "documentation/send-referral": _plain(5, "sent", wanted="Done."),
    "documentation/give-education": _plain(5, "given", wanted="Leaflet."),
    "documentation/review-coding": _mixed(
        4, (9, "agreed", {"coding": "agreed"}), (1, "query", {"coding": "query", "query": "Which side?"})),
    "documentation/answer-query": _plain(4, "answered", wanted="Left."),
    "inbox-message/open-message": _mixed(
        5, (80, "answered", {"answer": "Please take it as before."}), (8, "ask-patient", {"answer": "Since when?"}),
        (6, "needs-clinician", {}), (6, "no-answer-needed", {"note": NOTE})),
    "inbox-message/answer-clinician": _mixed(
        5, (9, "answered", {"answer": "That is expected."}), (1, "call-patient", {})),
    "inbox-message/answer-by-phone": _mixed(
        5, (9, "answered", {"note": "By phone."}), (1, "no-answer", {}), act="call"),
    "effect-attention/settle-effect": _mixed(
        4, (8, "not-needed", {"note": "Told by phone."}), (2, "done-by-hand", {"note": "By phone."})),
    "quarantine/sort-message": _plain(4, "not-needed", note="Sent by mistake."),
    "unmatched-fact/place-fact": _plain(4, "not-ours", note="Nobody waits for it."),
    "identity-review/identify-patient": _plain(5, "not-a-patient", note="A test record."),
}  # fmt: skip


def deed(pathway: str, task: str) -> Deed:
    """The row of a task; `UNKNOWN` where there is none."""
    return WORK.get(f"{pathway}/{task}", UNKNOWN)
