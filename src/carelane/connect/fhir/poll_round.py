"""One round of a poll over one type: page after page, each received and the cursor saved before the next is asked for.

A page that is larger than the connection reads is asked for again with fewer resources. Where one alone is too large,
the resources are listed by name (`_elements`, else `_summary`) and each is asked for: what can't be read is handed to a
person (`mapping.unread`), and reading goes on behind it. The cursor follows pages that come in the order of change;
where a server doesn't sort, it moves when all pages were read.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
from yarl import URL

from carelane.connect.fhir.client import LINK_REFUSED, PAGES_MAX, TOO_MANY_PAGES, FhirClient, Page
from carelane.connect.fhir.codec import TOO_LARGE, Resource
from carelane.connect.fhir.poll_names import Pairs, listed, other_way
from carelane.connect.fhir.progress import (
    Manner,
    Progress,
    fewer,
    holding,
    holding_no_longer,
    in_order,
    new_of,
    received,
    updated,
)

_BEHIND: Final = 32
"""How many are asked for behind one that was too large alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a round ended. `cause` is empty if all was read, or as much as one round reads: then there is `more`."""

    cause: str = ""
    retry_at: datetime | None = None
    more: bool = False


@dataclass(slots=True, kw_only=True)
class Round:
    """One round, from the cursor it was given.

    `keep` receives matches with what came along, `hold` the name of what can't be read, `save` the cursor.
    """

    kind: str
    includes: Pairs
    client: FhirClient
    keep: Callable[[Sequence[Resource], Sequence[Resource]], Awaitable[None]]
    hold: Callable[[Resource], Awaitable[None]]
    save: Callable[[Progress], Awaitable[None]]
    progress: Progress
    overlap: timedelta
    now: datetime
    manner: Manner
    received: int = 0
    seen_before: int = 0
    _from: datetime = field(init=False)
    _start: datetime = field(init=False)
    _bound: datetime = field(init=False)
    _last: datetime | None = None
    _next: URL | None = None
    _links: set[URL] = field(default_factory=set)
    _jumped: bool = False

    def __post_init__(self) -> None:
        """Stand where the last round ended, an overlap before it."""
        self._from = self.progress.since
        self._bound = self.manner.resume or _whole_ms(self._from - self.overlap)
        self._start, self._jumped = self._bound, self.manner.resume is not None
        self.manner.resume = None

    async def read(self) -> Ending:
        """The whole round."""
        await self._held_again()
        ending = await self._by_name() if self._held_near() else None
        ending = ending or await self._by_page()
        if not (ending.cause or ending.more or self.manner.sorts or self._jumped):
            newest = max(self.progress.seen.values(), default=self._from)
            await self._keep_cursor(received(self.progress, (), self.overlap, upto=newest))
        return ending

    async def _by_page(self) -> Ending:
        for _ in range(PAGES_MAX):
            page = await self._page()
            if page.cause == TOO_LARGE:
                if ending := await self._less():
                    return ending
                continue
            self._follow(page.matches)
            await self._take(page, page.matches, upto=self._last)
            if page.cause or page.next is None:
                return Ending(cause=page.cause, retry_at=page.retry_at)
            if page.next in self._links:
                return Ending(cause=LINK_REFUSED)
            self._links.add(page.next)
            self._next = page.next
            if page.sorted and self._further():
                self._go_on()
        return self._left_off()

    def _left_off(self) -> Ending:
        """After as many pages as one round reads: the next goes on from here, if this one came on at all."""
        self._go_on()
        if not self._bound > self._start:
            return Ending(cause=TOO_MANY_PAGES)
        self.manner.resume = self._bound
        return Ending(more=True)

    async def _page(self) -> Page:
        if self._next is not None:
            return await self.client.follow(self._next, now=self.now)
        asked = [*self._since(), ("_count", str(self.manner.count)), *self.includes]
        return await self.client.page(self.kind, asked, now=self.now)

    async def _less(self) -> Ending | None:
        """Ask for fewer from where it stands; one that is too large alone is looked for by its name."""
        if self.manner.count == 1:
            return await self._by_name()
        self.manner.count = fewer(self.manner.count)
        self._go_on()
        return None

    def _go_on(self) -> None:
        """Ask anew from where it got; where the server doesn't sort, from the beginning."""
        self._next = None
        self._links.clear()
        if self._last is not None and self._further():
            self._bound, self._jumped = self._last, True
        self._last = None

    def _further(self) -> bool:
        """Whether the last page got further by time: then asking anew from there skips nothing.

        A next link may: by most servers' numbering the rest moves up when something on a page read is changed.
        """
        return self.manner.sorts and self._last is not None and self._last > self._bound

    async def _by_name(self) -> Ending | None:
        """Read one by one what is listed; None if pages can be tried again behind it."""
        self._go_on()
        page = await self._list()
        for _ in range(PAGES_MAX):
            self._follow(page.matches)
            new = new_of(self.progress, self._ours(page.matches))
            for one in new:
                if (failed := await self._single(one)) is not None:
                    return failed
            if page.cause or page.next is None:
                return Ending(cause=page.cause, retry_at=page.retry_at)
            if new and self.manner.sorts:
                self._go_on()
                self.manner.count = _BEHIND
                return None
            page = await self.client.follow(page.next, now=self.now)
            if page.cause == TOO_LARGE and other_way(self.manner):
                self._go_on()
                page = await self._list()
        return self._left_off()

    async def _list(self) -> Page:
        return await listed(self.client, self.kind, self._since(), self.manner, now=self.now)

    async def _single(self, named: Resource) -> Ending | None:
        page = await self._named(str(named["id"]))
        if page.cause == TOO_LARGE:
            await self.hold(named)
            self.progress = holding(self.progress, named, self.client.bytes_max)
            page = Page()
        elif page.cause:
            return Ending(cause=page.cause, retry_at=page.retry_at)
        elif named["id"] not in [one.get("id") for one in page.matches]:
            return Ending(cause="named-not-found")  # perhaps deleted: then the next list lacks it
        await self._take(page, [named], upto=updated(named))
        return None

    async def _named(self, key: str) -> Page:
        return await self.client.page(self.kind, [("_id", key), *self.includes], now=self.now)

    async def _take(self, page: Page, done: Sequence[Resource], *, upto: datetime | None) -> None:
        """Receive what is new, then move the cursor `upto` where it got, if that goes by the order of change."""
        new = new_of(self.progress, page.matches)
        await self.keep(new, page.included)
        self.received += len(new)
        self.seen_before += len(page.matches) - len(new)
        reached = upto if self.manner.sorts else None
        progress = received(self.progress, [*page.matches, *done], self.overlap, upto=reached)
        await self._keep_cursor(progress if self.manner.sorts else _back(progress, self._from))

    def _follow(self, matches: Sequence[Resource]) -> None:
        ours = self._ours(matches)
        self.manner.sorts = self.manner.sorts and in_order(self._last, ours)
        last = updated(ours[-1]) if ours else None
        self._last = _whole_ms(last) if last else self._last

    def _ours(self, matches: Sequence[Resource]) -> list[Resource]:
        """Those of the type; a server may put what it has to say beside them."""
        return [one for one in matches if one.get("resourceType") == self.kind and one.get("id")]

    def _held_near(self) -> bool:
        """Whether the overlap holds what is too large: asked for by pages, it would come again at every poll."""
        return any(one.at >= self._bound for one in self.progress.held.values())

    async def _held_again(self) -> None:
        """Ask for what was too large under a lower limit than the connection's now."""
        for key, held in tuple(self.progress.held.items()):
            if held.bytes_max >= self.client.bytes_max:
                continue
            page = await self._named(held.reference.partition("/")[2])
            if page.cause == TOO_LARGE:
                larger = msgspec.structs.replace(held, bytes_max=self.client.bytes_max)
                kept = {**self.progress.held, key: larger}
                await self._keep_cursor(msgspec.structs.replace(self.progress, held=kept))
            elif not page.cause:
                await self.keep(page.matches, page.included)
                self.received += len(page.matches)
                done = received(self.progress, page.matches, self.overlap)
                await self._keep_cursor(holding_no_longer(done, key))

    async def _keep_cursor(self, progress: Progress) -> None:
        self.progress = progress
        await self.save(progress)

    def _since(self) -> Pairs:
        stamp = self._bound.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return (("_lastUpdated", f"ge{stamp}"), ("_sort", "_lastUpdated"))


def _whole_ms(at: datetime) -> datetime:
    """As fine as we ask (`_since`): else the same would be asked for again and again."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _back(progress: Progress, start: datetime) -> Progress:
    """Where pages turn out not to be sorted, the next round begins where this one did."""
    return msgspec.structs.replace(progress, since=start)
