"""One subject's facts, decided one after another in memory: pure but for the arguments it is given.

Facts recorded at or before a clock's due time go first, then the expiry (SEMANTICS 6); each fact sees the
view that the one before left. `drain` and `decide` read and write; this decides.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from carelane.cases import advance, due_facts, due_held, may_fire, step
from carelane.cases.model import Disposition, Late, Step, View
from carelane.cases.words import NOT_IN_SCOPE
from carelane.engine.downtime import Grace
from carelane.engine.releases import Releases
from carelane.facts.fact import Fact
from carelane.facts.replacing import replace

EXPIRIES_MAX = 64


@dataclass(slots=True)
class Chained:
    """What a chain gave: the decisions, the clock facts among them (not stored yet), and the last view."""

    view: View
    steps: list[Step] = field(default_factory=list)
    fresh: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and with what a chain decides; `grace` is set while a downtime's backlog drains."""

    now: datetime
    releases: Releases
    late: Late
    grace: Grace | None = None


def chain(view: View, facts: Sequence[Fact], moment: Moment) -> Chained:
    """Decide `facts` (in order) and every clock that is due, on one subject."""
    chained = Chained(view=view)
    waiting = deque(facts)
    for _ in range(len(facts) + EXPIRIES_MAX):
        until = min(moment.now, waiting[0].recorded_at) if waiting else moment.now
        expiry = _next_expiry(chained.view, moment, until)
        if waiting and (expiry is None or waiting[0].recorded_at < expiry.recorded_at):
            _apply(chained, waiting.popleft(), moment, moment.now)
        elif expiry is not None:
            chained.fresh.append(expiry)
            # An answer that waits was given before what comes due after it.
            _apply(chained, expiry, moment, max(until, expiry.recorded_at))
        else:
            break
    for fact in waiting:
        _apply(chained, fact, moment, moment.now)
    for over in due_held(chained.view, moment.now):
        chained.steps.append(over)
        chained.view = advance(chained.view, over)
    return chained


def _next_expiry(view: View, moment: Moment, until: datetime) -> Fact | None:
    due = (
        fact
        for fact in due_facts(view, until)
        if moment.grace is None or _fires(view, fact, moment, moment.grace)
    )
    return min(due, key=lambda fact: (fact.recorded_at, fact.id), default=None)


def _fires(view: View, fact: Fact, moment: Moment, grace: Grace) -> bool:
    """Whether a clock may fire although a downtime's backlog is not drained yet."""
    step_ = next(
        step for case in view.cases for step in case.steps if step.id == fact.refers["step"]
    )
    return may_fire(
        step_.clock, moment.now, downtime=grace.since, drained_until=grace.drained_until
    )


def _apply(chained: Chained, fact: Fact, moment: Moment, now: datetime) -> None:
    view = chained.view
    definitions = moment.releases.of(fact)
    decided = step(definitions, view, moment.late, fact, max(now, view.last_now or now))
    ignored = (
        decided.disposition is Disposition.IGNORED
    )  # also by another pathway that hears it here
    if ignored and moment.releases.elsewhere(fact.type, definitions):
        decided = replace(decided, reason=NOT_IN_SCOPE)
    chained.steps.append(decided)
    chained.view = advance(view, decided)
