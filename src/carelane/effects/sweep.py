"""The daily search for our identifiers held by more than one resource: the proof of "at most once", from outside.

A connection that can search gives a callable; what it finds becomes work for a person. `compose.processes` runs it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from carelane.cases.model import EffectState
from carelane.effects.claim import pay
from carelane.effects.flight import of_row
from carelane.effects.outbox import Outbox
from carelane.effects.settlement import Settlement
from carelane.effects.told import facts
from carelane.engine.deliver import deliver

Count = Callable[[str, UUID], Awaitable[int]]
"""(capability, effect id) -> how many resources carry the id now."""
BATCH = 500
SPAN = timedelta(days=2)
HELD_TWICE = "held-twice"
_PATIENCE = 600


class Counter(Protocol):
    """A sender's search: how many resources carry an effect's id; None where that can't be read."""

    async def __call__(self, capability: str, effect: UUID, *, now: datetime) -> int | None:
        """Ask once."""


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


async def nightly(outbox: Outbox, counters: Mapping[str, Counter]) -> int:
    """Sweep each connection that can be searched, within its budget; how many were made a person's work.

    Only what is there twice: something not found may have been put away by the chart's own people.
    """
    told = 0
    for name, counter in counters.items():
        for double in await sweep(outbox, name, _paid(outbox, name, counter)):
            if double.found > 1:
                await _tell(outbox, double)
                told += 1
    if told:
        outbox.runtime.bell.ring("drain")
    return told


def _paid(outbox: Outbox, name: str, counter: Counter) -> Count:
    async def count(capability: str, effect: UUID) -> int:
        for _ in range(_PATIENCE):
            if await pay(outbox, name):
                found = await counter(capability, effect, now=outbox.runtime.now())
                return 1 if found is None else found
            await outbox.runtime.bell.wait("sweep", seconds=1)
        return 1  # nothing was learnt: the connection is ill, and tomorrow's sweep covers today too

    return count


async def _tell(outbox: Outbox, double: Double) -> None:
    """A case of `effect-attention`, as for an effect whose end nobody knows."""
    runtime = outbox.runtime
    async with runtime.worker.transaction() as tx:
        row = await tx.one("effects.done_one", id=double.effect)
        if row is None:
            return
        flight = of_row(row)
        runtime.vault.learn(flight.identity, flight.identity_key)
        twice = Settlement(state=EffectState.UNKNOWN, cause=HELD_TWICE)
        await deliver(runtime, tx, facts(flight, twice, runtime.now()))
