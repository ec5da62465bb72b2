"""Whether a replay gives what was recorded: every end, every rule that answered, every step, owner, clock and effect.

The first difference says where and what. One difference voids a back-test: what it would say next would be invented.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from carelane.cases.model import Case, Change, OpenStep, Reason, Step
from carelane.cases.vector import plain
from carelane.proofs.events import Applied, CaseEnd, EffectEnd, Heard, History, StepEnd, Told
from carelane.proofs.player import Turn

_SHOWN_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a replay left the record: the subject, the fact or case, what, as recorded and as replayed."""

    subject: UUID
    place: str
    what: str
    recorded: str
    replayed: str

    def line(self) -> str:
        """For people."""
        return (
            f"subject {self.subject}, {self.place}: {self.what} was {self.recorded or 'nothing'},"
            f" the replay gives {self.replayed or 'nothing'}"
        )


@dataclass(slots=True)
class Record:
    """What a replay of one subject gave, gathered as it went."""

    subject: UUID
    cases: dict[UUID, Case] = field(default_factory=dict)
    opened: dict[UUID, tuple[UUID, OpenStep]] = field(default_factory=dict)
    closed: dict[UUID, tuple[OpenStep, str, Any]] = field(default_factory=dict)
    effects: dict[UUID, EffectEnd] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    applied: dict[UUID, dict[UUID, Applied]] = field(default_factory=lambda: defaultdict(dict))
    first: Difference | None = None

    def take(self, turn: Turn, decided: Step | None) -> None:
        """One more decision; the first that ended otherwise is kept."""
        if decided is None:
            if not turn.released:
                self._differs(turn, "its end", turn.ended.how, "not over yet")
            return
        for change in decided.changes:
            self._change(decided, change)
        recorded = (turn.ended.how, turn.ended.why)
        replayed = (decided.disposition.value, decided.reason)
        if recorded != replayed:
            self._differs(turn, "its end", " ".join(recorded), " ".join(replayed))

    def _differs(self, turn: Turn, what: str, recorded: str, replayed: str) -> None:
        if self.first is None:
            place = f"fact {turn.fact.id} ({turn.fact.type} at {turn.ended.at.isoformat()})"
            self.first = Difference(subject=self.subject, place=place, what=what,
                                    recorded=recorded.strip(), replayed=replayed.strip())  # fmt: skip

    def _change(self, decided: Step, change: Change) -> None:
        after, fact = change.after, change.fact or decided.fact.id
        self.cases[after.id] = after
        self.applied[fact][after.id] = Applied(
            case=after.id, revision=after.revision, release=after.release, why=why(change.reasons),
            parked=change.parked,
        )  # fmt: skip
        for opened in change.opened:
            self.opened[opened.id] = (after.id, opened)
        for closed, how in change.closed:
            self.closed[closed.id] = (closed, how, decided.now)
        for intent in change.intents:
            self.effects[intent.id] = EffectEnd(
                id=intent.id, case=after.id, name=intent.name, capability=intent.capability,
                audience=intent.audience.value, created_at=decided.now, step=intent.step,
            )  # fmt: skip
        self.told.extend(
            Told(case=after.id, step=notice.step, to=notice.to, channel=notice.channel,
                 kind=notice.kind, level=notice.level, at=decided.now)
            for notice in change.notices
        )  # fmt: skip


def why(reasons: Iterable[Reason]) -> tuple[tuple[str, str], ...]:
    """Rules and answers, as they are recorded."""
    return tuple((each.rule, each.answer) for each in reasons)


def difference(record: Record, history: History) -> Difference | None:
    """The first difference between a subject's replay and its record, or None."""
    if record.first is not None:
        return record.first
    for place, what, recorded, replayed in _pairs(record, history):
        if recorded != replayed:
            return Difference(subject=history.subject, place=place, what=what,
                              recorded=_shown(recorded), replayed=_shown(replayed))  # fmt: skip
    return None


_Pair = tuple[str, str, object, object]


def _pairs(record: Record, history: History) -> Iterator[_Pair]:
    for heard in history.facts:
        yield from _facts(heard, record.applied.get(heard.id, {}))
    yield from _sets("case", record.cases, {each.id: each for each in history.cases})
    for end in history.cases:
        yield from _case(end, record.cases[end.id])
    yield from _steps(record, history.steps)
    effects = {each.id: each for each in history.effects}
    yield from _sets("effect", record.effects, effects)
    yield from ((f"effect {id_}", "it", effects[id_], record.effects[id_]) for id_ in effects)
    yield from _told(record, history)


def _facts(heard: Heard, replayed: Mapping[UUID, Applied]) -> Iterator[_Pair]:
    recorded = {each.case: each for each in heard.applied}
    place = f"fact {heard.id} ({heard.type})"
    yield place, "the cases it changed", sorted(recorded), sorted(replayed)
    for case, applied in recorded.items():
        if len(heard.ends) == 1:
            yield place, f"case {case}'s revision", applied.revision, replayed[case].revision
        if applied.release:
            yield place, f"the release for case {case}", applied.release, replayed[case].release
        yield place, f"the rules for case {case}", applied.why, replayed[case].why
        yield place, f"case {case}'s standing", applied.parked, replayed[case].parked


def _sets(what: str, replayed: Mapping[UUID, object], recorded: Mapping[UUID, object]) -> Iterator[_Pair]:  # fmt: skip
    yield f"the subject's {what}s", "what there is", sorted(recorded), sorted(replayed)


def _case(end: CaseEnd, case: Case) -> Iterator[_Pair]:
    replayed = case_end(case)
    for name in CaseEnd.__struct_fields__:
        yield f"case {end.id}", name, getattr(end, name), getattr(replayed, name)


def case_end(case: Case) -> CaseEnd:
    """A case as recordings have it."""
    return CaseEnd(
        id=case.id, pathway=case.pathway, release=case.release, status=case.status,
        milestone=case.milestone, urgency=int(case.urgency), outcome=case.outcome,
        opened_at=case.opened_at, closed_at=case.closed_at, revision=case.revision,
        cancelled=case.cancelled, parked_by=case.parked_by, last_actor=case.last_actor,
        values={name: None if value is None else plain(value) for name, value in case.values.items()},
        counters=dict(case.counters),
        keys={name: tuple(sorted(tokens)) for name, tokens in case.keys.items()},
        stale=dict(case.stale),
    )  # fmt: skip


def _steps(record: Record, steps: Sequence[StepEnd]) -> Iterator[_Pair]:
    recorded = {each.id: each for each in steps}
    yield from _sets("step", record.opened, recorded)
    standing = {step.id: step for case in record.cases.values() for step in case.steps}
    for id_, end in recorded.items():
        case, first = record.opened[id_]
        closed = record.closed.get(id_)
        step = standing.get(id_) or (closed[0] if closed else first)
        replayed = step_end(case, step, how=closed[1] if closed else "", at=closed and closed[2])
        for name in StepEnd.__struct_fields__:
            yield f"step {id_} ({end.state})", name, getattr(end, name), getattr(replayed, name)


def step_end(case: UUID, step: OpenStep, *, how: str, at: Any) -> StepEnd:
    """A step as recordings have it; owner and clock while it is open."""
    open_ = at is None
    return StepEnd(
        id=step.id, case=case, state=step.state, opened_at=step.opened_at, closed_at=at, how=how,
        fallback=step.fallback, task=step.task, entered_by=step.entered_by,
        owner=step.owner if open_ else None, clock=step.clock if open_ else None,
    )  # fmt: skip


def _told(record: Record, history: History) -> Iterator[_Pair]:
    """Notices of cases whose notices are kept: those of cases closed long ago are swept."""
    kept = {each.case for each in history.told}
    recorded = sorted(map(_telling, history.told))
    replayed = sorted(_telling(each) for each in record.told if each.case in kept)
    yield "the subject's notices", "who was told", recorded, replayed


def _telling(told: Told) -> tuple[str, ...]:
    return (told.at.isoformat(), str(told.case), str(told.step), told.kind, told.to, told.channel,
            str(told.level))  # fmt: skip


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
