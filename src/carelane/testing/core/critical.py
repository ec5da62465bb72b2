"""A critical result in miniature, as data; the shipped one is `pathways/critical-result.yaml`."""

from datetime import timedelta

from carelane.facts.fact import SubjectKind, Urgency
from carelane.facts.intent import Audience, IfUnknown
from carelane.pathways.definition import (
    ClockKind,
    ClockSpec,
    Definition,
    EffectKind,
    Event,
    Fallback,
    FormField,
    Input,
    InputType,
    Level,
    NoCase,
    Owner,
    OwnerKind,
    Reduce,
    Reopen,
    Several,
    Start,
    State,
)
from carelane.pathways.guard import ALWAYS, All, Either, Missing, Within
from carelane.testing.core.words import (
    AGAIN,
    DAY,
    DIED,
    HOUR,
    MINUTE,
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

_INPUTS = named(
    Input(
        name="flag",
        path="result.observation.interpretation",
        codes=("N", "A", "L", "H", "LL", "HH", "AA"),
        ordered=True,
        reduce=Reduce.MAX,
    ),
    Input(
        name="status",
        path="result.status",
        codes=("preliminary", "final", "corrected", "cancelled"),
    ),
    Input(name="verified_at", path="result.issued", type=InputType.INSTANT),
)
_TABLES = named(
    table(
        "critical",
        reads="flag",
        gives=("critical", "code"),
        rows=(
            (Within("flag", frozenset({"LL", "HH", "AA"})), "critical"),
            (Either((Missing("flag"), ALWAYS)), "routine"),
        ),
    ),
    table(
        "speed",
        reads="critical",
        gives=("speed", "urgency"),
        rows=((equals("critical", "critical"), "stat"), (ALWAYS, "routine")),
    ),
)
_REPORTED = Within("status", frozenset({"preliminary", "final", "corrected"}))
_EVENTS = named(
    Event(
        name="result.reported",
        keys=("filler_order",),
        start=Start(when=All((equals("critical", "critical"), _REPORTED)), unique="filler_order"),
        none=NoCase(ignore="not critical"),
        stale_by="filler_order",
    ),
    Event(
        name="result.corrected",
        keys=("filler_order",),
        several=Several.ALL,
        none=NoCase(ignore="no critical case"),
        stale_by="filler_order",
        reopens=Reopen(within=90 * DAY, at="correction"),
    ),
    DIED,
)
_READ_BACK = FormField(
    name="read_back", label="Read back", type="boolean", required_for=("acknowledged",)
)
_TASKS = named(
    task("take-result", "acknowledged", "not-mine", "could-not-do", form=(_READ_BACK,)),
    task("act-on-result", "acted", "no-action-needed", "could-not-do"),
    task("inform-patient", "informed", "no-answer", "could-not-do"),
)
_EFFECTS = named(
    EffectKind(
        name="alert",
        capability="staff.alert",
        audience=Audience.STAFF,
        if_unknown=IfUnknown.RESEND,
        on_failure="level_up",
    ),
    EffectKind(
        name="record",
        capability="ehr.communication",
        audience=Audience.RECORD,
        if_unknown=IfUnknown.ASK,
    ),
)
_LEVELS = (
    Level(level=1, after=timedelta(0), to="responsible-clinician", by="secure-message"),
    Level(level=2, after=10 * MINUTE, to="covering-clinician", by="secure-message"),
    Level(level=3, after=20 * MINUTE, to="physician-on-call", by="phone"),
)
_TAKEN = {"acknowledged": to("act"), "not-mine": to("on-call"), "could-not-do": to("on-call")}
_LAST_ACTOR = Owner(kind=OwnerKind.PERSON, name="last_actor", otherwise="responsible-clinician")
_CALLING = named(
    State(
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
        escalate=_LEVELS,
        fallback=Fallback(edge=to("on-call")),
        outcomes=_TAKEN,
        on={"result.corrected": STAY},
        effects=("alert",),
    ),
    State(
        name="on-call",
        title="On call",
        line=2,
        status="critical-call",
        task="take-result",
        owner=role("physician-on-call"),
        clock=wall(10 * MINUTE, safety=True),
        escalate=(Level(level=1, after=timedelta(0), to="physician-on-call", by="phone"),),
        fallback=Fallback(repeat=True, to="physician-on-call", tell="house-supervisor"),
        outcomes={"acknowledged": to("act"), "not-mine": AGAIN, "could-not-do": AGAIN},
        on={"result.corrected": STAY},
        effects=("alert",),
    ),
)
_TAKEN_ON = named(
    State(
        name="act",
        title="To be acted on",
        line=3,
        status="acknowledged",
        task="act-on-result",
        owner=_LAST_ACTOR,
        clock=wall(HOUR, safety=True),
        fallback=Fallback(edge=to("on-call")),
        outcomes={
            "acted": to("inform"),
            "no-action-needed": to("inform"),
            "could-not-do": to("on-call"),
        },
        effects=("record",),
    ),
    State(
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
            "no-answer": AGAIN,
            "could-not-do": to("on-call"),
        },
    ),
    State(
        name="correction",
        title="Corrected",
        line=5,
        status="reopened",
        task="take-result",
        owner=_LAST_ACTOR,
        clock=wall(30 * MINUTE, safety=True),
        escalate=_LEVELS,
        fallback=Fallback(edge=to("on-call")),
        outcomes=_TAKEN,
        on={"result.corrected": STAY},
        effects=("alert",),
    ),
    State(
        name="closed-informed",
        title="Closed",
        line=9,
        status="closed",
        final=True,
        outcome="informed",
    ),
)


def critical(digest: str = "critical-1") -> Definition:
    """A critical result in miniature: called in three levels, acted on, patient informed; corrections come back."""
    return Definition(
        name="critical",
        version="1",
        language=1,
        title="A critical result reaches someone who can act",
        subject=SubjectKind.PATIENT,
        touches=("orders",),
        digest=digest,
        inputs=_INPUTS,
        fields={},
        variables={},
        tables=_TABLES,
        events=_EVENTS,
        tasks=_TASKS,
        effects=_EFFECTS,
        pools={"results-nurses": tuple(Urgency)},
        start=to("call"),
        everywhere={
            "result.reported": STAY,
            "patient.died": STAY,
            "result.corrected": to("correction"),
        },
        states={**_CALLING, **_TAKEN_ON},
        urgency="speed",
    )
