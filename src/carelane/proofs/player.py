"""One subject decided again from its recorded facts, one after another, by `cases.step` itself.

A player has a view and a world. It does what the engine did around each decision (alerts become effects, cases closed
long ago are out of sight) and nothing else: no clock fires by itself, because clocks' facts are recorded too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases import advance, due_held, step
from carelane.cases.alerts import with_alerts
from carelane.cases.model import (
    Case,
    Definitions,
    Disposition,
    EffectState,
    EffectView,
    Held,
    Late,
    Step,
    View,
)
from carelane.cases.words import MOVED_FROM, NOT_IN_SCOPE
from carelane.facts.fact import Fact, SubjectKind
from carelane.facts.intent import Audience
from carelane.facts.replacing import replace
from carelane.proofs.events import Ended, Heard, History
from carelane.proofs.joined import Parts
from carelane.proofs.recorded import World, fact_of

SIGHT = timedelta(days=90)
"""How long a closed case may be seen (`store.load.REOPEN_MAX`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One recorded ending of one fact. `again` is the number of endings before it."""

    heard: Heard
    fact: Fact
    ended: Ended
    again: int

    @property
    def released(self) -> bool:
        """A held fact that another fact's new case took: it was decided with that one."""
        before = self.heard.ends[self.again - 1].how if self.again else ""
        return before == "held" and self.ended.how == "applied"

    @property
    def over(self) -> bool:
        """A held fact whose time is over."""
        return bool(self.again) and self.heard.ends[self.again - 1].how == "held"


def turns(history: History, organisation: UUID) -> Iterator[Turn]:
    """The subject's decisions in the order in which they were taken."""
    found = [
        (ended.order, number, heard, ended)
        for heard in history.facts
        for number, ended in enumerate(heard.ends)
    ]
    found.sort(key=lambda each: each[0])
    parts = Parts(history)
    facts: dict[tuple[UUID, UUID], Fact] = {}
    for order, number, heard, ended in found:
        subject = parts.subject(heard, order) if history.merges else history.subject
        fact = facts.get((heard.id, subject))
        if fact is None:
            fact = facts[heard.id, subject] = fact_of(heard, subject, organisation)
        yield Turn(heard=heard, fact=fact, ended=ended, again=number)


@dataclass(slots=True, kw_only=True)
class Player:
    """A subject as decided so far."""

    world: World
    view: View
    opened: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)

    def hear(self, turn: Turn, late: Late, fact: Fact | None = None) -> Step | None:
        """Decide one recorded fact; None where no decision was its own."""
        if turn.released:
            return None
        if turn.over:
            return self._over(turn)
        return self.keep(self.decide(turn, late, fact or turn.fact, self.view))

    def decide(self, turn: Turn, late: Late, fact: Fact, view: View) -> Step:
        """What the world's releases say to a fact on a view; nothing is kept."""
        now = turn.ended.at
        seen = _seen(view, turn.ended.seen, now)
        definitions = self.definitions(turn)
        decided = step(definitions, seen, late, fact, now)
        ignored = decided.disposition is Disposition.IGNORED
        if ignored and self.world.in_force.elsewhere(fact, definitions, now):
            decided = replace(decided, reason=NOT_IN_SCOPE)  # as `engine.chain` says it
        return with_alerts(decided)

    def definitions(self, turn: Turn) -> Definitions:
        """The releases in force at this turn, as the process that decided it knew them."""
        fact = turn.fact
        given = self.world.in_force.of(fact, turn.ended.at)
        opened = self.opened.get(fact.id)
        return given if opened is None else self.world.opening(given, *opened)

    def keep(self, decided: Step) -> Step:
        """Take a decision over into the view."""
        view = advance(self.view, decided)
        for change in decided.changes:
            if change.intents and (alerts := _alerts(change.after, decided)):
                view = _with(view, replace(_case(view, change.after.id), effects=alerts))
            if change.before is None:
                view = replace(view, cases=tuple(sorted(view.cases, key=_age)))
        if decided.held is not None:
            view = replace(view, held=tuple(sorted(view.held, key=_recorded)))
        self.view = view
        return decided

    def _over(self, turn: Turn) -> Step | None:
        for over in due_held(self.view, turn.ended.at):
            if over.fact.id == turn.fact.id:
                return self.keep(over)
        return None


def player(
    history: History, organisation: UUID, world: World, subject: UUID | None = None
) -> Player:
    """A player at the subject's beginning, or at that of one which was merged into it."""
    view = View(
        subject=subject or history.subject,
        kind=SubjectKind(history.kind),
        organisation=organisation,
    )
    left = _left_first(history)
    releases = {each.id: (each.pathway, left.get(each.id, each.release)) for each in history.cases}
    opened = {
        heard.id: releases[applied.case]
        for heard in history.facts
        for applied in heard.applied
        if applied.revision == 1 and applied.case in releases
    }
    return Player(world=world, view=view, opened=opened)


def _left_first(history: History) -> Mapping[UUID, str]:
    """For cases that went to another release: the one that they began on."""
    moves = [
        (applied.revision, applied.case, release)
        for heard in history.facts
        for applied in heard.applied
        for rule, release in applied.why
        if rule == MOVED_FROM
    ]
    return {case: release for _, case, release in sorted(moves, reverse=True)}


def _seen(view: View, states: Mapping[str, str], now: datetime) -> View:
    """The view as it was read then: effects as they stood, cases closed long ago out of sight, time its own."""
    closed = view.closed
    if closed and any(_gone(case, now) for case in closed):
        closed = tuple(case for case in closed if not _gone(case, now))
    if states:
        cases = tuple(_stood(case, states) for case in view.cases)
        closed = tuple(_stood(case, states) for case in closed)
        return replace(view, cases=cases, closed=closed, last_now=None)
    return replace(view, closed=closed, last_now=None)


def _gone(case: Case, now: datetime) -> bool:
    return case.closed_at is not None and case.closed_at <= now - SIGHT


def _stood(case: Case, states: Mapping[str, str]) -> Case:
    if not any(str(each.id) in states for each in case.effects):
        return case
    effects = tuple(
        replace(each, state=EffectState(states.get(str(each.id), each.state)))
        for each in case.effects
    )
    return replace(case, effects=effects)


def _alerts(after: Case, decided: Step) -> tuple[EffectView, ...]:
    """The case's effects with the alerts that notices became, or nothing if there are none."""
    known = {each.id for each in after.effects}
    added = tuple(
        EffectView(
            id=intent.id,
            name=intent.name,
            state=EffectState.READY,
            step=intent.step,
            audience=Audience.STAFF,
        )
        for change in decided.changes
        if change.after.id == after.id
        for intent in change.intents
        if intent.id not in known
    )
    return (*after.effects, *added) if added else ()


def _case(view: View, case: UUID) -> Case:
    return next(each for each in (*view.cases, *view.closed) if each.id == case)


def _with(view: View, case: Case) -> View:
    """The view with this case in its place."""
    return replace(
        view,
        cases=tuple(case if each.id == case.id else each for each in view.cases),
        closed=tuple(case if each.id == case.id else each for each in view.closed),
    )


def _age(case: Case) -> tuple[datetime, UUID]:
    return (case.opened_at, case.id)


def _recorded(held: Held) -> tuple[datetime, UUID]:
    return (held.fact.recorded_at, held.fact.id)
