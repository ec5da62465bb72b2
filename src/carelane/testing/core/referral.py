"""Referral intake in miniature, as data; the shipped one is `pathways/referral-intake.yaml`."""

from carelane.facts.fact import SubjectKind, Urgency
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.definition import (
    Branch,
    ClockKind,
    ClockSpec,
    Counter,
    Definition,
    Edge,
    EffectKind,
    Event,
    Fallback,
    Field,
    FormField,
    Input,
    NoCase,
    Pause,
    Several,
    Start,
    State,
)
from carelane.pathways.guard import ALWAYS, Compare, Op
from carelane.testing.core.words import (
    AGAIN,
    DAY,
    DIED,
    HOUR,
    STAY,
    equals,
    named,
    pool,
    role,
    table,
    task,
    to,
    wall,
)

_KEYS = ("placer_order", "filler_order")
_INPUTS = named(
    Input(
        name="priority",
        path="request.priority",
        codes=("routine", "urgent", "asap", "stat"),
        ordered=True,
        raise_only=True,
    ),
    Input(name="specialty", path="request.specialty", codes=("cardiology", "neurology")),
)
_FIELDS = named(
    Field(name="reason", path="request.reason", label="Reason", authority="ehr", ttl=90 * DAY)
)
_TABLES = named(
    table(
        "triage",
        reads="specialty",
        gives=("desk", "pool"),
        rows=((equals("specialty", "cardiology"), "cardiology-desk"), (ALWAYS, "referral-desk")),
    )
)
_EVENTS = named(
    Event(
        name="referral.received",
        keys=_KEYS,
        start=Start(when=ALWAYS, unique="placer_order"),
        several=Several.ALL,
        stale_by="placer_order",
    ),
    Event(
        name="referral.cancelled",
        keys=_KEYS,
        several=Several.ALL,
        none=NoCase(hold=DAY),
        stale_by="placer_order",
        cancels=True,
    ),
    Event(
        name="report.received",
        keys=_KEYS,
        several=Several.ASK,
        none=NoCase(hold=30 * DAY, then="referral-desk"),
    ),
    Event(
        name="appointment.noshow",
        keys=(),
        several=Several.RECENT,
        none=NoCase(ignore="no open case"),
    ),
    DIED,
)
_FORM = (
    FormField(name="reason", label="Reason", required_for=("decline",)),
    FormField(
        name="urgency",
        label="Urgency",
        type="code",
        options=("routine", "urgent", "stat"),
    ),
)
_TASKS = named(
    task("triage-referral", "accept", "decline", "could-not-do", form=_FORM),
    task("schedule", "booked", "no-answer", "could-not-do"),
    task("decide", "close", "try-again", "could-not-do"),
)


def _told(name: str, status: str, *, undo: str = "", sends: tuple[str, ...] = ()) -> EffectKind:
    """The record hears how the referral stands."""
    return EffectKind(
        name=name,
        capability="ehr.referral.update",
        audience=Audience.RECORD,
        if_unknown=IfUnknown.ASK,
        undo=undo,
        sends=sends,
        values={"status": status},
    )


_EFFECTS = named(
    _told("accepted-told", "accepted", undo="acceptance-withdrawn", sends=("reason",)),
    _told("acceptance-withdrawn", "revoked"),
    _told("declined-told", "rejected"),
    EffectKind(
        name="letter",
        capability="patient.letter",
        audience=Audience.PATIENT,
        if_unknown=IfUnknown.DROP,
        after=("accepted-told", "declined-told"),
        not_after=DAY,
    ),
)
_TRIAGED = {
    "accept": to("scheduling"),
    "decline": to("closed-declined"),
    "could-not-do": to("overdue"),
}
_TRIAGE = named(
    State(
        name="triage",
        title="In triage",
        line=1,
        status="in-triage",
        milestone="We are looking at the referral.",
        task="triage-referral",
        owner=pool("referral-desk", "desk"),
        clock=ClockSpec(kind=ClockKind.BUSINESS, due=8 * HOUR, warn=4 * HOUR, setting="triage.due"),
        fallback=Fallback(edge=to("overdue"), tell="referral-lead"),
        outcomes=_TRIAGED,
    ),
    State(
        name="overdue",
        title="Overdue",
        line=2,
        status="in-triage",
        task="triage-referral",
        owner=role("referral-lead"),
        clock=ClockSpec(kind=ClockKind.BUSINESS_DAYS, due=2 * DAY),
        fallback=Fallback(edge=AGAIN),
        outcomes=_TRIAGED,
        urgency=Urgency.URGENT,
    ),
)
_THREE_TIMES = Edge(
    branches=(
        Branch(then="again", when=Compare("attempts", Op.LT, 3)),
        Branch(then="decide"),
    )
)
_VISIT = named(
    State(
        name="scheduling",
        title="To be scheduled",
        line=3,
        status="scheduling",
        task="schedule",
        owner=pool("scheduling"),
        clock=wall(3 * DAY, warn=2 * DAY),
        fallback=Fallback(edge=to("decide")),
        effects=("accepted-told", "letter"),
        counters=(Counter(name="attempts", add="no-answer", max=3),),
        outcomes={
            "booked": to("waiting"),
            "no-answer": _THREE_TIMES,
            "could-not-do": to("decide"),
        },
    ),
    State(
        name="waiting",
        title="Waiting for the report",
        line=4,
        status="report-pending",
        owner=pool("referral-desk"),
        clock=ClockSpec(kind=ClockKind.CALENDAR_DAYS, due=30 * DAY),
        fallback=Fallback(edge=to("decide")),
        on={"appointment.noshow": to("decide")},
        pause=Pause(reason="until the visit", resume_by=7 * DAY),
    ),
    State(
        name="decide",
        title="To be decided",
        line=5,
        status="scheduling",
        task="decide",
        owner=pool("referral-desk"),
        clock=wall(DAY),
        fallback=Fallback(repeat=True, to="referral-lead"),
        outcomes={
            "close": to("closed-decided"),
            "try-again": to("scheduling"),
            "could-not-do": AGAIN,
        },
    ),
)


def _closed(name: str, *effects: str) -> State:
    return State(name=name, title=name, line=9, status="closed", final=True, effects=effects)


_CLOSED = named(
    _closed("closed-declined", "declined-told"),
    _closed("closed-cancelled"),
    _closed("closed-died"),
    _closed("closed-decided"),
    _closed("closed-report"),
)


def referral(digest: str = "referral-1", version: str = "1") -> Definition:
    """Referral intake in miniature: triage, acceptance told to the record, scheduling, report, closed."""
    return Definition(
        name="referral",
        version=version,
        language=1,
        title="A referral becomes a visit",
        subject=SubjectKind.PATIENT,
        touches=("orders",),
        digest=digest,
        inputs=_INPUTS,
        fields=_FIELDS,
        variables={},
        tables=_TABLES,
        events=_EVENTS,
        tasks=_TASKS,
        effects=_EFFECTS,
        pools={name: tuple(Urgency) for name in ("referral-desk", "cardiology-desk", "scheduling")},
        start=to("triage"),
        everywhere={
            "referral.received": STAY,
            "referral.cancelled": to("closed-cancelled"),
            "patient.died": to("closed-died"),
            "appointment.noshow": Edge(ignore="nothing is booked yet"),
            "report.received": to("closed-report"),
        },
        states={**_TRIAGE, **_VISIT, **_CLOSED},
        urgency="priority",
    )
