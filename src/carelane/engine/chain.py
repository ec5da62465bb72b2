"""One subject's facts, decided one after another in memory: pure but for the arguments it is given.

Facts recorded at or before a clock's due time go first, then the expiry (SEMANTICS 6); each fact sees the
view that the one before left. `drain` and `decide` read and write; this decides.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from carelane.cases import advance, due_facts, due_held, step
from carelane.cases.model import Late, Step, View
from carelane.engine.releases import Releases
from carelane.facts.fact import Fact

EXPIRIES_MAX = 64


@dataclass(slots=True)
class Chained:
    """What a chain gave: the decisions, the clock facts among them (not stored yet), and the last view."""

    view: View
    steps: list[Step] = field(default_factory=list)
    fresh: list[Fact] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and with what a chain decides. While a backlog from a downtime drains, clocks due after `calm` wait
    (safety clocks never do).
    """

    now: datetime
    releases: Releases
    late: Late
    calm: datetime | None = None


def chain(view: View, facts: Sequence[Fact], moment: Moment) -> Chained:
    """Decide `facts` (in order) and every clock that is due, on one subject."""
    chained = Chained(view=view)
    waiting = deque(facts)
    for _ in range(len(facts) + EXPIRIES_MAX):
        expiry = _next_expiry(chained.view, moment)
        if waiting and (expiry is None or waiting[0].recorded_at < expiry.recorded_at):
            _apply(chained, waiting.popleft(), moment)
        elif expiry is not None:
            chained.fresh.append(expiry)
            _apply(chained, expiry, moment)
        else:
            break
    for fact in waiting:
        _apply(chained, fact, moment)
    for over in due_held(chained.view, moment.now):
        chained.steps.append(over)
        chained.view = advance(chained.view, over)
    return chained


def _next_expiry(view: View, moment: Moment) -> Fact | None:
    found: Iterable[Fact] = due_facts(view, moment.now)
    return min(found, key=lambda fact: (fact.recorded_at, fact.id), default=None)


def _apply(chained: Chained, fact: Fact, moment: Moment) -> None:
    view = chained.view
    now = max(moment.now, view.last_now or moment.now)
    scope = moment.releases.scope(fact.site or "", fact.service_line or "")
    decided = step(scope, view, moment.late, fact, now)
    chained.steps.append(decided)
    chained.view = advance(view, decided)
