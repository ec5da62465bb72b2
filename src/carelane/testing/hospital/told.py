"""What the hospital tells at the end of a run of days: what it planted beforehand and what it saw on its own side.

Carelane never sees any of it. `compose.judge_days` compares it with what Carelane committed, so each list names
things as both sides know them: control ids of messages, request and order numbers, slots and appointments of the
EHR, texts of the gateway. Written as one JSON document (`Told.write`), because the lists are long.
"""

from pathlib import Path

import msgspec

WORKFLOWS = {
    "a": "scheduling-request",
    "b": "callback",
    "c": "appointment-reminder",
    "d": "waitlist-fill",
    "e": "visit-preparation",
    "f": "nurse-triage",
    "g": "refill",
    "h": "referral-intake",
    "i": "prior-authorisation",
    "j": "discharge-follow-up",
    "k": "abnormal-result",
    "l": "inbox-message",
    "m": "documentation",
    "n": "portal-status",
}
"""Letter of each workflow and the pathway that mainly carries it; `also` in `ALSO`."""
ALSO = {"h": ("order-tracking",), "k": ("critical-result",), "a": ("slot-booking",)}


class Arrival(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of work that came to the hospital's door, for `with` and `without` alike.

    `number` is what both sides know it by: a request number, an order or referral number, an appointment, a visit
    (encounter), a prescription or a thread, as `by` says.
    """

    workflow: str  # a to n
    at: str  # instant, UTC
    by: str  # request, referral, placer_order, appointment, encounter, prescription, filler_order, thread
    number: str
    message: str  # control id, or the channel message's id
    channel: str  # mllp, fhir, web-form, chat, call-centre, portal, device, sms
    service_line: str = ""
    site: str = ""
    urgent: bool = False
    incomplete: bool = False
    again: str = ""  # the number of the same wish by another channel before


class RedFlag(msgspec.Struct, frozen=True, kw_only=True):
    """A planted red flag: whatever Carelane does with it, no rule may lead it to a pool that is not urgent."""

    message: str
    channel: str
    by: str
    number: str
    kind: str  # complaint, words, priority, limit, critical-flag
    at: str


class Misroute(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose content names the wrong place on purpose; staff finds it and moves it by hand, marked so."""

    message: str
    by: str
    number: str
    named: str  # what the message says
    meant: str  # where it belongs
    task: str = ""  # the task that staff moved, once they did
    moved_at: str = ""
    reason: str = ""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that came free at the EHR. `above_floor`: soon enough to be offered by the site's notice floor."""

    slot: str
    freed_at: str
    starts_at: str
    minutes: int
    service_line: str
    site: str
    visit: str
    above_floor: bool
    taken: bool = False  # at the end, by whom is in `bookings`


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """An appointment that the EHR holds at the end."""

    appointment: str
    slot: str
    status: str
    patient: str
    by: str  # carelane (its effect's identifier is on it) or desk
    at: str


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """One of the staff: seconds on shift and at work (tasks, and patients who came), tasks finished, left silent."""

    shift_s: float
    busy_s: float
    finished: int
    silent: int

    @property
    def utilisation(self) -> float:
        """Share of the shift spent at work."""
        return self.busy_s / self.shift_s if self.shift_s else 0.0


class Clocked(msgspec.Struct, frozen=True, kw_only=True):
    """How the demo's clock went: moves, and how late clocks were decided, in simulated seconds."""

    moves: int
    refused: int  # asked while something was on its way
    late_s_max: float
    late_s_p90: float


class Told(msgspec.Struct, kw_only=True):
    """All of it."""

    seed: int
    begun: str
    ended: str
    seconds: float  # of the machine's time
    if_match: bool = True  # whether the EHR minded it
    sent: dict[str, int] = {}  # messages by trigger, or channel
    answers: dict[str, int] = {}  # AA, AE, AR, and HTTP statuses of doors
    troubles: dict[
        str, int
    ] = {}  # planted: duplicate, late, wrong, merged, wrong-patient, unknown-code
    arrivals: list[Arrival] = []
    red_flags: list[RedFlag] = []
    misroutes: list[Misroute] = []
    openings: list[Opening] = []
    draws: dict[
        str, float
    ] = {}  # drawn beforehand: accepts (rate), offers_drawn, comes, answers_call, replies
    offers: dict[
        str, int
    ] = {}  # texts with an offer seen at the gateway, accepted, declined, unanswered
    bookings: list[Booking] = []
    double_booked: list[str] = []  # slots that hold more than one active appointment at the EHR
    texts: dict[str, int] = {}  # at the gateway: sent, doubles, refused, replies, opted_out
    mails: dict[str, int] = {}  # at the sink: alerts, letters
    visits: dict[str, int] = {}  # booked, came, missed, cancelled, moved
    calls: dict[str, int] = {}  # to patients: made, answered
    staff: dict[str, Worker] = {}
    staff_counts: dict[str, int] = {}  # endings of acts by task and code
    clock: Clocked | None = None

    def write(self, file: Path) -> None:
        """As JSON."""
        file.write_bytes(msgspec.json.encode(self))


def read(file: Path) -> Told:
    """As it was written."""
    return msgspec.json.decode(file.read_bytes(), type=Told)
