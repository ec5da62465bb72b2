"""The people at work: a discrete-event run of one month under one policy. Minutes count open time."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count
from math import ceil

from carelane.testing.comparison.arrivals import Call, Month
from carelane.testing.comparison.assumptions import DAY, DAYS, GROUPS, TOUCHES, Assumptions
from carelane.testing.comparison.chance import Chance
from carelane.testing.comparison.items import SHARED, Item, Queues
from carelane.testing.comparison.policy import Policy
from carelane.testing.comparison.tally import Tally

Act = Callable[[float], None]
CALLS = "calls"


def staff(given: Assumptions, month: Month) -> dict[str, int]:
    """How many people each group has, the same on both sides: enough to do all of the work by hand.

    What by hand costs more (forwarding, the same wish twice) is not planned for on either side.
    """
    minutes = dict.fromkeys(GROUPS, 0.0)
    for case in month.cases:
        for act in TOUCHES[case.workflow]:
            minutes[act.group] += act.minutes
    minutes[CALLS] += sum(one.minutes for one in month.calls)
    minutes[CALLS] += sum(one.incomplete for one in month.cases) * 2 * given.phone_minutes
    minutes["scheduling"] += len(month.visits) * given.phone_minutes
    whole = DAY * DAYS * given.busy
    return {name: max(1, ceil(each / whole)) for name, each in minutes.items()}


class Desk:
    """Events, people and queues. What happens next to an item is the item's own `done`."""

    def __init__(self, *, policy: Policy, given: Assumptions, month: Month, seed: int) -> None:
        self.policy, self.given, self.seed = policy, given, seed
        self.tally = Tally()
        self._events: list[tuple[float, int, Act]] = []
        self._order = count()
        self._queues = Queues(policy)
        self._idle = staff(given, month)
        self._turn = 0
        self._callers: deque[Call] = deque()
        self.people = sum(self._idle.values())

    def at(self, moment: float, act: Act) -> None:
        """Let something happen then."""
        heapq.heappush(self._events, (moment, next(self._order), act))

    def run(self) -> Tally:
        """Until nothing is left to do: on both sides every case is closed."""
        while self._events:
            now, _, act = heapq.heappop(self._events)
            act(now)
        self.tally.abandoned += len(self._callers)
        return self.tally

    def put(self, item: Item, now: float) -> None:
        """Work comes up: to its group by rule, or to the shared pool."""
        if item.queue == SHARED and (self.policy.routed or self._plain(item)):
            item.queue = item.needs
        self._queues.put(item)
        free = self._free(item.queue)
        if free:
            self._next(free, now)

    def ring(self, call: Call, now: float) -> None:
        """A patient calls: whoever of the call centre is free answers; else the caller waits, and gives up in time."""
        self.tally.calls += 1
        self._callers.append(call)
        if self._idle[CALLS]:
            self._next(CALLS, now)

    def _plain(self, item: Item) -> bool:
        """In a shared pool: whether others leave it alone for whom it is for."""
        return Chance(self.seed, f"plain {item.name}").happens(self.given.plain)

    def _free(self, queue: str) -> str:
        """A group with somebody free who takes from that queue; of a shared one, whose turn it is."""
        if queue != SHARED:
            return queue if self._idle[queue] else ""
        for step in range(len(GROUPS)):
            name = GROUPS[(self._turn + step) % len(GROUPS)]
            if self._idle[name]:
                self._turn += step + 1
                return name
        return ""

    def _next(self, group: str, now: float) -> None:
        """Somebody of the group is free: a caller first, then the next item."""
        minutes, then = self._answer(now) if group == CALLS else (0.0, None)
        if then is None:
            item = self._queues.take(group, now)
            if item is None:
                return
            minutes, then = self._work(group, item)
        self._idle[group] -= 1
        self.tally.busy += minutes
        self.at(now + minutes, lambda end: self._end(group, then, end))

    def _end(self, group: str, then: Act, now: float) -> None:
        self._idle[group] += 1
        then(now)
        if self._idle[group]:
            self._next(group, now)

    def _answer(self, now: float) -> tuple[float, Act | None]:
        while self._callers and self._callers[0].at + self._callers[0].patience < now:
            self._callers.popleft()
            self.tally.abandoned += 1
        if not self._callers:
            return 0.0, None
        call = self._callers.popleft()
        self.tally.answered(now - call.at)
        return call.minutes, lambda _: None

    def _work(self, group: str, item: Item) -> tuple[float, Act]:
        self.tally.touches += 1
        if group == item.needs:
            return item.minutes, item.done
        self.tally.forwards += 1
        return self.given.forward_minutes, lambda end: self._forward(group, item, end)

    def _forward(self, group: str, item: Item, now: float) -> None:
        """By hand, and not always to the right group; the item keeps its age."""
        item.forwards += 1
        draw = Chance(self.seed, f"forward {item.name} {item.forwards}")
        others = [name for name in GROUPS if name not in {group, item.needs}]
        right = draw.happens(self.given.forwarded_right)
        item.queue = item.needs if right else others[draw.below(len(others))]
        self.put(item, now)
