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
    Hit,
    Input,
    NoCase,
    Pause,
    Row,
    Several,
    Start,
    State,
    Table,
)
from carelane.pathways.guard import ALWAYS, Compare, Op
from carelane.testing.core.words import DAY, HOUR, STAY, equals, pool, role, task, to, wall

_KEYS = ("placer_order", "filler_order")


def referral(digest: str = "referral-1", version: str = "1") -> Definition:
    """Referral intake in miniature: triage, acceptance told to the record, scheduling, report, closed."""
    stop = ("accepted-told", "declined-told")
    return Definition(
        name="referral",
        version=version,
        language=1,
        title="A referral becomes a visit",
        subject=SubjectKind.PATIENT,
        touches=("orders",),
        digest=digest,
        inputs={
            "priority": Input(
                name="priority",
                path="request.priority",
                codes=("routine", "urgent", "asap", "stat"),
                ordered=True,
                raise_only=True,
            ),
            "specialty": Input(
                name="specialty", path="request.specialty", codes=("cardiology", "neurology")
            ),
        },
        fields={
            "reason": Field(
                name="reason", path="request.reason", label="Reason", authority="ehr", ttl=90 * DAY
            )
        },
        variables={},
        tables={
            "triage": Table(
                name="triage",
                hit=Hit.FIRST,
                inputs=("specialty",),
                outputs={"desk": "pool"},
                rows=(
                    Row(
                        number=1,
                        line=1,
                        when=equals("specialty", "cardiology"),
                        then={"desk": "cardiology-desk"},
                    ),
                    Row(number=2, line=2, when=ALWAYS, then={"desk": "referral-desk"}),
                ),
            )
        },
        events={
            "referral.received": Event(
                name="referral.received",
                keys=_KEYS,
                start=Start(when=ALWAYS, unique="placer_order"),
                several=Several.ALL,
                stale_by="placer_order",
            ),
            "referral.cancelled": Event(
                name="referral.cancelled",
                keys=_KEYS,
                several=Several.ALL,
                none=NoCase(hold=DAY),
                stale_by="placer_order",
                cancels=True,
            ),
            "report.received": Event(
                name="report.received",
                keys=_KEYS,
                several=Several.ASK,
                none=NoCase(hold=30 * DAY, then="referral-desk"),
            ),
            "appointment.noshow": Event(
                name="appointment.noshow",
                keys=(),
                several=Several.RECENT,
                none=NoCase(ignore="no open case"),
            ),
            "patient.died": Event(
                name="patient.died",
                keys=(),
                several=Several.ALL,
                none=NoCase(ignore="no open case"),
                cancels=True,
            ),
        },
        tasks={
            "triage-referral": task(
                "triage-referral",
                "accept",
                "decline",
                "could-not-do",
                form=(
                    FormField(name="reason", label="Reason", required_for=("decline",)),
                    FormField(
                        name="urgency",
                        label="Urgency",
                        type="code",
                        options=("routine", "urgent", "stat"),
                    ),
                ),
            ),
            "schedule": task("schedule", "booked", "no-answer", "could-not-do"),
            "decide": task("decide", "close", "try-again", "could-not-do"),
        },
        effects={
            "accepted-told": EffectKind(
                name="accepted-told",
                capability="ehr.referral.update",
                audience=Audience.RECORD,
                if_unknown=IfUnknown.ASK,
                undo="acceptance-withdrawn",
                sends=("reason",),
                values={"status": "accepted"},
            ),
            "acceptance-withdrawn": EffectKind(
                name="acceptance-withdrawn",
                capability="ehr.referral.update",
                audience=Audience.RECORD,
                if_unknown=IfUnknown.ASK,
                values={"status": "revoked"},
            ),
            "declined-told": EffectKind(
                name="declined-told",
                capability="ehr.referral.update",
                audience=Audience.RECORD,
                if_unknown=IfUnknown.ASK,
                values={"status": "rejected"},
            ),
            "letter": EffectKind(
                name="letter",
                capability="patient.letter",
                audience=Audience.PATIENT,
                if_unknown=IfUnknown.DROP,
                after=stop,
                not_after=DAY,
            ),
        },
        pools={name: tuple(Urgency) for name in ("referral-desk", "cardiology-desk", "scheduling")},
        start=to("triage"),
        everywhere={
            "referral.received": STAY,
            "referral.cancelled": to("closed-cancelled"),
            "patient.died": to("closed-died"),
            "appointment.noshow": Edge(ignore="nothing is booked yet"),
            "report.received": to("closed-report"),
        },
        states={
            "triage": State(
                name="triage",
                title="In triage",
                line=1,
                status="in-triage",
                milestone="We are looking at the referral.",
                task="triage-referral",
                owner=pool("referral-desk", "desk"),
                clock=ClockSpec(
                    kind=ClockKind.BUSINESS, due=8 * HOUR, warn=4 * HOUR, setting="triage.due"
                ),
                fallback=Fallback(edge=to("overdue"), tell="referral-lead"),
                outcomes={
                    "accept": to("scheduling"),
                    "decline": to("closed-declined"),
                    "could-not-do": to("overdue"),
                },
            ),
            "overdue": State(
                name="overdue",
                title="Overdue",
                line=2,
                status="in-triage",
                task="triage-referral",
                owner=role("referral-lead"),
                clock=ClockSpec(kind=ClockKind.BUSINESS_DAYS, due=2 * DAY),
                fallback=Fallback(edge=Edge(branches=(Branch(then="again"),))),
                outcomes={
                    "accept": to("scheduling"),
                    "decline": to("closed-declined"),
                    "could-not-do": to("overdue"),
                },
                urgency=Urgency.URGENT,
            ),
            "scheduling": State(
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
                    "no-answer": Edge(
                        branches=(
                            Branch(then="again", when=Compare("attempts", Op.LT, 3)),
                            Branch(then="decide"),
                        )
                    ),
                    "could-not-do": to("decide"),
                },
            ),
            "waiting": State(
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
            "decide": State(
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
                    "could-not-do": Edge(branches=(Branch(then="again"),)),
                },
            ),
            **{
                name: State(
                    name=name, title=name, line=9, status="closed", final=True, effects=effects
                )
                for name, effects in (
                    ("closed-declined", ("declined-told",)),
                    ("closed-cancelled", ()),
                    ("closed-died", ()),
                    ("closed-decided", ()),
                    ("closed-report", ()),
                )
            },
        },
        urgency="priority",
    )
