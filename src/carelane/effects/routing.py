"""Where a new effect goes: a capability to its connection, a message to a patient its own way, the rest to a person.

`dispatch.scout` does it for all destinations, a batch in one transaction; messages are one process's at a time.
"""

from collections.abc import Sequence

from carelane.directory.alerting import reach_of
from carelane.effects.destinations import route
from carelane.effects.flight import of_row
from carelane.effects.outbox import Outbox
from carelane.effects.reaching import address
from carelane.effects.settle import write
from carelane.effects.settlement import ended
from carelane.facts.intent import PATIENT_MESSAGE

BATCH = 200


Unserved = Sequence[tuple[str, str]]
"""Capabilities and the sites at which no connection has them."""


async def route_new(outbox: Outbox) -> int:
    """One round: how many effects found their connection one by one, or ended because there is none."""
    done, unserved = await find_ways(outbox)
    return done + await _end(outbox, unserved)


async def find_ways(outbox: Outbox) -> tuple[int, Unserved]:
    """Give new effects their connection: how many messages to patients found theirs, and what has none."""
    unserved = await assign(outbox)
    done = await address(outbox, [site for what, site in unserved if what == PATIENT_MESSAGE])
    return done, [each for each in unserved if each[0] != PATIENT_MESSAGE]


async def assign(outbox: Outbox) -> Unserved:
    """Resolve capabilities to connections; those (capability, site) that no connection serves.

    Messages to patients are among them: each has a way of its own (`reaching.address`).
    """
    unserved: list[tuple[str, str]] = []
    (rows,) = await outbox.runtime.worker.ask(("effects.unrouted", {}), steady=True)
    async with outbox.runtime.worker.transaction(steady=True) as tx:
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
    return unserved


async def _end(outbox: Outbox, unserved: Unserved) -> int:
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
