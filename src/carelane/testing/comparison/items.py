"""Items of work, and the queues they stand in: one for each group, or one for all and what was forwarded to each."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from carelane.testing.comparison.assumptions import GROUPS
from carelane.testing.comparison.policy import Policy

SHARED = ""


@dataclass(slots=True, kw_only=True)
class Item:
    """A piece of work in a queue. `needs` is the group that can do it, `queue` where it stands."""

    name: str
    needs: str
    minutes: float
    at: float
    urgent: bool = False
    queue: str = SHARED
    expires: float = float("inf")
    forwards: int = 0
    done: Callable[[float], None] = field(repr=False)


class Queues:
    """Who takes what next."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._waiting: dict[str, list[tuple[bool, float, int, Item]]] = {
            name: [] for name in (SHARED, *GROUPS)
        }
        self._order = count()

    def put(self, item: Item) -> None:
        """Stand in line."""
        later = self._policy.urgent_first and not item.urgent
        heapq.heappush(self._waiting[item.queue], (later, item.at, next(self._order), item))

    def take(self, group: str, now: float) -> Item | None:
        """The next item for somebody of this group; what has expired is put aside without a touch."""
        for name in (SHARED, group):
            line = self._waiting[name]
            while line and line[0][3].expires <= now:
                heapq.heappop(line)
        heads = [self._waiting[name] for name in (SHARED, group) if self._waiting[name]]
        if not heads:
            return None
        return heapq.heappop(min(heads, key=lambda line: line[0][:3]))[3]
