"""A system pathway in miniature, as data: what a person must look at."""

from carelane.facts.fact import SubjectKind, Urgency
from carelane.pathways.definition import (
    Definition,
    Event,
    Fallback,
    Several,
    Start,
    State,
)
from carelane.pathways.guard import ALWAYS
from carelane.testing.core.words import DAY, STAY, pool, task, to, wall


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
                clock=wall(DAY),
                fallback=Fallback(repeat=True, to="integration-lead"),
                outcomes={"settled": to("closed"), "could-not-do": to("closed")},
            ),
            "closed": State(name="closed", title="Closed", line=2, status="closed", final=True),
        },
        system=True,
    )
