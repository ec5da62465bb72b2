"""One month under one policy: how cases, reminders and freed slots go through the desk."""

from functools import partial

from carelane.testing.comparison.arrivals import Case, Month, Visit
from carelane.testing.comparison.assumptions import DAY, GROUPS, TOUCHES, Assumptions
from carelane.testing.comparison.desk import Act, Desk
from carelane.testing.comparison.items import Item
from carelane.testing.comparison.policy import Policy
from carelane.testing.comparison.tally import Tally

REMIND_BEFORE, HIGH_RISK_BEFORE = 2 * DAY, 5 * DAY  # a week is five open days
FLOOR = DAY  # a slot that starts sooner is offered to nobody
TEXT_BACK, CALL_AGAIN = DAY / 2, DAY / 2


def play(policy: Policy, given: Assumptions, month: Month, seed: int) -> Tally:
    """All of the month, to the last case."""
    desk = Desk(policy=policy, given=given, month=month, seed=seed)
    for case in month.cases:
        desk.at(case.at, _Work(desk, case).begin)
    for call in month.calls:
        desk.at(call.at, partial(desk.ring, call))
    seats = [_Seat(desk, visit) for visit in month.visits]
    for seat in seats:
        seat.plan()
    tally = desk.run()
    for seat in seats:
        seat.count()
    return tally


class _Work:
    """One case on its way."""

    def __init__(self, desk: Desk, case: Case) -> None:
        self._desk, self._case = desk, case
        self._acts = list(TOUCHES[case.workflow])
        self._began = 0.0

    def begin(self, now: float) -> None:
        """It comes: folded, asked for what it lacks, or worked on."""
        self._began = now
        self._desk.tally.cases += 1
        if self._case.again:
            self._again(now)
        elif not self._case.incomplete:
            self._act(now)
        elif self._desk.policy.asks_by_text and self._case.texts_back:
            self._desk.at(now + TEXT_BACK, self._act)
        else:
            self._chase(now, 0)

    def _again(self, now: float) -> None:
        """The same wish twice: one case where it is folded; else somebody opens it, sees it and closes it."""
        if self._desk.policy.folds:
            self._close(now)
        else:
            self._put(now, "again", self._acts[0].group, self._acts[0].minutes, self._close)

    def _chase(self, now: float, attempt: int) -> None:
        """A call for what is missing; after the last attempt the case goes on without it."""

        def after(then: float) -> None:
            if self._case.answers[attempt] or attempt + 1 == len(self._case.answers):
                self._act(then)
            else:
                self._desk.at(then + CALL_AGAIN, lambda later: self._chase(later, attempt + 1))

        self._put(now, f"chase {attempt}", "calls", self._desk.given.phone_minutes, after)

    def _act(self, now: float) -> None:
        """The next act of the table; after the last the case is closed."""
        if not self._acts:
            self._close(now)
            return
        act, first = self._acts.pop(0), len(self._acts) == len(TOUCHES[self._case.workflow]) - 1

        def after(then: float) -> None:
            if first and self._case.urgent:
                self._desk.tally.urgent += 1
                self._desk.tally.urgent_waited += then - self._began
            self._act(then)

        self._put(now, f"act {len(self._acts)}", act.group, act.minutes, after, first=first)

    def _put(  # noqa: PLR0913  # each says one thing
        self, now: float, name: str, group: str, minutes: float, done: Act, *, first: bool = False
    ) -> None:
        item = Item(name=f"{self._case.number} {name}", needs=group, minutes=minutes, at=now,
                    urgent=self._case.urgent, done=done)  # fmt: skip
        if first and self._case.misrouted and self._desk.policy.routed:
            item.queue = GROUPS[(GROUPS.index(group) + 1) % len(GROUPS)]  # moved by hand from there
        self._desk.put(item, now)

    def _close(self, now: float) -> None:
        del now
        self._desk.tally.closed += 1


class _Seat:
    """One booked slot: its patient is reminded or not, and if it comes free others are asked."""

    def __init__(self, desk: Desk, visit: Visit) -> None:
        self._desk, self._visit = desk, visit
        self._reminded = False
        self._filled = False

    def plan(self) -> None:
        """What will be done about it."""
        visit, policy = self._visit, self._desk.policy
        if visit.freed_at is not None:
            self._free(visit.freed_at)
        elif policy.reminds_by_text:
            self._reminded = visit.text_arrives
            if visit.high_risk:
                self._phone(HIGH_RISK_BEFORE)
        else:
            self._phone(REMIND_BEFORE)

    def _phone(self, before: float) -> None:
        def reached(_: float) -> None:
            self._reminded = self._reminded or self._visit.answers_phone

        def call(now: float) -> None:
            item = Item(name=f"remind {self._visit.number}", needs="scheduling", done=reached, at=now,
                        minutes=self._desk.given.phone_minutes, expires=self._visit.at)  # fmt: skip
            self._desk.put(item, now)

        self._desk.at(max(0.0, self._visit.at - before), call)

    def _free(self, freed: float) -> None:
        floor = self._visit.at - FLOOR
        if freed >= floor:
            return
        if self._desk.policy.offers_by_text:
            asked = int(self._desk.given.offers_a_day * (floor - freed) / DAY)
            self._filled = any(self._visit.offers[:asked])
        else:
            self._desk.at(freed, lambda now: self._ask(now, 0))

    def _ask(self, now: float, number: int) -> None:
        """One patient is called about the slot; if they don't want it the next one is, while there is time."""

        def answered(then: float) -> None:
            if self._visit.offers[number]:
                self._filled = True
            elif number + 1 < len(self._visit.offers):
                self._ask(then, number + 1)

        item = Item(name=f"offer {self._visit.number} {number}", needs="scheduling", done=answered, at=now,
                    minutes=self._desk.given.phone_minutes, expires=self._visit.at - FLOOR)  # fmt: skip
        self._desk.put(item, now)

    def count(self) -> None:
        """How it ended."""
        tally, visit = self._desk.tally, self._visit
        tally.slots += 1
        tally.reminded += self._reminded
        if visit.freed_at is None:
            missed = visit.misses and not (self._reminded and visit.prevented)
        else:
            above = visit.freed_at < visit.at - FLOOR
            tally.freed += above
            tally.filled += self._filled
            if not self._filled:
                return
            missed = visit.second_misses
        tally.expected += 1
        tally.missed += missed
        tally.used += not missed
