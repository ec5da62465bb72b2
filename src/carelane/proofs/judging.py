"""One subject under two releases: the old one must give what was recorded, the new one is followed until it parts.

Both players decide every recorded fact. A case whose releases have parted goes on as it was recorded, so that the
subject's other cases are still compared on what really happened.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.cases.model import Case, Late, Step
from carelane.cases.words import CALENDAR_CHANGED, CASE_MIGRATED, CASE_RESTORED
from carelane.facts.fact import Urgency
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition
from carelane.proofs.cast import Cast
from carelane.proofs.cause import Cause, cause
from carelane.proofs.divergence import Done, Kind, Pair, Parting, Way, sent, whole
from carelane.proofs.doubt import Doubt
from carelane.proofs.events import Header, History
from carelane.proofs.player import Player, Turn, turns
from carelane.proofs.recall import Difference, Record, difference
from carelane.proofs.recorded import Lates, World, unrecorded

_MOVES = frozenset({CASE_MIGRATED, CASE_RESTORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Where a case would first have gone otherwise. Without a case: the fact would have ended otherwise."""

    subject: UUID
    case: UUID | None
    fact: UUID
    type: str
    at: datetime
    way: Way
    red_flag: bool
    partings: tuple[Parting, ...]
    cause: Cause

    @property
    def blocks(self) -> bool:
        """A red-flag case routed down."""
        return self.red_flag and self.way is Way.RISKIER


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a subject's history says: where it left the record, or how its cases fare."""

    subject: UUID
    facts: int = 0
    cases: int = 0
    other_release: int = 0
    left_out: str = ""
    void: Difference | None = None
    divergences: tuple[Divergence, ...] = ()
    compared: tuple[UUID, ...] = ()


def red_flag(case: Case, definition: Definition) -> bool:
    """Whether no rule may route a case down: a code of the approved list, the highest urgency, or a safety clock."""
    flags = definition.red_flags
    listed = {**flags.inputs, **flags.outputs} if flags is not None else {}
    coded = any(case.values.get(name) in codes for name, codes in listed.items())
    safety = any(step.clock.safety for step in case.steps)
    return coded or safety or case.urgency is Urgency.STAT


@dataclass(slots=True, kw_only=True)
class Judge:
    """Two releases of a pathway and a recording's world, made once and asked about each subject."""

    header: Header
    old: Definition
    new: Definition
    lates: Lates
    was: World
    would: World
    pair: Pair
    doubt: Doubt

    def judge(self, history: History) -> Verdict:
        """How a subject's cases would have fared."""
        if history.left_out:
            return Verdict(subject=history.subject, left_out=history.left_out)
        return _Trial(judge=self, history=history).run()


def judge_of(  # noqa: PLR0913  # a judge is all of these, by name
    header: Header,
    *,
    old: Definition,
    new: Definition,
    was: World,
    would: World,
    lates: Lates,
) -> Judge:
    """A judge of `new` against `old`; both worlds have their releases as `recorded.for_replay` gives them."""
    return Judge(
        header=header, old=old, new=would.pinned[new.digest], lates=lates, was=was, would=would,
        pair=Pair(old=was.pinned[old.digest], new=would.pinned[new.digest]),
        doubt=Doubt.of(would.pinned[new.digest], unrecorded(new, old.inputs)),
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Trial:
    """One subject being judged: the two players (of whom each turn is about), and the cases that have parted."""

    judge: Judge
    history: History
    was: Player = field(init=False)
    would: Player = field(init=False)
    _was: Cast = field(init=False)
    _would: Cast = field(init=False)
    parted: set[UUID] = field(default_factory=set)
    compared: dict[UUID, bool] = field(default_factory=dict)  # False: another release's
    would_be: set[tuple[str, str]] = field(default_factory=set)  # keys of cases only the new opens
    found: list[Divergence] = field(default_factory=list)

    def __post_init__(self) -> None:
        organisation = self.judge.header.organisation
        self._was = Cast(history=self.history, organisation=organisation, world=self.judge.was)
        self._would = Cast(history=self.history, organisation=organisation, world=self.judge.would)

    def run(self) -> Verdict:
        """Decide everything again; compare as long as the record holds."""
        record = Record(self.history.subject)
        for turn in turns(self.history, self.judge.header.organisation):
            self.was, self.would = self._was.of(turn), self._would.of(turn)
            late = self.judge.lates(turn.ended.directory)
            decided = self.was.hear(turn, late)
            record.take(turn, decided)
            if record.first is not None:
                break
            if decided is not None:
                self._follow(turn, late, decided)
        void = difference(record, self.history)
        compared = tuple(case for case, ours in self.compared.items() if ours)
        return Verdict(
            subject=self.history.subject,
            facts=len(self.history.facts),
            cases=len(compared),
            other_release=len(self.compared) - len(compared),
            void=void,
            divergences=() if void else tuple(self.found),
            compared=compared,
        )

    def _follow(self, turn: Turn, late: Late, decided: Step) -> None:
        if turn.fact.type in _MOVES:  # a mapping was made for the old release's states
            self.parted.update(change.after.id for change in decided.changes)
        if not self._concerned(turn, decided):
            self.would.keep(decided)
            return
        doubts = self._doubts(turn, late, decided)
        other = self.would.hear(turn, late)
        self._compare(turn, decided, other, doubts)
        self._as_recorded()

    def _concerned(self, turn: Turn, decided: Step) -> bool:
        """Whether the pathway has a say in this fact, in a case that has not parted yet."""
        name, fact = self.judge.old.name, turn.fact
        if fact.type == CALENDAR_CHANGED:
            return True
        if fact.type in self.judge.old.events or fact.type in self.judge.new.events:
            return True
        if turn.over:
            return False
        ours = [change.after.id for change in decided.changes if change.after.pathway == name]
        about = fact.refers.get("case")
        if about is not None and not ours:
            known = (*self.would.view.cases, *self.would.view.closed)
            ours = [case.id for case in known if case.id == about and case.pathway == name]
        return any(case not in self.parted for case in ours) or (about is None and not ours)

    def _compare(
        self, turn: Turn, decided: Step, other: Step | None, doubts: Mapping[UUID, Parting]
    ) -> None:
        old, new = self._done(decided), self._done(other)
        for case in dict.fromkeys((*old, *new)):
            if case in self.parted or not self._ours(case, old.get(case)):
                continue
            one = old.get(case) or self._still(self.was, case)
            two = new.get(case) or self._still(self.would, case)
            if one is None and two is not None and self._told_already(case, two.after):
                continue
            partings = self.judge.pair.parted(one, two)
            if case in doubts:
                partings = (*partings, doubts[case])
            if partings:
                self._part(turn, case, one, two, partings)
        if not old and not new and other is not None:
            self._fact(turn, decided, other)

    def _told_already(self, case: UUID, after: Case) -> bool:
        """Whether a case that only the new release opens is one that it would have open since an earlier fact."""
        if after.unique is None or after.unique not in self.would_be:
            self.would_be.update([after.unique] if after.unique is not None else [])
            return False
        self.parted.add(case)
        return True

    def _part(  # a leaf: everything a divergence names
        self, turn: Turn, case: UUID | None, one: Done | None, two: Done | None,
        partings: tuple[Parting, ...],
    ) -> None:  # fmt: skip
        flagged = one is not None and (
            any(red_flag(each, self.judge.old) for each in (one.before, one.after))
        )
        if case is not None:
            self.parted.add(case)
        doubtful = any(each.kind is Kind.INPUT for each in partings)
        self.found.append(
            Divergence(
                subject=self.history.subject, case=case, fact=turn.fact.id, type=turn.fact.type,
                at=turn.ended.at, way=Way.JUDGE if doubtful else whole(partings), red_flag=flagged,
                partings=partings, cause=cause(one, two, partings),
            )
        )  # fmt: skip

    def _fact(self, turn: Turn, old: Step, new: Step) -> None:
        """No case in either: the fact itself may end otherwise."""
        partings = tuple(_ending(old, new))
        if partings:
            self._part(turn, None, None, None, partings)
            self.would.view = replace(self.would.view, held=self.was.view.held)

    def _ours(self, case: UUID, old: Done | None) -> bool:
        """Whether the case runs under the old release; others are counted, not compared."""
        if case not in self.compared:
            self.compared[case] = old is None or old.after.release == self.judge.old.digest
        return self.compared[case]

    def _done(self, decided: Step | None) -> dict[UUID, Done]:
        if decided is None:
            return {}
        found: dict[UUID, Done] = {}
        for change in decided.changes:
            if change.after.pathway != self.judge.old.name:
                continue
            before = found.get(change.after.id)
            changes = (*before.changes, change) if before else (change,)
            found[change.after.id] = Done(after=change.after, changes=changes)
        return {case: _sending(done, decided) for case, done in found.items()}

    @staticmethod
    def _still(of: Player, case: UUID) -> Done | None:
        known = (*of.view.cases, *of.view.closed)
        return next((Done(after=each) for each in known if each.id == case), None)

    def _as_recorded(self) -> None:
        """Cases that have parted go on as they were recorded; those only the new release opens never were."""
        if not self.parted:
            return
        view, known = self.would.view, self.was.view
        cases = [case for case in known.cases if case.id in self.parted]
        closed = [case for case in known.closed if case.id in self.parted]
        merged = [*cases, *(case for case in view.cases if case.id not in self.parted)]
        self.would.view = replace(
            view,
            cases=tuple(sorted(merged, key=lambda case: (case.opened_at, case.id))),
            closed=(*closed, *(case for case in view.closed if case.id not in self.parted)),
        )

    def _doubts(self, turn: Turn, late: Late, decided: Step) -> Mapping[UUID, Parting]:
        """Cases whose new release might go otherwise if it had read what was not recorded."""
        doubt = self.judge.doubt
        if not doubt.names:
            return {}
        plain = self.would.decide(turn, late, turn.fact, self.would.view)
        base = self._partings(decided, plain)
        found = {
            change.after.id: doubt.parting()
            for change in plain.changes
            if doubt.unlisted and change.read and change.after.pathway == self.judge.old.name
        }
        for fact, view in doubt.variants(turn.fact, self.would.view):
            tried = self._partings(decided, self.would.decide(turn, late, fact, view))
            for case in {**base, **tried}:
                if base.get(case) != tried.get(case):
                    found[case] = doubt.parting()
        return found

    def _partings(self, decided: Step, other: Step) -> dict[UUID, tuple[Parting, ...]]:
        old, new = self._done(decided), self._done(other)
        found: dict[UUID, tuple[Parting, ...]] = {}
        for case in dict.fromkeys((*old, *new)):
            one = old.get(case) or self._still(self.was, case)
            two = new.get(case) or self._still(self.would, case)
            if case not in self.parted:
                found[case] = self.judge.pair.parted(one, two)
        return found


def _sending(done: Done, decided: Step) -> Done:
    emissions = tuple(each for each in decided.emissions if each.case == done.after.id)
    return replace(done, emissions=emissions) if emissions else done


def _ending(old: Step, new: Step) -> Iterator[Parting]:
    if old.disposition is not new.disposition:
        yield Parting(kind=Kind.WORK, what="fact", old=f"{old.disposition} {old.reason}".strip(),
                      new=f"{new.disposition} {new.reason}".strip(), way=Way.JUDGE)  # fmt: skip
    if old.held is not None and new.held is not None and old.held.until != new.held.until:
        yield Parting(kind=Kind.CLOCK, what="held until", old=old.held.until.isoformat(),
                      new=new.held.until.isoformat(), way=Way.JUDGE)  # fmt: skip
    one, other = (sorted(sent(each) for each in step.emissions) for step in (old, new))
    if one != other:
        yield Parting(kind=Kind.MESSAGE, what="passed on", old="; ".join(one), new="; ".join(other),
                      way=Way.JUDGE)  # fmt: skip
