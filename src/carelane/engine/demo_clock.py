"""The clock of a demo or test database: read by every process, moved only when nothing is on its way.

Thirty simulated days pass in minutes, and yet each clock fires at its own time, in its order: the clock is never
moved past the next thing that happens by itself. Whoever drives it may allow a little lateness (`within`), so that
what comes due shortly after one another fires together; how late is told. Safety clocks are never made late, nor those
on wall time that call people.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from carelane.engine.clock import Clock
from carelane.engine.loop import beat
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import ClockKind, Definition
from carelane.store.database import Database
from carelane.store.notify import CHANNEL

DOOR = "clock"
LOOK_S = 1.0
ASK_AGAIN_S = 0.01
FOLLOW_AGAIN_S = 0.003  # asked of one small table; what is on its way is counted in five
FOLLOW_TIMES = 500
NO_LATENESS = timedelta(0)
AFTER_DUE = timedelta(seconds=1.05)
"""An expiry is decided a second after it is due (SEMANTICS 6)."""


class NotADemo(SetupFault):
    """A demo's clock was asked of a database that isn't a demo's, or the other way round: use another database."""

    code = "not-a-demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What asking to move came to: the time now, what is still on its way, how late its latest clock will be."""

    now: datetime
    busy: dict[str, int]
    late_s: float
    next_at: datetime | None

    @property
    def quiet(self) -> bool:
        """Nothing was on its way, so the clock was moved."""
        return not any(self.busy.values())


async def held_clock(database: Database, *, demo: bool, fresh: bool, serves: bool) -> Clock:
    """The clock for a process on this database; with `fresh`, an empty database becomes a demo's.

    A command that only looks takes the database's clock as it is; a process that `serves` must have been told.

    Raises:
        NotADemo: `demo` was asked of a database in use, or a demo's database is to serve without `demo`.
    """
    async with database.transaction() as tx:
        if demo and fresh:
            await tx.run("clock.mark", organisation=database.organisation)
        row = await tx.one("clock.ahead")
    if demo and row is None:
        raise NotADemo(
            "this database is not a demo's, so its clock can't be moved. Remedy: a new home, or demo_clock off"
        )
    if row is not None and serves and not demo:
        raise NotADemo(
            "this database is a demo's, with a clock of its own. Remedy: another home or database for real work"
        )
    return Clock(row["ahead"] if row else timedelta(0))


async def join(runtime: Runtime, clock: Clock, kind: str) -> None:
    """Become one of those who follow: what moved while this process started is taken over, then whoever moves waits.

    Until its heartbeat is of the time that the database says, a process counts as one that ended long ago.
    """
    await beat(runtime, kind)
    while await _taken(runtime, clock):
        await beat(runtime, kind)


async def follow(runtime: Runtime, clock: Clock, stop: asyncio.Event) -> None:
    """Take over what the database says, at each ring and every second, until told to stop."""
    while not stop.is_set():
        if await _taken(runtime, clock):
            for door in ("drain", "effects"):
                runtime.bell.ring_here(door)
        await runtime.bell.wait(DOOR, seconds=LOOK_S)


async def _taken(runtime: Runtime, clock: Clock) -> bool:
    """Whether the time had moved; it is taken over, and the heartbeat says so."""
    row = await runtime.worker.one("clock.ahead", steady=True)
    if row is None or row["ahead"] <= clock.ahead:
        return False
    clock.ahead = row["ahead"]
    await runtime.worker.ask(
        ("clock.follow", {"process": runtime.process, "now": clock()}), steady=True
    )
    return True


async def move(
    runtime: Runtime,
    clock: Clock,
    *,
    until: datetime,
    within: timedelta = NO_LATENESS,
    wait_s: float = 0.0,
) -> Moved:
    """Move on to `until`, or to the next thing that happens by itself if that is sooner; not at all while busy.

    What happens by itself may be passed by `within`; a safety clock, and one that calls people, never. While something
    is on its way it is asked again for at most `wait_s` seconds.
    """
    give_up = asyncio.get_running_loop().time() + wait_s
    while True:
        before = clock()
        moved = await _try(runtime, clock, until, within)
        if moved.quiet:
            await _followed(runtime, before, moved.now)
        if moved.quiet or asyncio.get_running_loop().time() >= give_up:
            return moved
        await asyncio.sleep(ASK_AGAIN_S)


async def _try(runtime: Runtime, clock: Clock, until: datetime, within: timedelta) -> Moved:
    now = clock()
    found = await runtime.worker.one("clock.busy", steady=True, now=now) or {}
    late_s = max(0.0, float(found.pop("late_s", 0.0) or 0.0))
    busy = {name: int(count) for name, count in found.items()}
    if any(busy.values()):
        return Moved(now=now, busy=busy, late_s=late_s, next_at=None)
    calling = list(calling_states(runtime.releases.published.values()))
    asked = {"now": now, "calling": calling}
    (rows,) = await runtime.worker.ask(("clock.next", asked), steady=True)
    exact_at, next_at, moved = rows[0]
    target = target_of(until, next_at, exact_at, within)
    if moved is not None and target > now:
        await _ahead(runtime, clock, target - now, moved)
    if next_at is not None:
        late_s = max(late_s, (target - next_at).total_seconds())
    return Moved(now=clock(), busy=busy, late_s=late_s, next_at=next_at)


async def _followed(runtime: Runtime, before: datetime, now: datetime) -> None:
    """Wait until every process that lives has the new time: else one would still decide, or refuse, by the old."""
    for _ in range(FOLLOW_TIMES):
        await asyncio.sleep(FOLLOW_AGAIN_S)
        row = await runtime.worker.one(
            "clock.behind", steady=True, process=runtime.process, before=before, now=now
        )
        if row is None or row["behind"] == 0:
            return


def calling_states(definitions: Iterable[Definition]) -> frozenset[str]:
    """States that wait on wall time and call people by levels, of all pathways by their names alone. Pure.

    Wherever minutes count, whoever is called next is told on time, safety clock or not.
    """
    return frozenset(
        state.name
        for each in definitions
        for state in each.states.values()
        if state.escalate and state.clock is not None and state.clock.kind is ClockKind.WALL
    )


def target_of(
    until: datetime, next_at: datetime | None, exact_at: datetime | None, within: timedelta
) -> datetime:
    """Where the clock stops: what is due next may be passed by `within`, a clock that is exact never. Pure."""
    stops = [until]
    if next_at is not None:
        stops.append(next_at + max(AFTER_DUE, within))
    if exact_at is not None:
        stops.append(exact_at + AFTER_DUE)
    return min(stops)


async def _ahead(runtime: Runtime, clock: Clock, by: timedelta, moved: int) -> None:
    """Put the clock ahead, unless somebody moved it since it was `moved`; the same packet rings at whoever follows."""
    asked = {"ahead": clock.ahead + by, "moved": moved, "channel": CHANNEL, "door": DOOR}
    (rows,) = await runtime.worker.ask(("clock.move", asked), steady=True)
    for ahead, _ in rows:
        clock.ahead = ahead
