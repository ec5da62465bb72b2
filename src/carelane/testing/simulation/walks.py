"""Seeded lives of cases: messages, people and effects at random, as a pathway allows, through the core.

Generic over pathways: what may happen is read from the definition. For tests and measurements of the back-test.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases import next_due
from carelane.cases.model import Case, EffectState, Late, OpenStep, Step
from carelane.facts.fact import Actor, Fact, Json, Urgency
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.pathways.definition import Definition, Event, Input, InputType
from carelane.pathways.trial import payload_of
from carelane.testing.core.recording import Recording
from carelane.testing.core.site import NOON, ORGANISATION, definitions_of, view_of
from carelane.testing.simulation.dice import Dice

ROLES: Mapping[str, tuple[str, ...]] = {
    "referral": ("request", "patient"),
    "order": ("request", "patient"),
    "appointment": ("appointment",),
    "document": ("document",),
    "result": ("result",),
    "patient": ("patient", "encounter"),
}
SCOPES = (("north", "orthopaedics"), ("north", "cardiology"), ("", ""))
STAFF = ("amara.quill", "bo.tarrant", "cleo.marsh", "dev.okafor")
_MIX = (0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3)  # people, messages, time, effects
_URGENCIES = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3)
_SETTLED = (*("done",) * 20, "refused", "needs-person")
_SECOND = timedelta(seconds=1)
_WAITS = (timedelta(minutes=2), timedelta(minutes=20), timedelta(hours=2), timedelta(hours=9),
          timedelta(days=1), timedelta(days=4))  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Walk:
    """One subject's life under some pathways."""

    definitions: Sequence[Definition]
    dice: Dice
    subject: UUID
    play: Recording
    site: str
    service_line: str
    orders: int = 2  # how many numbers its orders have
    number: int = 0

    def live(self, deeds: int) -> list[Step]:
        """So many deeds, beginning with a message that opens a case."""
        self._message(self._start())
        doings = (self._person, self._event, self._time, self._effects)
        for _ in range(deeds - 1):
            doings[self.dice.pick(_MIX)]()
        return self.play.steps

    def _start(self) -> tuple[Definition, Event]:
        return self.dice.pick([each for each in self._heard() if each[1].start])

    def _heard(self) -> list[tuple[Definition, Event]]:
        return [(d, e) for d in self.definitions for e in d.events.values()]

    def _event(self) -> None:
        cancels = self.dice.chance(5)
        self._message(self.dice.pick([e for e in self._heard() if cancels or not e[1].cancels]))

    def _time(self) -> None:
        """Time passes, to the next clock at most: a call that nobody answers must not fill the life."""
        due = next_due(self.play.view)
        until = self.play.now + self.dice.pick(_WAITS)
        self.play.wait(until if due is None else max(self.play.now, min(until, due + _SECOND)))

    def _message(self, chosen: tuple[Definition, Event]) -> None:
        definition, event = chosen
        self._minutes()
        keys = {name: self._token(name) for name in event.keys}
        if event.start and event.start.unique:
            keys[event.start.unique] = self._token(event.start.unique)
        payload = payload_of(definition, dict(self._given(definition, event)))
        self._tell(event.name, payload, keys=keys, urgency=Urgency(self.dice.pick(_URGENCIES)))

    def _token(self, name: str) -> str:
        return f"{name[0]}{self.subject.hex[:10]}{self.dice.roll(self.orders)}"

    def _given(self, definition: Definition, event: Event) -> Iterator[tuple[str, str]]:
        roles = ROLES.get(event.name.partition(".")[0], ())
        for given in definition.inputs.values():
            if given.path.partition(".")[0] in roles and self.dice.chance(80):
                yield given.name, self._value(given)

    def _value(self, given: Input) -> str:
        match given.type:
            case InputType.CODE:
                return self.dice.pick(given.codes) if given.codes else "x"
            case InputType.BOOLEAN:
                return self.dice.pick(("true", "false"))
            case InputType.INTEGER | InputType.DECIMAL:
                return str(self.dice.roll(4))
            case InputType.DATE | InputType.INSTANT:
                at = self.play.now + timedelta(hours=self.dice.roll(200) - 3)
                return at.isoformat()[: 10 if given.type is InputType.DATE else None]

    def _person(self) -> None:
        open_ = [(c, s) for c in self.play.view.cases for s in c.steps if s.task is not None]
        if not open_:
            self._event()
            return
        self._minutes()
        self._complete(*self.dice.pick(open_))

    def _complete(self, case: Case, step: OpenStep) -> None:
        definition = next(d for d in self.definitions if d.digest == case.release)
        kind = definition.tasks[step.task_name]
        able = [each for each in kind.outcomes if each != kind.could_not]
        outcome = self.dice.pick([*able * 4, *kind.outcomes])
        form = {
            field.name: self._entry(field.type, field.options)
            for field in kind.form
            if outcome in field.required_for or self.dice.chance(20)
        }
        task: dict[str, Json] = {"outcome": outcome, "form": form, "licensed": self.dice.chance(30)}
        if outcome == kind.could_not and kind.reasons:
            task["reason"] = self.dice.pick(kind.reasons)
        refers = {"case": case.id, "step": step.id}
        if step.task is not None:
            refers["task"] = step.task
        self._tell("task.completed", {"task": task}, refers=refers, actor=Actor.PERSON,
                   name=self.dice.pick(STAFF))  # fmt: skip

    def _entry(self, kind: str, options: Sequence[str]) -> Json:
        if kind == "code":
            return self.dice.pick(options)
        return True if kind == "boolean" else f"words of {self.subject}"

    def _effects(self) -> None:
        cases = (*self.play.view.cases, *self.play.view.closed)
        ready = [(c, e) for c in cases for e in c.effects if e.state is EffectState.READY]
        for case, effect in ready:
            self._minutes()
            outcome = self.dice.pick(_SETTLED)
            self._tell("effect.settled", {"effect": {"outcome": outcome, "cause": "walk"}},
                       refers={"case": case.id, "effect": effect.id}, actor=Actor.EFFECT)  # fmt: skip

    def _minutes(self) -> None:
        self.play.wait(timedelta(seconds=5 + self.dice.roll(55)))

    def _tell(  # noqa: PLR0913  # a builder: every part by name
        self, kind: str, payload: Mapping[str, Json], *, keys: Mapping[str, str] | None = None,
        refers: Mapping[str, UUID] | None = None, actor: Actor = Actor.SYSTEM, name: str = "",
        urgency: Urgency = Urgency.ROUTINE,
    ) -> None:  # fmt: skip
        self.number += 1
        id_ = derive(self.play.now, "walk", self.subject, self.number)
        self.play.tell(
            Fact(
                id=id_, type=kind, subject=self.subject, organisation=ORGANISATION,
                occurred_at=self.play.now, recorded_at=self.play.now, payload=Phi(payload, "walk"),
                keys=keys or {}, refers=refers or {}, actor=actor, actor_name=name, correlation=id_,
                site=self.site, service_line=self.service_line, urgency=urgency,
            )
        )  # fmt: skip


def walk(  # noqa: PLR0913  # a life is all of these, by name
    definitions: Sequence[Definition],
    seed: int,
    late: Late,
    *,
    deeds: int = 8,
    orders: int = 2,
    start: datetime = NOON,
) -> list[Step]:
    """The decisions of one seeded life."""
    dice = Dice(seed)
    subject = name_id("walk", seed)
    play = Recording(
        definitions=definitions_of(*definitions),
        site=late,
        view=view_of(subject),
        now=start + timedelta(minutes=dice.roll(20_000)),
    )
    site, line = dice.pick(SCOPES)
    life = Walk(definitions=definitions, dice=dice, subject=subject, play=play, site=site,
                service_line=line, orders=orders)  # fmt: skip
    return life.live(deeds)
