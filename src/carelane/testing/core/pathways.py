"""Two small pathways as data: a referral and a critical result. What is shipped lives in `pathways/*.yaml`."""

from datetime import timedelta

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
    InputType,
    Level,
    NoCase,
    Owner,
    OwnerKind,
    Pause,
    Reduce,
    Reopen,
    Row,
    Several,
    Start,
    State,
    Table,
    TaskKind,
)
from carelane.pathways.guard import ALWAYS, All, Compare, Either, Guard, Missing, Op, Within

_KEYS = ("placer_order", "filler_order")
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
STAY = Edge(branches=(Branch(then="stay"),))


def to(state: str) -> Edge:
    """An edge that always leads there."""
    return Edge(branches=(Branch(then=state),))


def pool(name: str, table: str = "") -> Owner:
    """A pool, or the pool a table names."""
    return Owner(kind=OwnerKind.POOL, name=name, table=table)


def role(name: str) -> Owner:
    """A role."""
    return Owner(kind=OwnerKind.ROLE, name=name)


def task(name: str, *outcomes: str, form: tuple[FormField, ...] = ()) -> TaskKind:
    """A task; its last outcome says that it could not be done."""
    return TaskKind(
        name=name,
        title=name.replace("-", " ").capitalize(),
        outcomes=outcomes,
        could_not=outcomes[-1],
        reasons=(),
        form=form,
        shows=(),
    )


def wall(due: timedelta, *, warn: timedelta | None = None, safety: bool = False) -> ClockSpec:
    """A wall clock."""
    return ClockSpec(kind=ClockKind.WALL, due=due, warn=warn, safety=safety)


def _equals(field: str, literal: str) -> Compare:
    return Compare(field, Op.EQ, literal)


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
                name="reason", path="request.reason", label="Reason", authority="ehr", ttl=90 * _DAY
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
                        when=_equals("specialty", "cardiology"),
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
                none=NoCase(hold=_DAY),
                stale_by="placer_order",
                cancels=True,
            ),
            "report.received": Event(
                name="report.received",
                keys=_KEYS,
                several=Several.ASK,
                none=NoCase(hold=30 * _DAY, then="referral-desk"),
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
                not_after=_DAY,
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
                    kind=ClockKind.BUSINESS, due=8 * _HOUR, warn=4 * _HOUR, setting="triage.due"
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
                clock=ClockSpec(kind=ClockKind.BUSINESS_DAYS, due=2 * _DAY),
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
                clock=wall(3 * _DAY, warn=2 * _DAY),
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
                clock=ClockSpec(kind=ClockKind.CALENDAR_DAYS, due=30 * _DAY),
                fallback=Fallback(edge=to("decide")),
                on={"appointment.noshow": to("decide")},
                pause=Pause(reason="until the visit", resume_by=7 * _DAY),
            ),
            "decide": State(
                name="decide",
                title="To be decided",
                line=5,
                status="scheduling",
                task="decide",
                owner=pool("referral-desk"),
                clock=wall(_DAY),
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


def critical(digest: str = "critical-1") -> Definition:
    """A critical result in miniature: called in three levels, acted on, patient informed; corrections come back."""
    is_critical: Guard = All(
        (
            _equals("critical", "critical"),
            Within("status", frozenset({"preliminary", "final", "corrected"})),
        )
    )
    levels = (
        Level(level=1, after=timedelta(0), to="responsible-clinician", by="secure-message"),
        Level(level=2, after=10 * _MINUTE, to="covering-clinician", by="secure-message"),
        Level(level=3, after=20 * _MINUTE, to="physician-on-call", by="phone"),
    )
    taken = {"acknowledged": to("act"), "not-mine": to("on-call"), "could-not-do": to("on-call")}
    again = Edge(branches=(Branch(then="again"),))
    return Definition(
        name="critical",
        version="1",
        language=1,
        title="A critical result reaches someone who can act",
        subject=SubjectKind.PATIENT,
        touches=("orders",),
        digest=digest,
        inputs={
            "flag": Input(
                name="flag",
                path="result.observation.interpretation",
                codes=("N", "A", "L", "H", "LL", "HH", "AA"),
                ordered=True,
                reduce=Reduce.MAX,
            ),
            "status": Input(
                name="status",
                path="result.status",
                codes=("preliminary", "final", "corrected", "cancelled"),
            ),
            "verified_at": Input(name="verified_at", path="result.issued", type=InputType.INSTANT),
        },
        fields={},
        variables={},
        tables={
            "critical": Table(
                name="critical",
                hit=Hit.FIRST,
                inputs=("flag",),
                outputs={"critical": "code"},
                rows=(
                    Row(
                        number=1,
                        line=1,
                        when=Within("flag", frozenset({"LL", "HH", "AA"})),
                        then={"critical": "critical"},
                    ),
                    Row(
                        number=2,
                        line=2,
                        when=Either((Missing("flag"), ALWAYS)),
                        then={"critical": "routine"},
                    ),
                ),
            ),
            "speed": Table(
                name="speed",
                hit=Hit.FIRST,
                inputs=("critical",),
                outputs={"speed": "urgency"},
                rows=(
                    Row(
                        number=1,
                        line=1,
                        when=_equals("critical", "critical"),
                        then={"speed": "stat"},
                    ),
                    Row(number=2, line=2, when=ALWAYS, then={"speed": "routine"}),
                ),
            ),
        },
        events={
            "result.reported": Event(
                name="result.reported",
                keys=("filler_order",),
                start=Start(when=is_critical, unique="filler_order"),
                none=NoCase(ignore="not critical"),
                stale_by="filler_order",
            ),
            "result.corrected": Event(
                name="result.corrected",
                keys=("filler_order",),
                several=Several.ALL,
                none=NoCase(ignore="no critical case"),
                stale_by="filler_order",
                reopens=Reopen(within=90 * _DAY, at="correction"),
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
            "take-result": task(
                "take-result",
                "acknowledged",
                "not-mine",
                "could-not-do",
                form=(
                    FormField(
                        name="read_back",
                        label="Read back",
                        type="boolean",
                        required_for=("acknowledged",),
                    ),
                ),
            ),
            "act-on-result": task("act-on-result", "acted", "no-action-needed", "could-not-do"),
            "inform-patient": task("inform-patient", "informed", "no-answer", "could-not-do"),
        },
        effects={
            "alert": EffectKind(
                name="alert",
                capability="staff.alert",
                audience=Audience.STAFF,
                if_unknown=IfUnknown.RESEND,
                on_failure="level_up",
            ),
            "record": EffectKind(
                name="record",
                capability="ehr.communication",
                audience=Audience.RECORD,
                if_unknown=IfUnknown.ASK,
            ),
        },
        pools={"results-nurses": tuple(Urgency)},
        start=to("call"),
        everywhere={
            "result.reported": STAY,
            "patient.died": STAY,
            "result.corrected": to("correction"),
        },
        states={
            "call": State(
                name="call",
                title="To be called",
                line=1,
                status="critical-call",
                task="take-result",
                owner=role("responsible-clinician"),
                clock=ClockSpec(
                    kind=ClockKind.WALL,
                    due=30 * _MINUTE,
                    warn=5 * _MINUTE,
                    safety=True,
                    start="verified_at",
                ),
                escalate=levels,
                fallback=Fallback(edge=to("on-call")),
                outcomes=taken,
                on={"result.corrected": STAY},
                effects=("alert",),
            ),
            "on-call": State(
                name="on-call",
                title="On call",
                line=2,
                status="critical-call",
                task="take-result",
                owner=role("physician-on-call"),
                clock=wall(10 * _MINUTE, safety=True),
                escalate=(Level(level=1, after=timedelta(0), to="physician-on-call", by="phone"),),
                fallback=Fallback(repeat=True, to="physician-on-call", tell="house-supervisor"),
                outcomes={"acknowledged": to("act"), "not-mine": again, "could-not-do": again},
                on={"result.corrected": STAY},
                effects=("alert",),
            ),
            "act": State(
                name="act",
                title="To be acted on",
                line=3,
                status="acknowledged",
                task="act-on-result",
                owner=Owner(
                    kind=OwnerKind.PERSON, name="last_actor", otherwise="responsible-clinician"
                ),
                clock=wall(_HOUR, safety=True),
                fallback=Fallback(edge=to("on-call")),
                outcomes={
                    "acted": to("inform"),
                    "no-action-needed": to("inform"),
                    "could-not-do": to("on-call"),
                },
                effects=("record",),
            ),
            "inform": State(
                name="inform",
                title="Patient to be informed",
                line=4,
                status="reviewed",
                task="inform-patient",
                owner=pool("results-nurses"),
                clock=wall(24 * _HOUR),
                fallback=Fallback(edge=to("on-call")),
                outcomes={
                    "informed": to("closed-informed"),
                    "no-answer": again,
                    "could-not-do": to("on-call"),
                },
            ),
            "correction": State(
                name="correction",
                title="Corrected",
                line=5,
                status="reopened",
                task="take-result",
                owner=Owner(
                    kind=OwnerKind.PERSON, name="last_actor", otherwise="responsible-clinician"
                ),
                clock=wall(30 * _MINUTE, safety=True),
                escalate=levels,
                fallback=Fallback(edge=to("on-call")),
                outcomes=taken,
                on={"result.corrected": STAY},
                effects=("alert",),
            ),
            "closed-informed": State(
                name="closed-informed",
                title="Closed",
                line=9,
                status="closed",
                final=True,
                outcome="informed",
            ),
        },
        urgency="speed",
    )


def attention(digest: str = "attention-1") -> Definition:
    """A system pathway in miniature: what Carelane can't settle by itself is somebody's, with a clock."""
    heard = {
        "case.parked": "case",
        "case.duplicate": "case",
        "effect.dead": "effect",
        "fact.unmatched": "fact",
        "fact.unclear": "fact",
    }
    return Definition(
        name="attention",
        version="1",
        language=1,
        title="A person looks at what could not be settled",
        subject=SubjectKind.PATIENT,
        touches=("none",),
        digest=digest,
        inputs={},
        fields={},
        variables={},
        tables={},
        events={
            name: Event(
                name=name, keys=(key,), start=Start(when=ALWAYS, unique=key), several=Several.ONE
            )
            for name, key in heard.items()
        },
        tasks={"look": task("look", "settled", "could-not-do")},
        effects={},
        pools={"integration-desk": tuple(Urgency)},
        start=to("open"),
        everywhere=dict.fromkeys(heard, STAY),
        states={
            "open": State(
                name="open",
                title="To be looked at",
                line=1,
                status="open",
                task="look",
                owner=pool("integration-desk"),
                clock=wall(_DAY),
                fallback=Fallback(repeat=True, to="integration-lead"),
                outcomes={"settled": to("closed"), "could-not-do": to("closed")},
            ),
            "closed": State(name="closed", title="Closed", line=2, status="closed", final=True),
        },
        system=True,
    )
