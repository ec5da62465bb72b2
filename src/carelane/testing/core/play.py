"""Plays facts on one subject in memory, as the drainer would: pending facts in order, clocks in between.

`Decide` is `cases.step` or a mutant of it, so that a test can show that a check catches it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from carelane.cases import advance, due_facts, due_held, step
from carelane.cases.model import Case, Definitions, Disposition, Late, OpenStep, Step, View
from carelane.facts.fact import Fact, Json
from carelane.testing.core.site import NOON, Site, completed, view_of

Decide: TypeAlias = Callable[[Definitions, View, Late, Fact, datetime], Step]
Ending: TypeAlias = tuple[UUID, Disposition, str]
_ROUNDS_MAX = 10_000


@dataclass(slots=True, kw_only=True)
class Play:
    """One subject, its view, its time and what was decided."""

    definitions: Definitions
    site: Late = field(default_factory=Site)
    view: View = field(default_factory=view_of)
    now: datetime = NOON
    decide: Decide = step
    steps: list[Step] = field(default_factory=list)

    def tell(self, told: Fact) -> Step:
        """Decide a fact at the later of its recording and the play's time."""
        self.now = max(self.now, told.recorded_at)
        return self._decide(told)

    def wait(self, until: timedelta | datetime) -> list[Step]:
        """Let time pass; every clock and hold that comes due does what it does, in order."""
        target = until if isinstance(until, datetime) else self.now + until
        first = len(self.steps)
        for _ in range(_ROUNDS_MAX):
            due = due_facts(self.view, target)
            if not due:
                break
            self.now = max(self.now, due[0].recorded_at)
            self._decide(due_facts(self.view, min(self.now, target))[0])
        self.now = max(self.now, target)
        self.expire_holds()
        return self.steps[first:]

    def expire_holds(self) -> None:
        """End the held facts whose time is over."""
        for over in due_held(self.view, self.now):
            self._keep(over)

    def repeat(self, decided: Step) -> None:
        """What an earlier play did, once more at its time: end the hold that it ended, or decide its fact."""
        self.now = decided.now
        due = due_held(self.view, self.now)
        # One hold for each step: several may end at one instant, and a held fact may also come once more.
        over = next((each for each in due if ending(each) == ending(decided)), None)
        if over is None:
            self._decide(decided.fact)
        else:
            self._keep(over)

    def sleep(self, until: timedelta) -> list[Step]:
        """A downtime: nothing is decided until its end; then everything due at once."""
        self.now += until
        first = len(self.steps)
        for _ in range(_ROUNDS_MAX):
            due = due_facts(self.view, self.now)
            if not due:
                break
            self._decide(due[0])
        return self.steps[first:]

    def do(
        self,
        outcome: str,
        *,
        person: str = "nurse.lee",
        form: Mapping[str, Json] | None = None,
        case: Case | None = None,
        licensed: bool = False,
    ) -> Step:
        """A person finishes the open task."""
        done = case or self.case()
        task = self.open_step(done).task
        if task is None:
            raise LookupError("this step has no task")
        return self.tell(
            completed(
                task,
                outcome,
                at=self.now,
                form=form,
                person=person,
                case=done.id,
                licensed=licensed,
            )
        )

    def case(self, pathway: str = "") -> Case:
        """The only open case (of a pathway)."""
        found = [each for each in self.view.cases if pathway in {"", each.pathway}]
        if len(found) != 1:
            raise LookupError(f"{len(found)} open cases, not one")
        return found[0]

    def last(self) -> Case:
        """The case changed last."""
        return next(each.changes[-1].after for each in reversed(self.steps) if each.changes)

    def open_step(self, case: Case | None = None) -> OpenStep:
        """The open step of a case (the only one)."""
        (only,) = (case or self.case()).steps
        return only

    def state(self) -> str:
        """The state of the only open case."""
        return self.open_step().state

    def _decide(self, told: Fact) -> Step:
        decided = self.decide(self.definitions, self.view, self.site, told, self.now)
        self._keep(decided)
        return decided

    def _keep(self, decided: Step) -> None:
        self.steps.append(decided)
        self.view = advance(self.view, decided)


def replay(played: Play) -> Play:
    """The same history from nothing: its facts and ends of holds, in their order and at their times."""
    again = Play(definitions=played.definitions, site=played.site, decide=played.decide)
    for decided in played.steps:
        again.repeat(decided)
    return again


def ending(decided: Step) -> Ending:
    """Which fact was decided, and what came of it."""
    return decided.fact.id, decided.disposition, decided.reason
