"""A run of days at the hospital: one clock for all, moved on only when Carelane is quiet.

Each tick: what is due happens and is said, staff finishes what is done, texts are answered, new work is seen and taken.
Then the demo's clock is asked to go on: in the day by minutes, at night by more, to the next moment that can't wait.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from carelane.testing.ehr.clock import HostClock
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.gateways.server import GatewayServer
from carelane.testing.hospital import after, emit, roster
from carelane.testing.hospital.desk import Staff
from carelane.testing.hospital.ehr_desk import EhrDesk, double_booked, slot_of
from carelane.testing.hospital.ends import client_keys, open_mail, open_texts, secret_of
from carelane.testing.hospital.members import Member
from carelane.testing.hospital.phones import Phones
from carelane.testing.hospital.plan import plan
from carelane.testing.hospital.roster import is_off
from carelane.testing.hospital.smtp import Sink
from carelane.testing.hospital.state import Hospital
from carelane.testing.hospital.told import Clocked, Told
from carelane.testing.hospital.wire import Wire, session
from carelane.testing.hospital.world import SITES, begin_of
from carelane.testing.payer.server import PayerServer

DAY_FROM, DAY_TO = 6.5, 20.0
IDLE, LEAST = timedelta(hours=1), timedelta(seconds=30)
APART = timedelta(hours=2)
"""How far the hospital's clock may be ahead: it is already where the demo's clock is on its way to."""
WITHIN_S = 720.0
WAIT_S = 30.0
CHANNELS = ("web-form", "chat", "call-centre", "portal-messages", "devices")
Tell = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where everything is, and how long the run is. `staff` maps names to passwords, `chart` to owners and sites."""

    portal: str
    host: str
    feeds: Mapping[str, int]
    doors: str
    ehr_port: int
    smtp_port: int
    texts_port: int
    payer_port: int
    home: Path
    days: int
    seed: int = 1
    profile: str = "a"
    if_match: bool = True
    volume: float = 1.0
    tick_min: float = 15.0
    off_min: float = 30.0
    night_min: float = 60.0
    staff: Mapping[str, str] = field(repr=False)
    chart: Mapping[str, Mapping[str, list[str]]]
    told: Path


@dataclass(slots=True, kw_only=True)
class Run:
    """One run: the hospital, its ends of the wires, and how the clock went."""

    course: Course
    hospital: Hospital
    ehr: EhrServer
    sink: Sink
    gateway: GatewayServer
    wire: Wire
    payer: PayerServer
    http: aiohttp.ClientSession
    staff: Staff
    phones: Phones
    tell: Tell
    moves: int = 0
    refused: int = 0
    late: list[float] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)

    async def clock(self, until: datetime) -> None:
        """Ask the demo's clock to go on; the EHR's own clock goes with it."""
        self.ehr.clock.advance(until - self.ehr.clock.now())
        body = {"until": until.isoformat(), "within_s": WITHIN_S, "wait_s": WAIT_S}
        async with self.http.post(f"{self.course.portal}/demo/clock", json=body) as answer:
            said = await answer.json()
        now = datetime.fromisoformat(said["now"])
        self.ehr.clock.advance(now - self.ehr.clock.now())
        self.hospital.now = now
        self.late.append(float(said["late_s"]))
        if any(said["busy"].values()):
            self.refused += 1
            self.tell(busy=said["busy"], at=said["now"])
        else:
            self.moves += 1

    async def timed(self, what: str, work: Any) -> Any:
        """Run something and add up how long it takes."""
        begun = time.monotonic()
        try:
            return await work
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + time.monotonic() - begun

    async def tick(self) -> None:
        """What is due, then staff, then the board."""
        hospital = self.hospital
        hospital.happen()
        self._bookings()
        self.payer.tell(self.payer.desk.settle_due())
        await asyncio.gather(
            self.timed("send", self._send()),
            self.timed("texts", self.phones.answer()),
            self.timed("notices", self.ehr.notifier.settle()),
            self.timed("notices", self.payer.notifier.settle()),
            self.timed("look", self.staff.look()),
        )
        self.staff.assign()
        await self.timed("finish", self.staff.finish())
        if hospital.feeds or hospital.doors:  # what staff did is told at once
            await self.timed("send", self._send())

    def _bookings(self) -> None:
        """What Carelane booked at the EHR: the scheduling system tells it like any other visit."""
        hospital = self.hospital
        for resource in hospital.ehr.new_bookings():
            slot = hospital.ehr.slots.get(slot_of(resource))
            actors = [each.get("actor", {}) for each in resource.get("participant", ())]
            number = next((str(each.get("identifier", {}).get("value", "")) for each in actors), "")
            if slot is None or not number.startswith("P"):
                continue
            person = int(number[1:])
            wish = hospital.wished(person, "request")
            if wish is not None:
                wish.open = False
            kind = "new-patient" if slot.visit == "new-patient" else "follow-up"
            after.booked(
                hospital, person, slot, wish=wish, kind=kind, appointment=str(resource["id"])
            )

    async def _send(self) -> None:
        hospital = self.hospital
        feeds, doors = hospital.feeds, hospital.doors
        hospital.feeds, hospital.doors = {}, []
        for _, message in doors:
            if "sent_at" in message:
                message["sent_at"] = hospital.now.isoformat()  # type: ignore[index]  # our own dictionary
        await asyncio.gather(
            *(self.wire.feed(name, raws) for name, raws in feeds.items()),
            *(self.wire.post(door, message, hospital.now) for door, message in doors),
        )

    def next_stop(self) -> datetime:
        """The next boundary of a tick with something to do in it, or sooner what can't wait."""
        now, hospital = self.hospital.now, self.hospital
        local = SITES["north"].local(now)
        by_day = DAY_FROM <= local.hour + local.minute / 60 < DAY_TO
        busy_min = self.course.off_min if is_off(local.date()) else self.course.tick_min
        step = timedelta(minutes=busy_min if by_day else self.course.night_min)
        due = [each for each in (hospital.next_at(), self.staff.next_done()) if each is not None]
        idle = min((*due, now + IDLE), default=now)
        stops = [max(now + step, idle), hospital.end]
        stops += [hospital.soon] if hospital.soon is not None else []
        pressing = self.staff.next_pressing()
        stops += [pressing] if pressing is not None else []
        hospital.soon = None
        return max(min(stops), now + LEAST)


async def live(course: Course, tell: Tell, stop: asyncio.Event) -> None:
    """Live through the days and write what the hospital tells; then stay open, because effects still come in."""
    begun_s = time.monotonic()
    async with _opened(course, tell) as run:
        hospital = run.hospital
        first = hospital.now
        day = first.date()
        while hospital.now < hospital.end:
            await run.tick()
            await run.timed("clock", run.clock(run.next_stop()))
            if hospital.now.date() != day:
                day = hospital.now.date()
                tell(day=str(day), sent=sum(run.wire.sent.values()), finished=run.staff.counts["finished"],
                     board=len(run.staff.board.items), seconds=round(time.monotonic() - begun_s, 1),
                     spent={name: round(value, 1) for name, value in run.spent.items()})  # fmt: skip
        await run.tick()
        await run.clock(hospital.now)
        told = _told(run, first, time.monotonic() - begun_s)
        await asyncio.to_thread(told.write, course.told)
        tell(done=True, seconds=told.seconds)
        await stop.wait()


def _told(run: Run, first: datetime, seconds: float) -> Told:
    hospital, bookings = run.hospital, run.hospital.ehr.bookings()
    late = sorted(run.late)
    counts = hospital.counts
    taken = {each.slot for each in bookings if each.status != "cancelled"}
    return Told(
        seed=run.course.seed, if_match=run.course.if_match,
        begun=first.isoformat(), ended=hospital.now.isoformat(), seconds=round(seconds, 1),
        sent=dict(run.wire.sent), answers=dict(run.wire.answers), arrivals=hospital.arrivals,
        red_flags=hospital.red_flags,
        troubles={name.removeprefix("planted "): count for name, count in counts.items() if name.startswith("planted")},
        misroutes=list(hospital.misroutes.values()),
        openings=[msgspec.structs.replace(each, taken=each.slot in taken) for each in hospital.openings],
        draws={"accepts": 0.11, "comes": after.COMES, "comes_if_confirmed": after.COMES_IF_CONFIRMED},
        offers=run.phones.offers, bookings=bookings, double_booked=double_booked(bookings), texts=run.phones.counts(),
        mails={"all": len(run.sink.mails)}, visits=_named(counts, "visits "), calls=_named(counts, "calls "),
        staff=run.staff.told(first, hospital.now), staff_counts=dict(run.staff.counts),
        clock=Clocked(moves=run.moves, refused=run.refused, late_s_max=late[-1] if late else 0.0,
                      late_s_p90=late[len(late) * 9 // 10] if late else 0.0),
    )  # fmt: skip


def _named(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in counts.items()
        if name.startswith(prefix)
    }


@asynccontextmanager
async def _opened(course: Course, tell: Tell) -> AsyncIterator[Run]:
    """The hospital's ends, open."""
    async with AsyncExitStack() as stack:
        profile = replace(PROFILES[course.profile], minds_match=course.if_match)
        ehr = EhrServer(profile=profile, clock=HostClock(), token_life=timedelta(hours=12))
        ehr.tokens.register("carelane", client_keys(course.home, "ehr"))
        await ehr.start(course.host, course.ehr_port)
        stack.push_async_callback(ehr.stop)
        sink = await open_mail(stack, course.smtp_port)
        http = await stack.enter_async_context(session(120))
        begin = await _begin(course, http)
        ehr.clock.advance(begin - ehr.clock.now())
        payer = PayerServer(seed=course.seed, clock=ehr.clock)
        payer.tokens.register("carelane", client_keys(course.home, "payer"))
        ehr.tokens.skew = payer.tokens.skew = APART
        await payer.start(course.host, course.payer_port)
        stack.push_async_callback(payer.stop)
        payer.notifier.subscriptions.append({"channel": _channel(course, "payer/payer")})
        gateway = await open_texts(
            stack, course.home, course.host, course.texts_port, ehr.clock.now
        )
        wire = Wire(host=course.host, feeds=course.feeds, doors=course.doors,
                    secrets={name: secret_of(course.home, name) for name in CHANNELS})  # fmt: skip
        await wire.open()
        stack.push_async_callback(wire.close)
        hospital = _hospital(course, ehr, begin)
        ehr.put({"resourceType": "Subscription", "status": "active", "criteria": "Slot?status=free",
                 "channel": _channel(course, "fhir/ehr")})  # fmt: skip
        staff = Staff(
            api=course.portal, http=http, hospital=hospital, members=_members(course, begin)
        )
        await staff.sign_in(course.staff)
        phones = Phones(
            hospital=hospital, gateway=gateway, wire=wire, callback=f"{course.doors}/sms/texts"
        )
        tell(ehr=f"http://{course.host}:{course.ehr_port}", begins=begin.isoformat(),
             planned=len(hospital.events))  # fmt: skip
        yield Run(course=course, hospital=hospital, ehr=ehr, payer=payer, sink=sink, gateway=gateway, wire=wire,
                  http=http, staff=staff, phones=phones, tell=tell)  # fmt: skip


def _hospital(course: Course, ehr: EhrServer, begin: datetime) -> Hospital:
    """Slots in the EHR, and all arrivals among what will happen."""
    start = SITES["north"].local(begin).date()
    desk = EhrDesk(server=ehr)
    desk.open(start, course.days)
    end = begin + timedelta(days=course.days)
    hospital = Hospital(seed=course.seed, now=begin, end=end, ehr=desk)
    for planned in plan(seed=course.seed, start=start, days=course.days, volume=course.volume):
        hospital.at(planned.at, partial(emit.arrives, planned))
    return hospital


async def _begin(course: Course, http: aiohttp.ClientSession) -> datetime:
    """Move the clock to the run's first hour."""
    begin = begin_of(datetime.now(UTC))  # a program of its own
    body = {"until": begin.isoformat(), "within_s": 3600, "wait_s": 20}
    now = begin
    for _ in range(200):
        async with http.post(f"{course.portal}/demo/clock", json=body) as answer:
            now = datetime.fromisoformat((await answer.json())["now"])
        if now >= begin - timedelta(seconds=1):
            break
    return now


def _channel(course: Course, door: str) -> dict[str, Any]:
    """How that system tells Carelane of changes: by rest-hook, with the secret that both have."""
    secret = secret_of(course.home, f"{door.rpartition('/')[2]}-notify")
    return {
        "type": "rest-hook",
        "endpoint": f"{course.doors}/{door}",
        "payload": "application/fhir+json",
        "header": [f"X-Carelane-Secret: {secret}"],
    }


def _members(course: Course, begin: datetime) -> dict[str, Member]:
    start = SITES["north"].local(begin).date()
    return {
        name: Member(
            name=name,
            owners=frozenset((*course.chart[name]["owners"], name)),
            sites=frozenset(course.chart[name]["sites"] or SITES),
            shifts=roster.shifts(name, start, course.days + 1),
            clinics=roster.clinics(name, start, course.days),
            free_at=begin,
        )
        for name in course.staff
        if name in roster.ROSTER
    }
