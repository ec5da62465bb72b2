"""The board of open work as staff sees it: what waits, by owner and site, most urgent first; what is tried later."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from carelane.testing.hospital.acts import person_of
from carelane.testing.hospital.members import Item, Member
from carelane.testing.hospital.state import Hospital

SILENT = 0.05
SILENT_FOR = timedelta(minutes=12)
AGAIN = timedelta(hours=2, minutes=30)
"""So much later what stayed to be done is tried again, such as a call without answer."""
_SAME = ("id", "case", "pathway", "name", "owner", "site", "urgency", "safety", "version", "due_at")


@dataclass(slots=True, kw_only=True)
class Board:
    """What is open, and which of it waits for somebody."""

    hospital: Hospital
    counts: Counter[str]
    items: dict[str, Item] = field(default_factory=dict)
    _waiting: dict[tuple[str, str], list[tuple[int, str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _later: list[tuple[datetime, str]] = field(default_factory=list)

    def see(self, row: Mapping[str, Any]) -> bool:
        """A row of the API's list; whether it is new. Five of a hundred that can't wait are overlooked at first."""
        if row["id"] in self.items:
            return False
        now = self.hospital.now
        item = Item(**{name: row[name] for name in _SAME}, seen_at=now, person=person_of(row["patient"]))  # fmt: skip
        self.items[item.id] = item
        if item.pressing and self.hospital.draw("silent", item.id) < SILENT:
            item.silent_until = now + SILENT_FOR
            self.counts["silent"] += 1
        self.queue(item)
        return True

    def queue(self, item: Item) -> None:
        """It waits for whoever is free."""
        heapq.heappush(self._waiting[item.owner, item.site], (-item.urgency, item.due_at, item.id))

    def stays(self, item: Item, version: int) -> None:
        """It is open still: tried again later, by whoever is here then; at once where it can't wait."""
        now = self.hospital.now
        item.version, item.tries = version, item.tries + 1
        item.by, item.done_at, item.seen_at = "", None, now
        heapq.heappush(self._later, (now if item.pressing else now + AGAIN, item.id))

    def wake(self) -> None:
        """What is to be tried again by now waits like the rest."""
        while self._later and self._later[0][0] <= self.hospital.now:
            _, item = heapq.heappop(self._later)
            if item in self.items:
                self.queue(self.items[item])

    def next_for(self, member: Member, start: datetime) -> Item | None:
        """The most urgent work that a member may begin at `start`, if they can see it by then."""
        found = min(
            (head for place in product(member.owners, (*member.sites, "")) if (head := self._head(place))),
            default=None,
        )  # fmt: skip
        if found is None:
            return None
        item, now = self.items[found[2]], self.hospital.now
        if item.silent_until is not None and item.silent_until > now:
            return None
        return item if item.seen_at <= max(start, now) else None

    def drop(self, item: Item) -> None:
        """It is off the board."""
        self.items.pop(item.id, None)

    def _head(self, place: tuple[str, str]) -> tuple[int, str, str] | None:
        queue = self._waiting.get(place)
        while queue and (queue[0][2] not in self.items or self.items[queue[0][2]].by):
            heapq.heappop(queue)
        return queue[0] if queue else None
