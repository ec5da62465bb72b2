"""Simulated staff on shifts: they see the board of open work, take what is theirs when they are free, and finish it.

They work through the JSON API like anybody else. Who is eligible is the organisation's chart (pools and roles); how
long work takes and how it ends is `work`; what is done in the hospital's own systems beside it is `acts`. Five of a
hundred first levels stay silent: whoever is called next has a supervisor hand the work over.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from carelane.testing.hospital.acts import ACTS, Page
from carelane.testing.hospital.board import Board
from carelane.testing.hospital.members import Item, Member
from carelane.testing.hospital.state import Hospital
from carelane.testing.hospital.told import Worker

WHOLE_BOARD = timedelta(hours=12)
"""So often the whole board is looked through, at the beginning of a shift; else only what is new is looked for."""
NOBODY_FOR = timedelta(minutes=4)
AT_ONCE = 6
LOST = 409
BOARD, SUPERVISORS = "ines.barreto", ("ines.barreto", "vera.stone")
STAND_INS = ("samir.holt", "hugo.lindqvist", "gwen.ashby", "farid.noor")


@dataclass(slots=True, kw_only=True)
class Staff:
    """Everybody, and the board."""

    api: str
    http: aiohttp.ClientSession = field(repr=False)
    hospital: Hospital
    members: Mapping[str, Member]
    counts: Counter[str] = field(default_factory=Counter)
    board: Board = field(init=False)
    _doing: set[str] = field(default_factory=set)
    _looked: datetime | None = None
    _whole: datetime | None = None
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    def __post_init__(self) -> None:
        """An empty board."""
        self.board = Board(hospital=self.hospital, counts=self.counts)

    async def sign_in(self, passwords: Mapping[str, str]) -> None:
        """Everybody begins a session."""
        for member in self.members.values():
            body = {"person": member.name, "password": passwords[member.name]}
            async with self.http.post(f"{self.api}/api/session", json=body) as answer:
                answer.raise_for_status()
                member.token = (await answer.json())["token"]

    async def look(self) -> int:
        """See what is new on the board; how much."""
        now, new, after = self.hospital.now, 0, ""
        whole = self._whole is None or now - self._whole >= WHOLE_BOARD
        since = "" if whole or self._looked is None else self._since(self._looked)
        self._whole = now if whole else self._whole
        while True:
            params = {"view": "all", "limit": "100", "opened_after": since, "after": after}
            async with self.http.get(
                f"{self.api}/api/tasks", params=params, headers=self._headers(BOARD)
            ) as answer:
                answer.raise_for_status()
                found = await answer.json()
            new += sum(self.board.see(row) for row in found["tasks"])
            after = found["after"]
            if not after:
                break
        self._looked = now
        return new

    @staticmethod
    def _since(looked: datetime) -> str:
        return (looked - timedelta(seconds=20)).isoformat()

    def assign(self) -> None:
        """Who is free takes the most urgent work; what can't wait interrupts somebody."""
        self.board.wake()
        self._pressing()
        for member in self.members.values():
            while (start := self._start(member)) is not None:
                item = self.board.next_for(member, start)
                if item is None:
                    break
                self._give(item, member, start, item.deed.minutes)

    def _start(self, member: Member) -> datetime | None:
        """When this person could begin something, up to now; None while busy or away."""
        now = self.hospital.now
        if member.free_at > now or not member.on_shift(now) or member.in_clinic(now):
            return None
        return member.free_at if member.on_shift(member.free_at) else now

    def _give(self, item: Item, member: Member, start: datetime, minutes: float) -> None:
        spread = 0.6 + 0.8 * self.hospital.draw("minutes", item.id)
        begin = max(start, item.seen_at)
        item.by = member.name
        length = timedelta(minutes=minutes * spread)
        item.done_at = begin + length
        member.busy_s += length.total_seconds() - member.clinic_s(begin, item.done_at)
        member.free_at = (
            max(member.free_at, begin) + length
        )  # what it interrupts ends that much later
        self._doing.add(item.id)

    def _pressing(self) -> None:
        now = self.hospital.now
        for item in list(self.board.items.values()):
            if (
                not item.pressing
                or item.by
                or (item.silent_until is not None and item.silent_until > now)
            ):
                continue
            able = [
                each
                for each in self.members.values()
                if item.owner in each.owners and each.on_shift(now)
            ]
            if able:
                first = min(able, key=lambda each: (each.name in SUPERVISORS, each.free_at))
                self._give(item, first, now, item.deed.urgent)
            elif now - item.seen_at >= NOBODY_FOR:
                self._hand_over(item)

    def _hand_over(self, item: Item) -> None:
        """A supervisor gives it to a physician who is here."""
        now = self.hospital.now
        here = [
            name for name in STAND_INS if name in self.members and self.members[name].on_shift(now)
        ]
        if here:
            item.tries += 1
            item.owner = f"handed:{here[0]}"
            self._give(item, self.members[here[0]], now, item.deed.urgent)

    def next_pressing(self) -> datetime | None:
        """When the next thing that can't wait is done, or is to be looked at again."""
        found = [
            self.board.items[each].done_at
            for each in self._doing
            if self.board.items[each].pressing
        ]
        found += [
            each.silent_until
            for each in self.board.items.values()
            if each.silent_until and not each.by
        ]
        waiting = [
            each.seen_at + NOBODY_FOR
            for each in self.board.items.values()
            if each.pressing and not each.by
        ]
        now = self.hospital.now
        return min(
            (each for each in (*found, *waiting) if each is not None and each > now), default=None
        )

    def next_done(self) -> datetime | None:
        """When the next task is done; now, where somebody could still begin one."""
        done = [self.board.items[each].done_at for each in self._doing]
        return min((each for each in done if each is not None), default=None)

    async def finish(self) -> int:
        """Complete what is done by now, side by side; how much."""
        due = [
            self.board.items[each]
            for each in self._doing
            if (self.board.items[each].done_at or self.hospital.now) <= self.hospital.now
        ]
        due.sort(key=lambda each: (each.done_at, each.id))
        self._doing.difference_update(each.id for each in due)
        return sum(await asyncio.gather(*(self._finish(item) for item in due)))

    async def _finish(self, item: Item) -> int:
        async with self._gate:
            member = self.members[item.by]
            if item.owner.startswith("handed:") and not await self._reassign(item, member):
                self.board.drop(item)
                return 0
            outcome, form = await self._decided(item, member)
            if not outcome:
                if item.by:  # not moved elsewhere
                    self.board.drop(item)
                return 0
            status, answer = await self._complete(item, member, outcome, form)
            if status == LOST and answer.get("version"):  # it changed meanwhile: looked at again
                item.version = int(answer["version"])
                status, answer = await self._complete(item, member, outcome, form)
            ok = status < 300 and answer.get("standing") != "ignored"  # noqa: PLR2004  # HTTP success
            ending = f"{item.pathway}/{item.name}: {status} {answer.get('code', '')}"
            self.counts["finished" if ok else ending] += 1
            member.finished += ok
            if answer.get("open"):
                self.board.stays(item, int(answer["version"]))
            else:
                self.board.drop(item)
            return int(ok)

    async def _complete(
        self, item: Item, member: Member, outcome: str, form: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, Any]]:
        body = {"version": item.version, "outcome": outcome, "form": form, "reason": "other"}
        return await self._post(item, member.name, "complete", body)

    async def _decided(self, item: Item, member: Member) -> tuple[str, Mapping[str, Any]]:
        found = item.deed
        if not found.choices:
            return _by_page(await self._page(item, member))
        tried = (item.tries,) if item.tries else ()
        roll = self.hospital.draw("outcome", item.id, *tried) * sum(
            weight for weight, _, _ in found.choices
        )
        outcome, form = found.choices[-1][1:]
        for weight, each, what in found.choices:
            if roll < weight:
                outcome, form = each, what
                break
            roll -= weight
        if not found.act:
            return outcome, form
        page = Page(item=item.id, person=item.person)
        ended = ACTS[found.act](self.hospital, page, outcome, dict(form))
        if page.moved_to:
            await self._move(item, page)
            return "", {}
        return ended

    async def _page(self, item: Item, member: Member) -> Mapping[str, Any]:
        async with self.http.get(
            f"{self.api}/api/tasks/{item.id}", headers=self._headers(member.name)
        ) as answer:
            found: Mapping[str, Any] = await answer.json()
            return found if answer.ok else {}

    async def _move(self, item: Item, page: Page) -> None:
        """Sent to where it belongs, and counted as a mis-route; it is on the board again, under its new owner."""
        supervisor = self._supervisor()
        body = {"version": item.version, "to": page.moved_to, "reason": "wrong-specialty"}
        status, _ = await self._post(item, supervisor, "override", body)
        self.counts["moved" if status < 300 else f"override {status}"] += 1  # noqa: PLR2004  # HTTP success
        if status < 300:  # noqa: PLR2004  # as above
            self.hospital.found(page.number, item.id)
            shown = await self._page(item, self.members[supervisor])
            item.version, item.owner = (
                int(shown.get("version", 0)),
                str(shown.get("owner_name", "")),
            )
            item.by, item.seen_at = "", self.hospital.now
            self.board.queue(item)

    async def _reassign(self, item: Item, member: Member) -> bool:
        body = {
            "version": item.version,
            "to_kind": "person",
            "to": member.name,
            "reason": "nobody answered",
        }
        status, answer = await self._post(item, self._supervisor(), "reassign", body)
        self.counts["handed over" if status < 300 else f"reassign {status}"] += 1  # noqa: PLR2004  # HTTP success
        item.version = max(item.version, int(answer.get("version") or item.version))
        return status < 300  # noqa: PLR2004  # as above

    def _supervisor(self) -> str:
        here = [name for name in SUPERVISORS if self.members[name].on_shift(self.hospital.now)]
        return here[0] if here else SUPERVISORS[0]

    async def _post(
        self, item: Item, name: str, verb: str, body: Mapping[str, Any]
    ) -> tuple[int, Mapping[str, Any]]:
        async with self.http.post(
            f"{self.api}/api/tasks/{item.id}/{verb}", json=body, headers=self._headers(name)
        ) as answer:
            return answer.status, await answer.json()

    def _headers(self, name: str) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.members[name].token}"}

    def told(self, since: datetime, until: datetime) -> dict[str, Worker]:
        """How each one's time went."""
        return {
            name: Worker(
                shift_s=each.shift_s(since, until),
                busy_s=each.busy_s + each.clinic_s(since, until),
                finished=each.finished,
                silent=each.silent,
            )
            for name, each in self.members.items()
        }


def _by_page(page: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A task that no row is for: its first outcome, and whatever its form needs for it."""
    outcomes = page.get("outcomes") or ()
    if not outcomes:
        return "", {}
    needed = [
        each for each in page.get("form", ()) if outcomes[0] in (each.get("required_for") or ())
    ]
    return str(outcomes[0]), {each["name"]: _filled(each) for each in needed}


def _filled(entry: Mapping[str, Any]) -> Any:
    if entry.get("options"):
        return entry["options"][0]
    return {"boolean": True, "integer": 1}.get(str(entry.get("type")), "Seen to.")
