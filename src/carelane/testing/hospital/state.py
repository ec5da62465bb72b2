"""The hospital as it is at a moment of a run: its time, what happens next, what it has said and planted.

Everything drawn is drawn by name (`draw`): whether patient and slot fit, who comes, who answers a call is settled
before anybody asks, so that another order of events changes none of it.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

import msgspec

from carelane.testing.hospital.ehr_desk import EhrDesk
from carelane.testing.hospital.speech import Head, Visit
from carelane.testing.hospital.told import Arrival, Misroute, Opening, RedFlag
from carelane.testing.hospital.world import SITES, Patient, patient

Happening = Callable[["Hospital"], None]
NOTICE_FLOOR, COMPLEX_FLOOR = timedelta(hours=4), timedelta(hours=72)
"""Less notice than this and a freed slot is not offered, as the table of pathway slot-fill has it."""
SCALE = 2**32


@dataclass(slots=True, kw_only=True)
class Wish:
    """Something a patient or doctor asked for, as the hospital knows it: a request, an order, a referral."""

    kind: str
    number: str
    person: int
    line: str
    site: str
    visit: str = "follow-up"
    workflow: str = ""
    open: bool = True
    filler: str = ""
    meant: str = ""  # the line it belongs to, where what was said is wrong
    urgent: bool = False
    waits: bool = False  # no free time fits; that is why they waited before


@dataclass(slots=True, kw_only=True)
class Booked:
    """A visit in the scheduling system, with the wish it is for and its slot at the EHR."""

    visit: Visit
    person: int
    site: str
    wish: Wish | None = None
    slot: str = ""
    appointment: str = ""  # its id at the EHR
    confirmed: bool = False
    over: bool = False


@dataclass(slots=True, kw_only=True)
class Hospital:
    """All that a run changes. `feeds` and `doors` are what is to be sent next, by connection."""

    seed: int
    now: datetime
    end: datetime
    ehr: EhrDesk
    events: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    feeds: dict[str, list[bytes]] = field(default_factory=dict)
    doors: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    soon: datetime | None = None  # staff should look again at that time: something can't wait
    wishes: dict[int, list[Wish]] = field(default_factory=dict)
    booked: dict[str, Booked] = field(default_factory=dict)
    by_phone: dict[str, int] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    red_flags: list[RedFlag] = field(default_factory=list)
    misroutes: dict[str, Misroute] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    last_raw: dict[str, bytes] = field(default_factory=dict)

    def draw(self, *what: object) -> float:
        """A number in [0, 1) that belongs to these names under this seed."""
        text = "/".join(str(each) for each in (self.seed, *what))
        return crc32(crc32(text.encode()).to_bytes(4, "big") + text[::-1].encode()) / SCALE

    def number(self, prefix: str) -> str:
        """The next number of a series."""
        self.numbers[prefix] += 1
        return f"{prefix}{self.seed:02d}{self.numbers[prefix]:06d}"

    def patient(self, person: int) -> Patient:
        """A patient of the world; their mobile number is remembered, for replies."""
        found = patient(self.seed, person)
        if found.mobile:
            self.by_phone[found.mobile] = person
        return found

    def at(self, when: datetime, what: Happening) -> None:
        """It happens then, unless the run is over."""
        if when <= self.end:
            heapq.heappush(self.events, (when, self._count(), what))

    def after(self, hours: float, what: Happening) -> None:
        """It happens so many hours from now."""
        self.at(self.now + timedelta(hours=hours), what)

    def head(self, site: str, *, late_h: float = 0.0) -> Head:
        """The header of a message said now (or, late, made earlier)."""
        return Head(control=self.number("M"), at=self.now - timedelta(hours=late_h), site=site)

    def say(self, head: Head, raw: bytes) -> str:
        """Send a message by its site's feed at the next occasion; its control id."""
        feed = SITES[head.site].feed
        self.feeds.setdefault(feed, []).append(raw)
        self.last_raw[feed] = raw
        return head.control

    def post(self, door: str, message: Mapping[str, Any]) -> str:
        """Send a channel's message; its id."""
        self.doors.append((door, message))
        return str(message["id"])

    def wish(self, wish: Wish) -> Wish:
        """Remember what was asked for."""
        self.wishes.setdefault(wish.person, []).append(wish)
        return wish

    def wished(self, person: int, *kinds: str) -> Wish | None:
        """The patient's latest open wish of these kinds."""
        open_ = [each for each in self.wishes.get(person, ()) if each.open and each.kind in kinds]
        return open_[-1] if open_ else None

    def found(self, number: str, task: str) -> None:
        """Staff found a planted mis-route and moved it."""
        self.misroutes[number] = msgspec.structs.replace(
            self.misroutes[number],
            task=task,
            moved_at=self.now.isoformat(),
            reason="wrong-specialty",
        )

    def freed(self, made: Booked) -> None:
        """A visit's slot is free again: written down, with whether there is notice enough to offer it."""
        self.ehr.cancel(made.appointment)
        slot = self.ehr.give_back(made.slot)
        if slot is None or slot.start <= self.now or slot.visit == "home-visit":
            return  # a time of the home-visit team is offered to no waitlist
        floor = COMPLEX_FLOOR if slot.visit == "procedure" else NOTICE_FLOOR
        opening = Opening(
            slot=slot.key,
            freed_at=self.now.isoformat(),
            starts_at=slot.start.isoformat(),
            minutes=slot.minutes,
            service_line=slot.line,
            site=slot.site,
            visit=slot.visit,
            above_floor=slot.start - self.now >= floor,
        )
        self.openings.append(opening)

    def urgent(self, minutes: float = 2.0) -> None:
        """Staff should look in so many minutes."""
        when = self.now + timedelta(minutes=minutes)
        self.soon = when if self.soon is None else min(self.soon, when)

    def next_at(self) -> datetime | None:
        """When something happens next."""
        return self.events[0][0] if self.events else None

    def happen(self) -> int:
        """Let everything happen that is due; how many things did."""
        done = 0
        while self.events and self.events[0][0] <= self.now:
            heapq.heappop(self.events)[2](self)
            done += 1
        return done

    def _count(self) -> int:
        self.numbers["event"] += 1
        return self.numbers["event"]
