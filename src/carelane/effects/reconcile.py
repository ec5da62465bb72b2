"""Unknown outcomes are looked up before anything is sent again; what can never be sent is ended (I3, I6, I10).

Periodic, per destination that has any: leases that ran out while sending, look-ups that are due, effects past their
time. One question for all destinations (`watch`) tells which.
"""

import asyncio

from carelane.cases.model import EffectState
from carelane.effects.claim import claim_looks
from carelane.effects.flight import Flight, intent_of, of_row
from carelane.effects.following import ask_due
from carelane.effects.outbox import Outbox
from carelane.effects.settle import settle, write
from carelane.effects.settlement import (
    Health,
    Outcome,
    Settlement,
    ended,
    find_out,
    looked,
    lost,
)
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Sent, Verdict

_BATCH = 100
_EVERY_S = 5.0
_ALONE_S = 60.0  # the watch rings sooner; this is for one that failed


async def watch(outbox: Outbox, stop: asyncio.Event) -> None:
    """Ask once for all destinations which have something to reconcile, and wake those, until told to stop."""
    bell = outbox.runtime.bell
    while not stop.is_set():
        for name in await unsettled(outbox):
            bell.ring_here(f"reconcile/{name}")
        if not stop.is_set():  # a door that nobody waits at yet can't be rung
            await bell.wait("reconcile/", seconds=_EVERY_S)


async def unsettled(outbox: Outbox) -> list[str]:
    """Destinations at which `reconcile_once` may find something."""
    asked = {"connections": sorted(outbox.destinations), "now": outbox.runtime.now()}
    (rows,) = await outbox.runtime.worker.ask(("effects.with_unsettled", asked), steady=True)
    return [name for (name,) in rows]


async def reconcile(outbox: Outbox, name: str, stop: asyncio.Event) -> None:
    """Keep one destination's unknown and overdue effects moving, until told to stop."""
    while not stop.is_set():
        await reconcile_once(outbox, name)
        if not stop.is_set():  # as above: the first round may outlast the ring
            await outbox.runtime.bell.wait(f"reconcile/{name}", seconds=_ALONE_S)


async def reconcile_once(outbox: Outbox, name: str) -> int:
    """One round of everything; how many effects it moved."""
    moved = await receipted(outbox, name)
    moved += await recover_lost(outbox, name)
    moved += await end_overdue(outbox, name)
    moved += await look_up_due(outbox, name)
    moved += await ask_due(outbox, name)
    if moved:
        outbox.runtime.bell.ring("drain")
        outbox.runtime.bell.ring("effects")
    return moved


async def recover_lost(outbox: Outbox, name: str) -> int:
    """Effects whose sender died with them: nobody knows, so they are judged as unknown."""
    async with outbox.runtime.worker.transaction() as tx:
        rows = await tx.rows(
            "effects.lost", connection=name, now=outbox.runtime.now(), limit=_BATCH
        )
        for flight in map(of_row, rows):
            await write(outbox, tx, flight, lost(flight, outbox.terms(flight)))
    return len(rows)


async def receipted(outbox: Outbox, name: str) -> int:
    """Messages whose end nobody knew, until a receipt showed that the gateway had taken them."""
    async with outbox.runtime.worker.transaction() as tx:
        rows = await tx.rows("messaging.receipted", connection=name, limit=_BATCH)
        for flight in map(of_row, rows):
            done = Settlement(state=EffectState.DONE, cause="receipt", outcome=Outcome.DONE)
            await write(outbox, tx, flight, done)
    return len(rows)


async def end_overdue(outbox: Outbox, name: str) -> int:
    """Effects that can never be claimed again: past their time or budget, cancelled, behind a failed one."""
    runtime, destination = outbox.runtime, outbox.destinations[name]
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        rows = await tx.rows(
            "effects.overdue",
            connection=name,
            now=now,
            give_up_before=now - destination.give_up_after,
            limit=_BATCH,
        )
        for row in rows:
            flight = of_row(row)
            await write(outbox, tx, flight, _overdue(outbox, flight, row["why"]))
    return len(rows)


def _overdue(outbox: Outbox, flight: Flight, why: str) -> Settlement:
    if not flight.maybe:
        return ended(flight, why)
    unsure = Sent(verdict=Verdict.UNKNOWN, cause=why)
    return find_out(flight, unsure, outbox.terms(flight), health=Health.SILENT)


async def look_up_due(outbox: Outbox, name: str) -> int:
    """Ask the other side about unknown effects whose look-up is due."""
    flights = await claim_looks(outbox, name, limit=outbox.destinations[name].concurrency)
    async with asyncio.TaskGroup() as group:
        for flight in flights:
            group.create_task(_look(outbox, flight))
    return len(flights)


async def _look(outbox: Outbox, flight: Flight) -> None:
    destination = outbox.destinations[flight.connection]
    try:
        intent = intent_of(flight, outbox.runtime.vault)
        async with asyncio.timeout(destination.send_timeout.total_seconds()):
            found = await outbox.senders[flight.connection].look_up(
                intent, now=outbox.runtime.now()
            )
    except TimeoutError:
        found = Sent(verdict=Verdict.UNKNOWN, cause="timeout")
    except CarelaneError as fault:
        found = Sent(verdict=Verdict.UNKNOWN, cause=f"unreadable:{fault.code}")
    await settle(outbox, flight, looked(flight, found, outbox.terms(flight)))
