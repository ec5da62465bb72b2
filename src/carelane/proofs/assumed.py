"""What might have followed a first divergence, if everybody had then done the same: a guess, and labelled as one.

The case goes on alone under the new release: its own clocks run, messages come as they came, a person's outcome goes to
the open step with the same task, an effect's to the effect of the same name. What finds no place is counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from carelane.cases import due_facts
from carelane.cases.model import Case, EffectState, Late, View
from carelane.facts.fact import Actor, Fact
from carelane.facts.replacing import replace
from carelane.proofs.cast import Cast
from carelane.proofs.events import History
from carelane.proofs.judging import Divergence, Judge
from carelane.proofs.player import Player, Turn, turns

_FIRINGS_MAX = 1_000


def later(judge: Judge, history: History, found: Divergence) -> Mapping[str, Any] | None:
    """How the case stood at the end of the recording, and how it might have stood."""
    if found.case is None:
        return None
    organisation = judge.header.organisation
    guess = _Guess(
        judge=judge,
        case=found.case,
        cast=Cast(history=history, organisation=organisation, world=judge.was),
        other=Cast(history=history, organisation=organisation, world=judge.would),
    )
    for turn in turns(history, organisation):
        guess.take(turn, parted=turn.fact.id == found.fact)
    return guess.told()


@dataclass(slots=True, kw_only=True)
class _Guess:
    judge: Judge
    case: UUID
    cast: Cast
    other: Cast
    was: Player = field(init=False)
    would: Player = field(init=False)
    alone: bool = False
    skipped: int = 0
    at: datetime | None = None
    names: dict[UUID, str] = field(default_factory=dict)  # tasks and effects of the old case

    def take(self, turn: Turn, *, parted: bool) -> None:
        """One more recorded fact."""
        late = self.judge.lates(turn.ended.directory)
        self.was = self.cast.of(turn)
        if not self.alone:
            self.would = self.other.of(turn)
        decided = self.was.hear(turn, late)
        self._learn()
        self.at = turn.ended.at
        if self.alone and _find(self.was.view, self.case) is None:
            return  # of somebody who became the same patient later
        if self.alone:
            self._clocks(turn, late)
            self._hear(turn, late)
        elif decided is not None:
            self.would.hear(turn, late)
        if parted and not self.alone:
            self.alone = True
            self.would.view = _only(self.would.view, self.case)

    def told(self) -> Mapping[str, Any]:
        """The old and the new end, and how many recorded deeds found no place."""
        return {
            "old": _standing(_find(self.was.view, self.case)),
            "new": _standing(_find(self.would.view, self.case)),
            "deeds_without_a_place": self.skipped,
        }

    def _learn(self) -> None:
        case = _find(self.was.view, self.case)
        if case is not None:
            self.names.update((each.task, each.task_name) for each in case.steps if each.task)
            self.names.update((each.id, each.name) for each in case.effects)

    def _clocks(self, turn: Turn, late: Late) -> None:
        for _ in range(_FIRINGS_MAX):
            due = due_facts(self.would.view, turn.ended.at)
            if not due:
                return
            self._decide(turn, late, due[0])

    def _hear(self, turn: Turn, late: Late) -> None:
        fact = turn.fact
        if fact.actor is Actor.CLOCK or turn.again:
            return
        if fact.refers.get("case") == self.case and ({"task", "effect"} & fact.refers.keys()):
            placed = self._placed(fact)
            if placed is None:
                self.skipped += 1
                return
            fact = placed
        self._decide(turn, late, fact)

    def _placed(self, fact: Fact) -> Fact | None:
        """The fact about the new case's own task or effect of the same name."""
        case = _find(self.would.view, self.case)
        if case is None:
            return None
        for what in ("task", "effect"):
            name = self.names.get(fact.refers[what]) if what in fact.refers else None
            target = _named(case, what, name) if name else None
            if target is not None:
                return replace(fact, refers={"case": case.id, what: target})
        return None

    def _decide(self, turn: Turn, late: Late, fact: Fact) -> None:
        self.would.keep(self.would.decide(turn, late, fact, self.would.view))
        self.would.view = _only(self.would.view, self.case)


def _named(case: Case, what: str, name: str) -> UUID | None:
    if what == "task":
        return next((each.task for each in case.steps if each.task_name == name), None)
    waiting = (each for each in case.effects if each.state is EffectState.READY)
    return next((each.id for each in waiting if each.name == name), None)


def _find(view: View, case: UUID) -> Case | None:
    return next((each for each in (*view.cases, *view.closed) if each.id == case), None)


def _only(view: View, case: UUID) -> View:
    return replace(
        view,
        cases=tuple(each for each in view.cases if each.id == case),
        closed=tuple(each for each in view.closed if each.id == case),
        held=(),
    )


def _standing(case: Case | None) -> Mapping[str, Any] | None:
    if case is None:
        return None
    return {
        "status": case.status,
        "outcome": case.outcome,
        "urgency": case.urgency.name.lower(),
        "closed_at": case.closed_at,
        "open": [
            {"step": each.task_name or each.state, "owner": each.owner.name, "due_at": each.clock.due_at}
            for each in case.steps
        ],
    }  # fmt: skip
