"""Where two releases part on one case: owner, urgency, clock or message, each with the way it went.

The order is declared: a higher urgency or an earlier time is safer, a lower or later one riskier; no open work is below
any urgency and later than any time. A pool that does not take the case's urgency is riskier. Another owner or other
words have no order: a person judges.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from carelane.cases.model import Case, Change, Emission, OpenStep, Reason
from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition, OwnerKind, State


class Way(StrEnum):
    """Which way a difference goes."""

    SAFER = "safer"
    RISKIER = "riskier"
    JUDGE = "needs-a-person"


class Kind(StrEnum):
    """What differs."""

    WORK = "work"  # whether anybody has anything to do
    URGENCY = "urgency"
    CLOCK = "clock"
    OWNER = "owner"
    MESSAGE = "message"
    INPUT = "input"  # the new release reads what was not recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """One difference: what, as it was and as it would be, and which way that is."""

    kind: Kind
    what: str
    old: str
    new: str
    way: Way


def whole(partings: tuple[Parting, ...]) -> Way:
    """The way of a first divergence with several differences: the worst counts."""
    ways = {each.way for each in partings}
    if Way.RISKIER in ways:
        return Way.RISKIER
    return Way.JUDGE if Way.JUDGE in ways else Way.SAFER


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one release did with one case on one fact, and how the case stands after it."""

    after: Case
    changes: tuple[Change, ...] = ()
    emissions: tuple[Emission, ...] = ()

    @property
    def opened(self) -> bool:
        """Whether a step was opened."""
        return any(change.opened for change in self.changes)

    @property
    def before(self) -> Case:
        """The case as the fact found it, or its first shape."""
        return (self.changes[0].before if self.changes else None) or self.after

    def reasons(self) -> tuple[Reason, ...]:
        """Why, in order."""
        return tuple(reason for change in self.changes for reason in change.reasons)


@dataclass(slots=True, kw_only=True)
class Pair:
    """An old and a new release of one pathway, with what people read compared once for each pair of states."""

    old: Definition
    new: Definition
    _words: dict[tuple[str, str], tuple[Parting, ...]] = field(default_factory=dict)

    def parted(self, old: Done | None, new: Done | None) -> tuple[Parting, ...]:
        """The differences of one case after one fact; `None` where a release knows no such case."""
        if old is None or new is None:
            return tuple(_alone(old, new))
        was, would = old.after, new.after
        found = [*_work(was, would), *_urgency(was, would)]
        for one, other in zip(was.steps, would.steps, strict=False):
            found += [*_clock(one, other), *self._owner(was, one, other)]
        return (*found, *self._told(old, new, was, would))

    def _told(self, old: Done, new: Done, was: Case, would: Case) -> Iterator[Parting]:
        if was.outcome != would.outcome and not (was.steps or would.steps):
            yield _judge(Kind.MESSAGE, "how the case ended", was.outcome, would.outcome)
        if was.status != would.status:
            yield _judge(Kind.MESSAGE, "status", was.status, would.status)
        if was.milestone != would.milestone:
            yield _judge(Kind.MESSAGE, "words for the patient", was.milestone, would.milestone)
        yield from self._messages(old, new)
        if old.opened:
            for one, other in zip(was.steps, would.steps, strict=False):
                yield from self._wording(one.state, other.state)

    def _wording(self, old: str, new: str) -> tuple[Parting, ...]:
        kept = self._words.get((old, new))
        if kept is None:
            read = zip(
                _read(self.old, self.old.states[old]).items(),
                _read(self.new, self.new.states[new]).items(),
                strict=True,
            )
            kept = self._words[old, new] = tuple(
                _judge(Kind.MESSAGE, what, one, other)
                for (what, one), (_, other) in read
                if one != other
            )
        return kept

    def _owner(self, case: Case, old: OpenStep, new: OpenStep) -> Iterator[Parting]:
        if (old.owner.kind, old.owner.name) == (new.owner.kind, new.owner.name):
            return
        took, takes = (
            _takes(self.old, old, case.urgency),
            _takes(self.new, new, case.urgency),
        )
        yield Parting(
            kind=Kind.OWNER,
            what=f"owner of {new.task_name or new.state}",
            old=f"{old.owner.kind} {old.owner.name}",
            new=f"{new.owner.kind} {new.owner.name}",
            way=Way.RISKIER if took and not takes else Way.JUDGE,
        )

    def _messages(self, old: Done, new: Done) -> Iterator[Parting]:
        sent, would = _messages(self.old, old), _messages(self.new, new)
        if sent == would:
            return
        for gone in sorted(set(sent) - set(would)):
            yield _judge(Kind.MESSAGE, "message", gone, "")
        for added in sorted(set(would) - set(sent)):
            yield _judge(Kind.MESSAGE, "message", "", added)
        if set(sent) == set(would):
            yield _judge(Kind.MESSAGE, "messages", str(len(sent)), str(len(would)))


def _judge(kind: Kind, what: str, old: str, new: str) -> Parting:
    return Parting(kind=kind, what=what, old=old, new=new, way=Way.JUDGE)


def _alone(old: Done | None, new: Done | None) -> Iterator[Parting]:
    """A case that only one release works on after this fact."""
    if old is not None:
        was = _standing(old.after)
        yield Parting(kind=Kind.WORK, what="case", old=was, new="none", way=Way.RISKIER)
    if new is not None:
        would = _standing(new.after)
        yield Parting(kind=Kind.WORK, what="case", old="none", new=would, way=Way.SAFER)


def _standing(case: Case) -> str:
    return f"open, {case.status}" if case.steps else f"closed, {case.outcome}"


def _work(was: Case, would: Case) -> Iterator[Parting]:
    if was.parked_by != would.parked_by:
        way = Way.RISKIER if was.parked_by is None else Way.SAFER
        standing = [str(each.parked_by is not None).lower() for each in (was, would)]
        yield Parting(kind=Kind.WORK, what="set aside", old=standing[0], new=standing[1], way=way)
    if bool(was.steps) != bool(would.steps):
        way = Way.RISKIER if was.steps else Way.SAFER
        yield Parting(
            kind=Kind.WORK, what="case", old=_standing(was), new=_standing(would), way=way
        )
    elif len(was.steps) != len(would.steps):
        old, new = (str(len(each.steps)) for each in (was, would))
        yield _judge(Kind.WORK, "open steps", old, new)


def _urgency(was: Case, would: Case) -> Iterator[Parting]:
    if was.urgency != would.urgency:
        way = Way.SAFER if would.urgency > was.urgency else Way.RISKIER
        old, new = was.urgency.name.lower(), would.urgency.name.lower()
        yield Parting(kind=Kind.URGENCY, what="urgency", old=old, new=new, way=way)


def _clock(old: OpenStep, new: OpenStep) -> Iterator[Parting]:
    one, other = old.clock, new.clock
    about = new.task_name or new.state
    if one.due_at != other.due_at:
        yield _moved(f"due time of {about}", one.due_at, other.due_at)
    elif one.next_at != other.next_at:
        yield _moved(f"next alarm of {about}", one.next_at, other.next_at)
    if one.safety != other.safety:
        way = Way.SAFER if other.safety else Way.RISKIER
        what = f"safety clock of {about}"
        yield Parting(kind=Kind.CLOCK, what=what, old=_flag(one.safety), new=_flag(other.safety), way=way)  # fmt: skip


def _flag(value: bool) -> str:  # noqa: FBT001  # a leaf that words a flag
    return "yes" if value else "no"


def _moved(what: str, old: datetime, new: datetime) -> Parting:
    way = Way.SAFER if new < old else Way.RISKIER
    return Parting(kind=Kind.CLOCK, what=what, old=old.isoformat(), new=new.isoformat(), way=way)


def _takes(definition: Definition, step: OpenStep, urgency: Urgency) -> bool:
    """Whether the owner takes work of this urgency; only pools say so."""
    if step.owner.kind is not OwnerKind.POOL:
        return True
    served = definition.pools.get(step.owner.name)
    return served is None or not served or urgency in served


def _read(definition: Definition, state: State) -> Mapping[str, str]:
    """What a person reads in a state."""
    task = definition.tasks.get(state.task)
    found = dict.fromkeys(("title of the task", "answers", "form", "shown"), "")
    found["title of the step"] = state.title
    if task is not None:
        form = [
            f"{each.label} ({each.type}: {', '.join(each.options)}; for {', '.join(each.required_for)})"
            for each in task.form
        ]
        known = definition.fields
        labels = [known[name].label if name in known else name for name in task.shows]
        found |= {
            "title of the task": task.title,
            "answers": ", ".join((*task.outcomes, *task.reasons)),
            "form": "; ".join(form),
            "shown": ", ".join(labels),
        }
    return found


def _messages(definition: Definition, done: Done) -> list[str]:
    """What leaves: effects wanted or withdrawn, notices, facts to others; in words without ids."""
    found = [sent(each) for each in done.emissions]
    for change in done.changes:
        found += [_wanted(definition, each.name, each.references) for each in change.intents]
        found += [
            f"notice {each.kind} {each.level} to {each.to} by {each.channel}"
            for each in change.notices
        ]
        if change.withdrawn:
            names = {each.id: each.name for each in change.after.effects}
            found += [
                f"withdraw {_kind(definition, names.get(each, ''))}" for each in change.withdrawn
            ]
    return sorted(found)


def sent(emission: Emission) -> str:
    """A fact sent on, in words."""
    carried = sorted(emission.payload.reveal().items())
    words = " ".join(f"{name}={value}" for name, value in carried if value is not None)
    return f"fact {emission.fact} to {emission.to} {emission.by} {words}".strip()


def _wanted(definition: Definition, name: str, references: Mapping[str, str]) -> str:
    to = " ".join(references[each] for each in ("to", "by", "level") if references.get(each))
    return f"{_kind(definition, name)} {to}".strip()


def _kind(definition: Definition, name: str) -> str:
    kind = definition.effects.get(name)
    if kind is None:
        return name
    values = " ".join(f"{key}={value}" for key, value in sorted(kind.values.items()))
    sent = ",".join(sorted(kind.sends))
    return f"{kind.capability} {kind.template} {values} ({sent}) if unknown {kind.if_unknown}"
