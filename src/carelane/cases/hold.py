"""What becomes of a fact that matches no case: held, ignored, answered, or a person's (SEMANTICS 2)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from carelane.cases.attempt import Tried
from carelane.cases.model import Disposition, Emission, Held, Step, View
from carelane.cases.moment import Moment
from carelane.cases.words import (
    FACT_UNCLEAR,
    FACT_UNMATCHED,
    HOLD_OVER,
    NO_CASE,
    SELF,
    SENDER,
    SEVERAL,
    UNMATCHED,
)
from carelane.facts.fact import Fact, Json
from carelane.facts.phi import Phi
from carelane.pathways.definition import Event

_OURS = frozenset({"sender", "from_case", "fact", "case", "step", "task", "effect"})
"""Keys that are our own ids: an answer carries the others, by which the sender knows what was asked."""


def unmatched(moment: Moment, event: Event, pathway: str) -> Tried:
    """No case: as the event declares."""
    none, fact = event.none, moment.fact
    if none.hold is not None:
        until = moment.now + none.hold
        return Tried(held=Held(fact=fact, until=until, then=none.then, pathway=pathway))
    if none.person:
        told = work(fact, FACT_UNMATCHED, pool=none.person, pathway=pathway)
        return Tried(emissions=(told,), parked=UNMATCHED)
    if none.reply:
        answer = _reply(fact, none.reply)
        return Tried(emissions=(answer,), ignored=f"replied {none.reply}")
    return Tried(ignored=none.ignore or NO_CASE)


def unclear(moment: Moment, pathway: str, cases: tuple[UUID, ...]) -> Tried:
    """Several cases match and a person must say which: the fact is parked until `refers.case` names one."""
    refers = {"fact": moment.fact.id}
    refers.update({f"case_{number}": case for number, case in enumerate(cases, 1)})
    told = work(moment.fact, FACT_UNCLEAR, pool="", pathway=pathway, refers=refers)
    return Tried(emissions=(told,), parked=SEVERAL)


def work(
    fact: Fact, name: str, *, pool: str, pathway: str, refers: Mapping[str, UUID] | None = None
) -> Emission:
    """A fact for a system pathway of this subject: somebody's work, with owner and clock."""
    payload: Mapping[str, Json] = {"pool": pool, "pathway": pathway, "type": fact.type}
    return Emission(
        fact=name,
        to=SELF,
        by="",
        payload=Phi(payload, name),
        case=fact.id,
        ordinal=0,
        refers=refers or {"fact": fact.id},
        urgency=fact.urgency,
    )


def _reply(fact: Fact, name: str) -> Emission:
    origin = fact.refers.get("sender") or fact.origin
    return Emission(
        fact=name,
        to=SENDER,
        by=str(origin) if origin is not None else (fact.connection or ""),
        payload=Phi({}, name),
        case=fact.id,
        ordinal=0,
        refers={"fact": fact.id},
        urgency=fact.urgency,
        keys={key: token for key, token in fact.keys.items() if key not in _OURS},
    )


def due_held(view: View, now: datetime) -> tuple[Step, ...]:
    """Held facts whose time is over: ignored with a reason, or parked with a person. `store.commit` writes them."""
    return tuple(_over(held, now) for held in view.held if held.until <= now)


def _over(held: Held, now: datetime) -> Step:
    if held.then in {"", "ignore"}:
        return Step(fact=held.fact, now=now, disposition=Disposition.IGNORED, reason=HOLD_OVER)
    told = work(held.fact, FACT_UNMATCHED, pool=held.then, pathway=held.pathway)
    return Step(
        fact=held.fact,
        now=now,
        disposition=Disposition.PARKED,
        emissions=(told,),
        reason=UNMATCHED,
    )
