"""Where a new effect goes: a capability to its connection, a message to a patient its own way, the rest to a person.

`dispatch.scout` does it for all destinations, a batch in one transaction; messages are one process's at a time.
"""

from collections.abc import Sequence
from typing import NamedTuple

from carelane.directory.alerting import reach_of
from carelane.effects.destinations import route
from carelane.effects.flight import of_row
from carelane.effects.outbox import Outbox
from carelane.effects.reaching import address
from carelane.effects.settle import write
from carelane.effects.settlement import ended
from carelane.facts.intent import PATIENT_MESSAGE
from carelane.store.database import Later

BATCH = 200


class Routed(NamedTuple):
    """How many effects were looked at one by one, and the destinations to which something may go since.

    `unserved`: capabilities and the sites at which no connection has them.
    """

    done: int = 0
    names: frozenset[str] = frozenset()
    unserved: Sequence[tuple[str, str]] = ()


async def route_new(outbox: Outbox) -> Routed:
    """One round: how many effects found their connection one by one, or ended because there is none."""
    found = await find_ways(outbox)
    ended_now = await _end(outbox, found.unserved)
    return found._replace(done=found.done + ended_now)


async def find_ways(outbox: Outbox) -> Routed:
    """Give new effects their connection: how many messages to patients found theirs, and what has none."""
    one = await assign(outbox)
    sites = [site for what, site in one.unserved if what == PATIENT_MESSAGE]
    done, names = await address(outbox, sites)
    unserved = [each for each in one.unserved if each[0] != PATIENT_MESSAGE]
    return Routed(done, one.names | names, unserved)


async def assign(outbox: Outbox) -> Routed:
    """Resolve capabilities to connections, all effects of one at once.

    Messages to patients are among what is not served: each has a way of its own (`reaching.address`).
    """
    unserved: list[tuple[str, str]] = []
    runtime, names = outbox.runtime, Later()
    (rows,) = await runtime.worker.ask(("effects.unrouted", {}), steady=True)
    async with runtime.worker.transaction(steady=True) as tx:
        for capability, site, asked_by in rows:
            name = route(outbox.destinations.values(), capability, site, reach_of(asked_by))
            if name is None or capability == PATIENT_MESSAGE:
                unserved.append((capability, site))
            else:
                tx.put(
                    "effects.route",
                    connection=name,
                    capability=capability,
                    site=site,
                    asked_by=asked_by,
                )
        if len(unserved) < len(rows):
            names = tx.afterwards("effects.with_waiting", now=runtime.now())
    return Routed(0, frozenset(name for (name,) in names.rows), unserved)


async def _end(outbox: Outbox, unserved: Sequence[tuple[str, str]]) -> int:
    """Effects of a capability that no connection of their site has: a person must know."""
    done = 0
    for capability, site in unserved:
        async with outbox.runtime.worker.transaction() as tx:
            rows = await tx.rows(
                "effects.unroutable", capability=capability, site=site, limit=BATCH
            )
            for flight in map(of_row, rows):
                await write(outbox, tx, flight, ended(flight, "no-connection"))
        done += len(rows)
    if done:
        outbox.runtime.bell.ring("drain")
    return done
