"""Sending: one supervised loop per destination, claim, send, settle (hops 8 and 9 of DESIGN.md).

`engine` runs `dispatch` and starts it anew when it fails; what was in flight then is found by `reconcile`.
"""

import asyncio

from carelane.effects.allow import refusal
from carelane.effects.claim import claim
from carelane.effects.consent import opted_out
from carelane.effects.flight import Flight, intent_of
from carelane.effects.outbox import Outbox
from carelane.effects.reaching import prepare
from carelane.effects.routing import BATCH, Routed, find_ways, route_new
from carelane.effects.settle import settle
from carelane.effects.settlement import Outcome, Settlement, dead, sent
from carelane.facts.errors import CarelaneError
from carelane.facts.intent import PATIENT_MESSAGE, Intent
from carelane.facts.ports import OPTED_OUT, Sent, Verdict

_SCOUT_S = 0.25
_REST = 2  # pauses of the runtime between two rounds of the scout: under load it then finds a batch, not one by one
_POLL_S = 1.0  # the scout at door `effects` rings sooner


async def dispatch(outbox: Outbox, name: str, stop: asyncio.Event) -> None:
    """Send for one destination until told to stop, then let what is in flight end.

    Sends run side by side, up to the destination's concurrency; each that ends rings if more wait (`settle`).
    """
    destination = outbox.destinations[name]
    async with asyncio.TaskGroup() as group:
        running: set[asyncio.Task[None]] = set()
        rung = False
        while not stop.is_set():
            free = destination.concurrency - len(running)
            flights = await _ready(outbox, name, limit=free, sure=rung) if free > 0 else []
            for flight in flights:
                task = group.create_task(_one(outbox, flight))
                running.add(task)
                task.add_done_callback(running.discard)
            rung = await outbox.runtime.bell.wait(f"effects/{name}", seconds=_POLL_S)


async def _ready(outbox: Outbox, name: str, *, limit: int, sure: bool) -> list[Flight]:
    """Effects to send now. Unless the scout is `sure` that there are some, nobody's lock is taken to find none."""
    if sure:
        return await claim(outbox, name, limit=limit)
    asked = {"connection": name, "now": outbox.runtime.now()}
    [((due,),)] = await outbox.runtime.worker.ask(("effects.waiting", asked), steady=True)
    return await claim(outbox, name, limit=limit) if due else []


async def scout(outbox: Outbox, stop: asyncio.Event) -> None:
    """Give what is new its connection, once for all destinations, and wake those that have something to send."""
    runtime = outbox.runtime
    while not stop.is_set():
        names = await waiting(outbox)
        new = await route_new(outbox) if "" in names else Routed()
        for name in (names | new.names) - {""}:
            runtime.bell.ring_here(f"effects/{name}")
        if new.done < BATCH:  # else there is more, and nobody else looks for it
            await asyncio.sleep(_REST * runtime.pause_s)
            await runtime.bell.wait("effects", seconds=_SCOUT_S)


async def waiting(outbox: Outbox) -> set[str]:
    """Destinations to which something may go now; the empty name where something has none yet."""
    asked = ("effects.with_waiting", {"now": outbox.runtime.now()})
    (rows,) = await outbox.runtime.worker.ask(asked, steady=True)
    return {name for (name,) in rows}


async def send_ready(outbox: Outbox, name: str) -> int:
    """One round: claim what may go, send it, settle it; how many were sent. For tests and tools."""
    await find_ways(outbox)
    flights = await claim(outbox, name, limit=outbox.destinations[name].concurrency)
    async with asyncio.TaskGroup() as group:
        for flight in flights:
            group.create_task(_one(outbox, flight))
    return len(flights)


async def _one(outbox: Outbox, flight: Flight) -> None:
    started = outbox.runtime.now()
    settlement = await attempt(outbox, flight)
    await settle(outbox, flight, settlement)
    labels = {"connection": flight.connection, "capability": flight.capability}
    seconds = (outbox.runtime.now() - started).total_seconds()
    outbox.runtime.observer.observe("carelane_effect_seconds", labels, seconds)


async def attempt(outbox: Outbox, flight: Flight) -> Settlement:
    """Send a claimed effect once, and judge what came of it."""
    destination = outbox.destinations[flight.connection]
    try:
        intent = intent_of(flight, outbox.runtime.vault)
    except CarelaneError as fault:
        return dead(f"unreadable:{fault.code}", Outcome.NEEDS_PERSON)
    capability = outbox.capability(flight)
    refused = refusal(
        destination, capability, pathway=flight.pathway, content=intent.content.reveal()
    )
    if refused:
        return dead(refused, Outcome.REFUSED)
    if (
        outbox.runtime.now() - (flight.sent_at or outbox.runtime.now())
        >= destination.lease - destination.send_timeout
    ):
        # We were held up after the claim: a request now could outlive the lease.
        return Settlement.again("held-up", outbox.runtime.now())
    if flight.capability == PATIENT_MESSAGE:
        return await _to_patient(outbox, flight, intent)
    return sent(flight, await _send(outbox, flight, intent), outbox.terms(flight))


async def _to_patient(outbox: Outbox, flight: Flight, intent: Intent) -> Settlement:
    """Wish, consent, hour and limit are asked once more; an opt-out that the other side knows of is believed."""
    prepared = await prepare(outbox, flight, intent)
    if isinstance(prepared, Settlement):
        return prepared
    outcome = await _send(outbox, flight, prepared)
    if outcome.verdict is Verdict.REFUSED and outcome.cause == OPTED_OUT and not flight.maybe:
        await opted_out(outbox, flight)
        return Settlement.again(OPTED_OUT, outbox.runtime.now())
    return sent(flight, outcome, outbox.terms(flight))


async def _send(outbox: Outbox, flight: Flight, intent: Intent) -> Sent:
    destination = outbox.destinations[flight.connection]
    sender = outbox.senders[flight.connection]
    try:
        async with asyncio.timeout(destination.send_timeout.total_seconds()):
            return await sender.send(intent, attempt=flight.attempts, now=outbox.runtime.now())
    except TimeoutError:
        return Sent(verdict=Verdict.UNKNOWN, cause="timeout")
