"""The one decision (SEMANTICS 2): `step(definitions, view, late, fact, now) -> Step`. Pure, total, deterministic.

Facts about our own work (tasks, clocks, effects) go to the case they refer to; every other fact is an event, which
each pathway that hears it takes up by itself. `engine.drain` runs this; `store.commit` writes the answer.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from carelane.cases import expiry, moves, people, settle, undoing, words
from carelane.cases.attempt import Tried, attempt
from carelane.cases.hear import take_up
from carelane.cases.model import (
    Case,
    Change,
    Definitions,
    Disposition,
    Emission,
    Held,
    Late,
    Step,
    View,
)
from carelane.cases.moment import Moment
from carelane.cases.run import Run
from carelane.facts.fact import Fact
from carelane.facts.replacing import replace

_OWN: Mapping[str, Callable[[Run], str]] = {
    words.TASK_COMPLETED: people.complete,
    words.TASK_UNDONE: undoing.undo,
    words.TASK_ESCALATED: people.escalate,
    words.TASK_REASSIGNED: people.reassign,
    words.TASK_PAUSED: people.pause,
    words.TASK_RESUMED: people.resume,
    words.ROUTING_OVERRIDDEN: people.override,
    words.CLOCK_WARNED: expiry.ring,
    words.CLOCK_LEVEL: expiry.ring,
    words.CLOCK_EXPIRED: expiry.ring,
    words.CLOCK_RESUMED: expiry.ring,
    words.EFFECT_SETTLED: settle.settle,
}
_CLOCKS = frozenset(
    {words.CLOCK_WARNED, words.CLOCK_LEVEL, words.CLOCK_EXPIRED, words.CLOCK_RESUMED}
)
_MOVES: Mapping[str, Callable[[Moment, Case], Tried]] = {
    words.CASE_MIGRATED: moves.migrate,
    words.CASE_RESTORED: moves.restore,
}
_OF_CLOSED = frozenset({words.TASK_UNDONE, words.EFFECT_SETTLED})


def step(definitions: Definitions, view: View, late: Late, fact: Fact, now: datetime) -> Step:
    """Decide one fact. Never raises for what a fact or a case holds: what fails is parked with a person.

    `now` is the decision's time (UTC); for a subject it never goes back.
    """
    at = now if view.last_now is None or now > view.last_now else view.last_now
    moment = Moment(definitions=definitions, view=view, late=late, fact=fact, now=at)
    work = _OWN.get(fact.type)
    if work is not None:
        tried: Iterable[Tried] = (_own(moment, work),)
    elif fact.type == words.CALENDAR_CHANGED:
        tried = [attempt(moment, case, expiry.recalendar) for case in view.cases]
    elif fact.type == words.CASE_REDRIVEN:
        tried = (_redriven(moment),)
    elif fact.type in _MOVES:
        tried = (_move(moment),)
    else:
        tried = take_up(moment)
    return _answer(moment, tuple(tried))


def _own(moment: Moment, work: Callable[[Run], str]) -> Tried:
    case = _referred(moment)
    if case is None:
        return Tried(ignored=words.TASK_CLOSED if "task" in moment.fact.refers else words.NO_CASE)
    if case.parked_by is not None and moment.fact.type in _CLOCKS:
        return _remind(moment, case)
    if not case.steps and moment.fact.type not in _OF_CLOSED:
        return Tried(ignored=words.TASK_CLOSED)
    return attempt(moment, case, work)


def _referred(moment: Moment) -> Case | None:
    """The case a fact about our own work belongs to: by its id, its step, its task or its effect."""
    refers = moment.fact.refers
    cases = (*moment.view.cases, *moment.view.closed)
    wanted = refers.get("case")
    if wanted is not None:
        return next((case for case in cases if case.id == wanted), None)
    task, effect = refers.get("task"), refers.get("effect")
    for case in cases:
        if any(each.id == effect for each in case.effects):
            return case
        if task is not None and any(each.task == task for each in case.steps):
            return case
    return None


def _remind(moment: Moment, case: Case) -> Tried:
    reminded = expiry.remind(case, moment.fact, moment.now)
    if reminded is None:
        return Tried(ignored=words.CLOCK_STOPPED)
    after, notices = reminded
    change = Change(before=case, after=after, notices=notices, fact=moment.fact.id)
    return Tried(changes=(change,))


def _redriven(moment: Moment) -> Tried:
    """A parked case is set free; the engine then delivers its parked facts again, in order."""
    case = _referred(moment)
    if case is None or case.parked_by is None:
        return Tried(ignored=words.NOTHING_PARKED)
    after = replace(case, parked_by=None, revision=case.revision + 1)
    return Tried(changes=(Change(before=case, after=after, fact=moment.fact.id),))


def _move(moment: Moment) -> Tried:
    case = _referred(moment)
    return Tried(ignored=words.NO_CASE) if case is None else _MOVES[moment.fact.type](moment, case)


def _answer(moment: Moment, tried: tuple[Tried, ...]) -> Step:
    """One disposition for the fact: applied if any case took it; else held, parked or ignored."""
    if len(tried) == 1 and tried[0].changes and not tried[0].parked and not tried[0].released:
        return _applied(moment, tried[0])
    changes = tuple(change for each in tried for change in each.changes)
    emissions = _numbered(tried)
    applied = any(not change.parked for change in changes)
    parked = next((each.parked for each in tried if each.parked), "")
    held = max(
        (each.held for each in tried if each.held is not None),
        key=lambda each: each.until,
        default=None,
    )
    ignored = next((each.ignored for each in tried if each.ignored), words.NOT_HEARD)
    disposition, reason = _ended(applied=applied, held=held, parked=parked, ignored=ignored)
    return Step(
        fact=moment.fact,
        now=moment.now,
        disposition=disposition,
        changes=changes,
        emissions=emissions,
        released=_released(moment.view, tried),
        reason=reason,
        held=held if disposition is Disposition.HELD else None,
    )


def _applied(moment: Moment, tried: Tried) -> Step:
    """The ordinary case, cheaply: one pathway took the fact."""
    return Step(
        fact=moment.fact,
        now=moment.now,
        disposition=Disposition.APPLIED,
        changes=tried.changes,
        emissions=tried.emissions,
    )


def _ended(
    *, applied: bool, held: Held | None, parked: str, ignored: str
) -> tuple[Disposition, str]:
    if applied:
        return Disposition.APPLIED, ""
    if parked:
        return Disposition.PARKED, parked
    if held is not None:
        return Disposition.HELD, ""
    return Disposition.IGNORED, ignored


def _numbered(tried: tuple[Tried, ...]) -> tuple[Emission, ...]:
    """Emissions numbered within the decision, so that their facts' ids differ."""
    emissions = [each for one in tried for each in one.emissions]
    if len(emissions) <= 1:
        return tuple(emissions)
    return tuple(replace(each, ordinal=number) for number, each in enumerate(emissions))


def _released(view: View, tried: tuple[Tried, ...]) -> tuple[Fact, ...]:
    taken = {identity for each in tried for identity in each.released}
    if not taken:
        return ()
    return tuple(held.fact for held in view.held if held.fact.id in taken)
