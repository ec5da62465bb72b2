"""A published calendar reaches the clocks that run on it: `calendar.changed` to their subjects (SEMANTICS 6)."""

from collections.abc import Collection
from uuid import UUID

from carelane.cases.words import CALENDAR_CHANGED
from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi

BATCH = 1_000


async def announce(runtime: Runtime, calendars: Collection[str]) -> int:
    """Tell every subject with a running clock on one of these calendars; how many."""
    if not calendars:
        return 0
    told, after = 0, UUID(int=0)
    while True:
        async with runtime.worker.transaction() as tx:
            rows = await tx.rows(
                "house.on_calendars", calendars=list(calendars), after=after, limit=BATCH
            )
            if not rows:
                return told
            await deliver(runtime, tx, [_fact(runtime, row["subject"]) for row in rows])
        told, after = told + len(rows), rows[-1]["subject"]
        runtime.bell.ring("drain")


def _fact(runtime: Runtime, subject: UUID) -> Fact:
    now = runtime.now()
    return Fact(
        id=derive(now, CALENDAR_CHANGED, subject, runtime.directory.version),
        type=CALENDAR_CHANGED,
        subject=subject,
        organisation=runtime.organisation,
        occurred_at=now,
        recorded_at=now,
        payload=Phi({}, CALENDAR_CHANGED),
        actor=Actor.CARELANE,
        actor_name="site files",
    )
