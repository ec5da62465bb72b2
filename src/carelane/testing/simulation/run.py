"""The scheduler: from a seed, a history of messages, crashes, slow answers, jumps of clocks and downtime."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from carelane.audit.tree import leaf_hash, root
from carelane.testing.simulation.dice import Dice
from carelane.testing.simulation.hospital import Hospital
from carelane.testing.simulation.store import Crash, Message

_SECOND = timedelta(seconds=1)
_KINDS = (
    "referral.received",
    "referral.received",
    "referral.cancelled",
    "report.received",
    "result.reported",
    "result.corrected",
    "patient.died",
)
_QUIET_ROUNDS = 3_000
_IDLE_MAX = 4
_NEW, _FORGED, _REPEATED = 6, 6, 7  # of ten
_HOURS = 5  # of twenty; then an outage of the EHR


class Simulation:
    """One seed's history."""

    def __init__(self, seed: int, make: Callable[[int], Hospital] = Hospital) -> None:
        self.dice = Dice(seed ^ 0x5EED)
        self.hospital = make(seed)
        self.outside: list[Message] = []  # sent, not yet acknowledged, in order
        self.sent: list[Message] = []
        self.acked: set[Message] = set()
        self.forged: set[Message] = set()
        self.winners: Counter[tuple[UUID, int]] = Counter()
        self.checkpoints: list[tuple[int, bytes]] = []
        self.crashes = 0
        self.quiet = False

    def play(self, moves: int = 250) -> "Simulation":
        """Faults for so many moves, then quiet until nothing is left to do."""
        for _ in range(moves):
            self.safely(self.move)
        self.calm()
        return self

    def safely(self, move: Callable[[], object]) -> bool:
        """Do it; a crash loses what was in memory, and the process starts again."""
        try:
            return bool(move())
        except Crash:
            self.crashes += 1
            self.hospital.forget()
            return True

    def move(self) -> object:
        """One thing happens."""
        hospital = self.hospital
        moves: tuple[tuple[int, Callable[[], object]], ...] = (
            (16, self.message_comes),
            (12, hospital.interpret),
            (18, self.some_drain),
            (10, hospital.claim),
            (12, hospital.send),
            (12, hospital.settle),
            (6, hospital.recover),
            (6, hospital.look),
            (10, self.somebody_acts),
            (4, self.two_claim),
            (3, self.checkpoint),
            (14, self.time_passes),
        )
        number = self.dice.roll(sum(weight for weight, _ in moves))
        for weight, move in moves:
            if number < weight:
                return move()
            number -= weight
        return None

    def message_comes(self) -> None:
        """A new message, a repeat, a forgery, or one that was not acknowledged."""
        how = self.dice.roll(10)
        if how < _NEW or not self.sent:
            self.write_message()
        elif how == _FORGED and self.hospital.store.ledger:
            known = self.dice.pick([row.message for row in self.hospital.store.ledger.values()])
            forged = Message(
                source=known.source,
                control=known.control,
                kind="patient.died",
                patient="p9",
                order=9,
                detail=9,
            )
            self.forged.add(forged)
            self.offer(forged)
            return
        elif how == _REPEATED:
            self.offer(self.dice.pick(self.sent))
            return
        if self.outside:
            self.offer(self.outside[0])

    def write_message(self) -> None:
        """A source has something to say."""
        number = len(self.sent)
        merge = self.dice.chance(6)
        message = Message(
            source=f"feed-{number % 2}",
            control=f"m{number}",
            kind="patient.merged" if merge else self.dice.pick(_KINDS),
            patient=f"p{self.dice.roll(3)}",
            order=self.dice.roll(2),
            detail=self.dice.roll(20),
            retired=f"p{self.dice.roll(3)}" if merge else "",
        )
        self.sent.append(message)
        self.outside.append(message)

    def offer(self, message: Message) -> None:
        """Over the wire; the acknowledgement may get lost."""
        if self.hospital.receive(message) and not self.dice.chance(5):
            self.acked.add(message)
            self.outside = [each for each in self.outside if each != message]

    def some_drain(self) -> object:
        """A drainer takes a subject's turn."""
        subjects = self.subjects()
        return self.hospital.drain(self.dice.pick(subjects)) if subjects else None

    def somebody_acts(self) -> object:
        """A person finishes a task."""
        subjects = list(self.hospital.store.views)
        return self.hospital.act(self.dice.pick(subjects)) if subjects else None

    def two_claim(self) -> None:
        """Two people read the same task and both claim it."""
        views = self.hospital.store.views.values()
        tasks = [
            each.task for view in views for case in view.cases for each in case.steps if each.task
        ]
        if not tasks:
            return
        task = self.dice.pick(tasks)
        version, _ = self.hospital.store.claims.get(task, (0, ""))
        for person in ("nurse.lee", "nurse.ito"):
            if self.hospital.claim_task(task, person, version):
                self.winners[task, version] += 1

    def checkpoint(self) -> None:
        """The head of the audit, as somebody outside keeps it."""
        leaves = [leaf_hash(each) for each in self.hospital.store.leaves]
        self.checkpoints.append((len(leaves), root(leaves)))

    def time_passes(self) -> None:
        """Seconds, hours, ten hours of downtime; the worker's clock may jump by five minutes."""
        how = self.dice.roll(20)
        if how == 0:
            self.hospital.true_now += timedelta(hours=10)
            self.hospital.forget()
        elif how == 1:
            self.hospital.skew = timedelta(seconds=self.dice.roll(601) - 300)
        elif how < _HOURS:
            self.hospital.true_now += timedelta(minutes=self.dice.roll(240))
        elif how == _HOURS:
            self.hospital.ehr.down_until = self.hospital.true_now + timedelta(
                minutes=self.dice.roll(120)
            )
        else:
            self.hospital.true_now += self.dice.roll(40) * _SECOND

    def subjects(self) -> list[UUID]:
        """Everybody with a view or a pending fact."""
        store = self.hospital.store
        return sorted({*store.views, *(each for each, facts in store.inbox.items() if facts)})

    def calm(self) -> None:
        """Faults stop: sources resend, the EHR is well, the clocks agree; work until there is none.

        A hospital with many repeated clocks is never idle for long: after so many rounds time stands still instead.
        """
        hospital = self.hospital
        hospital.store.crash_percent, hospital.ehr.well, hospital.skew = 0, True, timedelta(0)
        idle = 0
        for _ in range(_QUIET_ROUNDS):
            busy = self.quiet_round()
            idle = 0 if busy else idle + 1
            if idle > _IDLE_MAX:
                break
            if not busy:
                hospital.true_now += 60 * _SECOND
        for _ in range(_QUIET_ROUNDS):
            if not self.quiet_round():
                break
        self.quiet = True

    def quiet_round(self) -> bool:
        """One of everything."""
        hospital = self.hospital
        busy = False
        if self.outside:
            hospital.receive(self.outside[0])
            self.acked.add(self.outside.pop(0))
            busy = True
        for work in (
            hospital.interpret,
            hospital.recover,
            hospital.look,
            hospital.claim,
            hospital.send,
            hospital.settle,
        ):
            busy = bool(work()) or busy
        for subject in self.subjects():
            busy = hospital.drain(subject) or busy
        return busy
