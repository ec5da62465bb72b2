"""Each invariant's check catches a named mutant of the model (TRUST T1): a check that finds nothing proves nothing.

A mutant is the hospital with one method broken in the way a tired programmer would break it.
"""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from typing_extensions import override

from carelane.cases.model import EffectState, Step, View
from carelane.facts.fact import Fact
from carelane.facts.ids import name_id
from carelane.facts.ports import Verdict
from carelane.facts.replacing import replace
from carelane.testing.simulation.checks import CHECKS
from carelane.testing.simulation.hospital import Hospital
from carelane.testing.simulation.run import Simulation
from carelane.testing.simulation.store import Crash, Effect, Entry, Message, Stored

_SEEDS_MAX = 200


class AckBeforeCommit(Hospital):
    """I1: the acknowledgement left before the commit that failed."""

    @override
    def receive(self, message: Message) -> bool:
        try:
            return super().receive(message)
        except Crash:
            return True


class TakesTwice(Hospital):
    """I2: a repeat is interpreted again, as another fact."""

    @override
    def receive(self, message: Message) -> bool:
        known = self.store.ledger.get(message.key)
        if known is not None and known.message == message:
            known.outcome = "pending"
        return super().receive(message)

    @override
    def fact_of(self, row: Stored, subject: UUID) -> Fact:
        told = super().fact_of(row, subject)
        return replace(told, id=name_id(told.id, len(self.store.facts)))


class TakesAnotherBody(Hospital):
    """I2: another body under a known id replaces the first."""

    @override
    def receive(self, message: Message) -> bool:
        known = self.store.ledger.get(message.key)
        if known is not None:
            known.message = message
        return super().receive(message)


class ResendsUnknown(Hospital):
    """I3: an effect of unknown outcome is sent again without a look-up."""

    @override
    def judge(self, row: Effect, verdict: Verdict) -> None:
        super().judge(row, Verdict.RETRY if verdict is Verdict.UNKNOWN else verdict)


class BelievesOneAbsence(Hospital):
    """I3: absent once counts as not done, whatever the consistency horizon."""

    @override
    def looked(self, row: Effect, *, seen: bool) -> None:
        if seen:
            self.settled(row, "done")
        else:
            self.retry(row)


class LeafLater(Hospital):
    """I4: the audit leaf is written in a transaction of its own."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.late: list[Step] = []

    @override
    def forget(self) -> None:
        super().forget()
        self.late = []

    @override
    def leaves(self, decided: Step) -> None:
        self.late.append(decided)

    @override
    def drain(self, subject: UUID, extra: Fact | None = None) -> bool:
        busy = super().drain(subject, extra)
        self.store.commit(self._flush)
        return busy

    def _flush(self) -> None:
        for decided in self.late:
            super().leaves(decided)
        self.late = []


class NewestFirst(Hospital):
    """I5: the newest message is decided first."""

    @override
    def ordered(self, told: list[Fact]) -> list[Fact]:
        return told[::-1]


class NoCancelCheck(Hospital):
    """I6: the claim does not look for a cancellation that waits in the inbox."""

    @override
    def may_start(self, effect: Effect) -> bool:
        return True


class NoOwner(Hospital):
    """I7: a step is opened without an owner."""

    @override
    def decide(self, view: View, told: Fact, now: datetime) -> Step:
        decided = super().decide(view, told, now)
        changes = []
        for change in decided.changes:
            steps = tuple(
                replace(each, owner=replace(each.owner, name="")) for each in change.after.steps
            )
            changes.append(replace(change, after=replace(change.after, steps=steps)))
        return replace(decided, changes=tuple(changes))


class ClaimsWithoutVersion(Hospital):
    """I8: the second of two claims overwrites the first."""

    @override
    def claim_task(self, task: UUID, person: str, version: int) -> bool:
        self.store.claims[task] = (version + 1, person)
        return True


class TakesBeforeDeciding(Hospital):
    """I9: facts leave the inbox in a transaction before the one that decides them."""

    @override
    def drain(self, subject: UUID, extra: Fact | None = None) -> bool:
        taken = self.store.inbox.get(subject, [])
        try:
            return super().drain(subject, extra)
        except Crash:
            left = [each for each in self.store.inbox.get(subject, []) if each not in taken]
            self.store.inbox[subject] = left
            raise


class TriesForever(Hospital):
    """I10: whatever the EHR answers but yes, it is asked again."""

    @override
    def judge(self, row: Effect, verdict: Verdict) -> None:
        if verdict in {Verdict.DONE, Verdict.UNKNOWN} or not self.may_start(row):
            super().judge(row, verdict)
        else:
            row.state = EffectState.READY


class RewritesAudit(Hospital):
    """I14: an old leaf is corrected in place."""

    @override
    def leaves(self, decided: Step) -> None:
        super().leaves(decided)
        if self.store.leaves:
            self.store.leaves[0] = b"1 message, corrected"


class DecidesByAnotherClock(Hospital):
    """I15: the decision reads a time that is not the one recorded with it."""

    @override
    def decide(self, view: View, told: Fact, now: datetime) -> Step:
        drift = timedelta(milliseconds=1 + self.dice.roll(900))
        return replace(super().decide(view, told, now + drift), now=now)


class WarnsAgain(Hospital):
    """I16: a warning does not always move its clock on."""

    @override
    def decide(self, view: View, told: Fact, now: datetime) -> Step:
        decided = super().decide(view, told, now)
        forgets = told.type == "clock.warned" and self.dice.chance(50)
        return replace(decided, changes=()) if forgets else decided


class WaitsForMessages(Hospital):
    """I16: clocks are looked at only when a message comes."""

    @override
    def drain(self, subject: UUID, extra: Fact | None = None) -> bool:
        return bool(self.pending(subject) or extra) and super().drain(subject, extra)


class MergeForgetsInbox(Hospital):
    """I18: pending facts stay with the subject that is no more."""

    @override
    def move_inbox(self, retired: UUID, survivor: UUID) -> None:
        """Nothing moves."""


class MergeForgetsEffects(Hospital):
    """I18: effects go on naming the subject that is no more."""

    @override
    def write(
        self,
        subject: UUID,
        view: View,
        steps: list[Step],
        entries: list[Entry],
        extra: Fact | None,
    ) -> None:
        super().write(subject, view, steps, entries, extra)
        for effect in self.store.effects.values():
            effect.subject = next(iter(self.store.retired), effect.subject)


MUTANTS = [
    ("I1", AckBeforeCommit),
    ("I2", TakesTwice),
    ("I2", TakesAnotherBody),
    ("I3", ResendsUnknown),
    ("I3", BelievesOneAbsence),
    ("I4", LeafLater),
    ("I5", NewestFirst),
    ("I6", NoCancelCheck),
    ("I7", NoOwner),
    ("I8", ClaimsWithoutVersion),
    ("I9", TakesBeforeDeciding),
    ("I10", TriesForever),
    ("I14", RewritesAudit),
    ("I15", DecidesByAnotherClock),
    ("I16", WarnsAgain),
    ("I16", WaitsForMessages),
    ("I18", MergeForgetsInbox),
    ("I18", MergeForgetsEffects),
]


@pytest.mark.parametrize(
    ("invariant", "mutant"),
    [
        pytest.param(
            name, mutant, marks=pytest.mark.invariant(name), id=f"{name}-{mutant.__name__}"
        )
        for name, mutant in MUTANTS
    ],
)
def test_a_mutant_is_caught_by_its_invariant(invariant: str, mutant: type[Hospital]) -> None:
    """By the check of that name, within two hundred seeds."""
    check = CHECKS[invariant]
    for seed in range(_SEEDS_MAX):
        if check(Simulation(seed, mutant).play()):
            return
    pytest.fail(f"{mutant.__name__} survived {_SEEDS_MAX} histories")
