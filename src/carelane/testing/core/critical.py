"""A critical result in miniature, as data; the shipped one is `pathways/critical-result.yaml`."""

from datetime import timedelta

from carelane.facts.fact import SubjectKind, Urgency
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.definition import (
    Branch,
    ClockKind,
    ClockSpec,
    Definition,
    Edge,
    EffectKind,
    Event,
    Fallback,
    FormField,
    Hit,
    Input,
    InputType,
    Level,
    NoCase,
    Owner,
    OwnerKind,
    Reduce,
    Reopen,
    Row,
    Several,
    Start,
    State,
    Table,
)
from carelane.pathways.guard import ALWAYS, All, Either, Guard, Missing, Within
from carelane.testing.core.words import DAY, HOUR, MINUTE, STAY, equals, pool, role, task, to, wall


def critical(digest: str = "critical-1") -> Definition:
    """A critical result in miniature: called in three levels, acted on, patient informed; corrections come back."""
    is_critical: Guard = All(
        (
            equals("critical", "critical"),
            Within("status", frozenset({"preliminary", "final", "corrected"})),
        )
    )
    levels = (
        Level(level=1, after=timedelta(0), to="responsible-clinician", by="secure-message"),
        Level(level=2, after=10 * MINUTE, to="covering-clinician", by="secure-message"),
        Level(level=3, after=20 * MINUTE, to="physician-on-call", by="phone"),
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
                        when=equals("critical", "critical"),
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
                reopens=Reopen(within=90 * DAY, at="correction"),
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
                    due=30 * MINUTE,
                    warn=5 * MINUTE,
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
                clock=wall(10 * MINUTE, safety=True),
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
                clock=wall(HOUR, safety=True),
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
                clock=wall(24 * HOUR),
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
                clock=wall(30 * MINUTE, safety=True),
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
