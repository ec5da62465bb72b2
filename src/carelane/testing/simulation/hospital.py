"""The model: listener, interpreter, drainer, dispatcher and people, each a method that may crash at any commit.

Whatever is not in `store` is lost with the process. The core is the real one; the rest is small enough to read.
Mutants override one method each (`tests/simulate/test_mutants.py`).
"""

# long: one model, read as a whole; each method is one that a mutant overrides

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from carelane.cases import advance, due_facts, due_held, merge_views, step
from carelane.cases.model import Definitions, Disposition, EffectState, Emission, Step, View
from carelane.facts.fact import Actor, Fact, Json
from carelane.facts.ids import derive, name_id
from carelane.facts.phi import Phi
from carelane.facts.ports import Verdict
from carelane.facts.replacing import replace
from carelane.testing.core.pathways import attention, critical, referral
from carelane.testing.core.site import NOON, ORGANISATION, Site, completed, fact, view_of
from carelane.testing.simulation.dice import Dice
from carelane.testing.simulation.ehr import Ehr
from carelane.testing.simulation.store import (
    HORIZON,
    LEASE,
    Effect,
    Entry,
    Message,
    Store,
    Stored,
)

ATTEMPTS_MAX = 4
FIRST_OWN = 1_000_000
"""Facts of our own are numbered from here; those of messages by the ledger."""
_SECOND = timedelta(seconds=1)
_STEPS_MAX = 500
_CANCELS = frozenset({"referral.cancelled", "patient.died"})
_OUTCOMES = {
    "done": EffectState.DONE,
    "refused": EffectState.DEAD,
    "needs-person": EffectState.DEAD,
    "withdrawn": EffectState.WITHDRAWN,
}


@dataclass(slots=True)
class Memory:
    """What a worker knows and a crash forgets: requests under way and answers not written down."""

    sending: list[UUID] = field(default_factory=list)
    answers: list[tuple[UUID, Verdict]] = field(default_factory=list)


class Hospital:
    """One site in memory."""

    definitions: Definitions = Definitions(
        pinned={each.digest: each for each in (referral(), critical(), attention())},
        active=(referral(), critical(), attention()),
    )

    def __init__(self, seed: int) -> None:
        self.dice = Dice(seed)
        self.store = Store(self.dice)
        self.ehr = Ehr(self.dice)
        self.memory = Memory()
        self.site = Site()
        self.true_now = NOON  # the database's clock
        self.skew = timedelta(0)  # the worker's, against it

    @property
    def now(self) -> datetime:
        """The worker's clock."""
        return self.true_now + self.skew

    def forget(self) -> None:
        """The process died."""
        self.memory = Memory()

    # Listening and interpreting.

    def receive(self, message: Message) -> bool:
        """Store, then acknowledge. A repeat is acknowledged again; another body is set aside."""
        known = self.store.ledger.get(message.key)
        if known is None:
            self.store.commit(lambda: self._keep(message), lambda: self.store.changed("message"))
        elif known.message != message:
            self.store.commit(lambda: self.store.quarantined.append(message))
        return True

    def _keep(self, message: Message) -> None:
        seq = len(self.store.ledger)
        self.store.ledger[message.key] = Stored(message=message, seq=seq, at=self.true_now)

    def interpret(self) -> bool:
        """The oldest waiting message becomes a fact on its subject, or a merge."""
        waiting = [row for row in self.store.ledger.values() if row.outcome == "pending"]
        if not waiting:
            return False
        row = min(waiting, key=lambda each: each.seq)
        subject = self.store.links.get(row.message.patient) or name_id(
            "subject", row.message.patient
        )
        told = self.fact_of(row, subject)
        if row.message.retired:
            self.store.commit(lambda: self._merge(row, subject, told))
        else:
            self.store.commit(
                lambda: self._interpreted(row, subject), lambda: self.deliver(told, row.seq)
            )
        return True

    def _interpreted(self, row: Stored, subject: UUID) -> None:
        row.outcome = "facts"
        self.store.links.setdefault(row.message.patient, subject)

    def fact_of(self, row: Stored, subject: UUID) -> Fact:
        """The fact a message says; its id comes from the message."""
        told = row.message
        key = "filler_order" if told.kind.startswith("result") else "placer_order"
        late = told.detail * _SECOND
        flags: Sequence[Json] = [{"interpretation": ("N", "HH", "LL")[told.detail % 3]}]
        made = fact(
            told.kind,
            at=row.at,
            occurred_at=row.at - late,
            keys={key: f"{told.patient}-{told.order}"},
            payload={
                "request": {
                    "priority": ("routine", "stat")[told.detail % 2],
                    "specialty": "neurology",
                },
                "result": {"status": "final", "issued": row.at.isoformat(), "observation": flags},
            },
            subject=subject,
        )
        return replace(made, id=derive(row.at, told.source, told.control))

    def deliver(self, told: Fact, seq: int | None = None) -> None:
        """Into the subject's inbox, in the order received; the same fact twice is one."""
        store = self.store
        if told.id in store.facts:
            return
        store.facts[told.id] = told
        store.seqs[told.id] = len(store.facts) + FIRST_OWN if seq is None else seq
        store.inbox.setdefault(told.subject, []).append(told.id)
        store.changed("fact")

    def _merge(self, row: Stored, survivor: UUID, told: Fact) -> None:
        store = self.store
        row.outcome = "facts"
        store.links.setdefault(row.message.patient, survivor)
        retired = store.links.get(row.message.retired) or name_id("subject", row.message.retired)
        store.links[row.message.retired] = survivor
        if retired == survivor:
            self.deliver(told, row.seq)
            return
        for patient, subject in store.links.items():
            if subject == retired:
                store.links[patient] = survivor
        store.retired[retired] = survivor
        merged = merge_views(self.view(survivor), self.view(retired), told)
        store.views[survivor] = merged.view
        store.views.pop(retired, None)
        entry = Entry(what="merge", subject=survivor, fact=told, now=self.now, retired=retired)
        store.history.append(entry)
        self.move_inbox(retired, survivor)
        for effect in store.effects.values():
            if effect.subject == retired:
                effect.subject = survivor
        for change in merged.changes:
            store.changed(f"case {change.after.id}")
        for emission in merged.emissions:
            self.deliver(self.emitted(told, emission, self.now))
        self.deliver(told, row.seq)
        store.changed("merge")

    def move_inbox(self, retired: UUID, survivor: UUID) -> None:
        """Pending facts follow, in the order received."""
        store = self.store
        both = [*store.inbox.pop(survivor, []), *store.inbox.pop(retired, [])]
        for each in both:
            store.facts[each] = replace(store.facts[each], subject=survivor)
        store.inbox[survivor] = sorted(both, key=lambda each: store.seqs[each])

    # Deciding.

    def view(self, subject: UUID) -> View:
        """A subject's view, with its effects as they stand."""
        known = self.store.views.get(subject) or view_of(subject)
        return with_effects(known, {key: row.state for key, row in self.store.effects.items()})

    def pending(self, subject: UUID) -> list[Fact]:
        """Facts that wait for the subject's turn, oldest first."""
        return [self.store.facts[each] for each in self.store.inbox.get(subject, [])]

    def drain(self, subject: UUID, extra: Fact | None = None) -> bool:
        """Decide what waits and what is due, in one transaction."""
        facts = (
            self.pending(subject)[: 1 + self.dice.roll(5)]
            if extra is None
            else self.pending(subject)
        )
        told = [*facts, *([extra] if extra else [])]
        view, steps, entries = self.chain(self.view(subject), told)
        if not steps:
            return False
        self.store.commit(lambda: self.write(subject, view, steps, entries, extra))
        return True

    def chain(self, view: View, told: list[Fact]) -> tuple[View, list[Step], list[Entry]]:
        """Facts in order, clocks that came due before each, then clocks and holds due by now."""
        steps: list[Step] = []
        entries: list[Entry] = []
        waiting = self.ordered(told)
        while len(steps) < _STEPS_MAX:
            until = min(self.now, waiting[0].recorded_at) if waiting else self.now
            due = due_facts(view, until)
            if due and (not waiting or due[0].recorded_at <= waiting[0].recorded_at):
                this = due[0]
            elif waiting:
                this = waiting.pop(0)
            else:
                break
            now = self.now if view.last_now is None else max(self.now, view.last_now)
            decided = self.decide(view, this, now)
            entries.append(
                Entry(what="decide", subject=view.subject, fact=this, now=now, effects=states(view))
            )
            steps.append(decided)
            view = advance(view, decided)
        for over in due_held(view, self.now):
            entries.append(
                Entry(what="hold-over", subject=view.subject, fact=over.fact, now=over.now)
            )
            steps.append(over)
            view = advance(view, over)
        return view, steps, entries

    def ordered(self, told: list[Fact]) -> list[Fact]:
        """As received (I5)."""
        return list(told)

    def decide(self, view: View, told: Fact, now: datetime) -> Step:
        """The real core."""
        return step(self.definitions, view, self.site, told, now)

    def write(
        self, subject: UUID, view: View, steps: list[Step], entries: list[Entry], extra: Fact | None
    ) -> None:
        """What `store.commit` does: decisions, effects, emitted facts, and a leaf for each change."""
        store = self.store
        done = {decided.fact.id for decided in steps}
        store.inbox[subject] = [each for each in store.inbox.get(subject, []) if each not in done]
        for decided in steps:
            told = decided.fact
            if told.id not in store.facts:  # a clock's, or a person's: not in the inbox before
                store.facts[told.id] = told
                store.changed("fact")
            store.ended[told.id] = decided.disposition
            for released in decided.released:
                store.ended[released.id] = Disposition.APPLIED
            self._effects(subject, decided)
            for emission in decided.emissions:
                self.deliver(self.emitted(told, emission, decided.now))
            self.leaves(decided)
        store.views[subject] = view
        store.history.extend(entries)
        del extra

    def leaves(self, decided: Step) -> None:
        """One per changed case, in the same transaction."""
        for change in decided.changes:
            self.store.changed(f"case {change.after.id}")

    def _effects(self, subject: UUID, decided: Step) -> None:
        for change in decided.changes:
            for intent in change.intents:
                at = intent.held_until or decided.now
                self.store.effects[intent.id] = Effect(intent=intent, subject=subject, next_at=at)
            for gone in change.withdrawn:
                if self.store.effects[gone].state is EffectState.READY:
                    self.store.effects[gone].state = EffectState.WITHDRAWN

    def emitted(self, source: Fact, emission: Emission, now: datetime) -> Fact:
        """The fact that an emission becomes: work for the system pathway, on the same subject."""
        return Fact(
            id=derive(now, emission.case, source.id, emission.fact, emission.ordinal),
            type=emission.fact,
            subject=source.subject,
            organisation=ORGANISATION,
            occurred_at=now,
            recorded_at=now,
            payload=Phi({}, "emitted"),
            keys={name: str(value) for name, value in emission.refers.items()},
            refers=dict(emission.refers),
            actor=Actor.CARELANE,
            site="main",
        )

    # People.

    def act(self, subject: UUID) -> bool:
        """A person finishes some open task, decided at once."""
        view = self.view(subject)
        cases = [case for case in view.cases if case.steps and case.steps[0].task]
        if not cases:
            return False
        case = self.dice.pick(cases)
        task = case.steps[0].task
        outcomes = sorted(
            self.definitions.pinned[case.release].states[case.steps[0].state].outcomes
        )
        if task is None or not outcomes:
            return False
        form: dict[str, Json] = {"read_back": True, "reason": "x"}
        told = completed(task, self.dice.pick(outcomes), at=self.true_now, form=form, case=case.id)
        return self.drain(subject, replace(told, subject=subject))

    def claim_task(self, task: UUID, person: str, version: int) -> bool:
        """Take a task if nobody did since it was read."""
        known, _ = self.store.claims.get(task, (0, ""))
        if known != version:
            return False
        self.store.claims[task] = (version + 1, person)
        return True

    # Effects.

    def may_start(self, effect: Effect) -> bool:
        """A cancellation that is durable stops it, whether decided yet or not (I6)."""
        return effect.outlives or not self.is_cancelled(effect)

    def is_cancelled(self, effect: Effect) -> bool:
        """Decided, or waiting in the subject's inbox."""
        view = self.store.views.get(effect.subject)
        cases = (*view.cases, *view.closed) if view is not None else ()
        if any(case.id == effect.intent.case and case.cancelled for case in cases):
            return True
        return any(each.type in _CANCELS for each in self.pending(effect.subject))

    def claim(self) -> bool:
        """Take a ready effect: committed as `sending` before anything leaves."""
        ready = [
            row
            for row in self.store.effects.values()
            if row.state is EffectState.READY and row.next_at <= self.true_now
        ]
        ready = [row for row in ready if self.may_start(row) and self._after(row)]
        if not ready:
            return False
        row = self.dice.pick(ready)
        self.store.commit(lambda: self._claimed(row))
        self.memory.sending.append(row.intent.id)
        return True

    def _after(self, row: Effect) -> bool:
        settled = {EffectState.DONE, EffectState.DEAD, EffectState.WITHDRAWN}
        return all(self.store.effects[each].state in settled for each in row.intent.after)

    def _claimed(self, row: Effect) -> None:
        if not row.outlives and self.is_cancelled(row):
            self.store.started_while_cancelled.append(row.intent.id)
        row.state = EffectState.SENDING
        row.attempts += 1
        row.lease_until = self.true_now + LEASE

    def send(self) -> bool:
        """Ask the EHR, unless the lease is over."""
        if not self.memory.sending:
            return False
        key = self.memory.sending.pop(0)
        lease = self.store.effects[key].lease_until
        if lease is not None and self.true_now < lease:
            self.memory.answers.append((key, self.ehr.create(key, self.true_now)))
        return True

    def settle(self) -> bool:
        """Write an answer down."""
        if not self.memory.answers:
            return False
        key, verdict = self.memory.answers.pop(0)
        row = self.store.effects[key]
        if row.state is EffectState.SENDING:
            self.store.commit(lambda: self.judge(row, verdict))
        return True

    def judge(self, row: Effect, verdict: Verdict) -> None:
        """Done, another try within the budget, unknown, or a person's."""
        row.lease_until = None
        if verdict is Verdict.DONE:
            self.settled(row, "done")
        elif verdict is Verdict.RETRY:
            self.retry(row)
        elif verdict is Verdict.UNKNOWN:
            row.state, row.next_at = EffectState.UNKNOWN, self.true_now + _SECOND
        else:
            self.settled(row, "refused")

    def retry(self, row: Effect) -> None:
        """Once more, if it may and the budget allows."""
        if not self.may_start(row):
            self.settled(row, "withdrawn")
        elif row.attempts >= ATTEMPTS_MAX:
            self.settled(row, "needs-person")
        else:
            row.state, row.next_at = EffectState.READY, self.true_now + 10 * _SECOND

    def settled(self, row: Effect, outcome: str) -> None:
        """The end of an effect, and the fact that tells its case."""
        row.state = _OUTCOMES[outcome]
        told = fact(
            "effect.settled",
            at=self.true_now,
            payload={"effect": {"outcome": outcome, "cause": "simulated"}},
            refers={"effect": row.intent.id, "case": row.intent.case},
            actor=Actor.EFFECT,
            name=row.intent.id,
            subject=row.subject,
        )
        self.deliver(told)

    def recover(self) -> bool:
        """Effects whose sender died: nobody knows, so they are looked up."""
        lost = [
            row
            for row in self.store.effects.values()
            if row.state is EffectState.SENDING
            and row.lease_until
            and row.lease_until <= self.true_now
        ]
        for row in lost:
            self.store.commit(lambda row=row: self.judge(row, Verdict.UNKNOWN))  # type: ignore[misc]  # bound per row
        return bool(lost)

    def look(self) -> bool:
        """Ask for an unknown one by our identifier; absent counts when absent twice."""
        unknown = [
            row
            for row in self.store.effects.values()
            if row.state is EffectState.UNKNOWN and row.next_at <= self.true_now
        ]
        if not unknown:
            return False
        row = self.dice.pick(unknown)
        seen = self.ehr.look(row.intent.id, self.true_now)
        self.store.commit(lambda: self.looked(row, seen=seen))
        return True

    def looked(self, row: Effect, *, seen: bool) -> None:
        """Found: done. Absent, the second time after the horizon: certainly not done."""
        if seen:
            self.settled(row, "done")
        elif row.absent_at is None or self.true_now < row.absent_at + HORIZON:
            row.absent_at = row.absent_at or self.true_now
            row.next_at = row.absent_at + HORIZON
        else:
            row.absent_at = None
            self.retry(row)


def with_effects(view: View, known: dict[UUID, EffectState]) -> View:
    """The view, its cases' effects in these states."""
    cases = []
    for case in (*view.cases, *view.closed):
        moved = tuple(replace(each, state=known.get(each.id, each.state)) for each in case.effects)
        cases.append(replace(case, effects=moved) if moved else case)
    first = len(view.cases)
    return replace(view, cases=tuple(cases[:first]), closed=tuple(cases[first:]))


def states(view: View) -> dict[UUID, EffectState]:
    """Where each effect of the view stands."""
    return {each.id: each.state for case in (*view.cases, *view.closed) for each in case.effects}
