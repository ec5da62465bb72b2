"""The daily search for our identifiers held by more than one resource: the proof of "at most once", from outside.

A connection that can search gives a callable; what it finds becomes work for a person.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from carelane.effects.outbox import Outbox

Count = Callable[[str, UUID], Awaitable[int]]
"""(capability, effect id) -> how many resources carry the id now."""
BATCH = 500
SPAN = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Double:
    """An identifier of ours that more than one resource carries, or none although it was done."""

    effect: UUID
    case: UUID
    capability: str
    found: int


async def sweep(
    outbox: Outbox, name: str, count: Count, *, effects_max: int = 10_000
) -> Sequence[Double]:
    """Ask about the effects that were done on this connection in the last two days."""
    runtime = outbox.runtime
    since, after = runtime.now() - SPAN, UUID(int=0)
    wrong: list[Double] = []
    for _ in range(0, effects_max, BATCH):
        async with runtime.worker.transaction() as tx:
            rows = await tx.rows(
                "effects.done_identifiers", connection=name, since=since, after=after, limit=BATCH
            )
        for row in rows:
            found = await count(row["capability"], row["id"])
            if found != 1:
                wrong.append(
                    Double(
                        effect=row["id"],
                        case=row["case_id"],
                        capability=row["capability"],
                        found=found,
                    )
                )
        if len(rows) < BATCH:
            break
        after = rows[-1]["id"]
    runtime.observer.count("carelane_sweep_doubles_total", {"connection": name}, len(wrong))
    return wrong
