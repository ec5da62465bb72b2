"""Taking effects to send, and unknown ones to look up: leases, within breaker, quota and concurrency.

`gate.opening` judges the connection's row under its lock; `effects.claim` is the one UPDATE. A claim is
confirmed once it has committed, so that a cancellation that became durable meanwhile stops it (I6).
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import count
from uuid import UUID

from carelane.audit.actions import Action
from carelane.audit.leaf import Change, Thing
from carelane.effects.destinations import Destination
from carelane.effects.flight import Flight, of_row
from carelane.effects.gate import CLOSED, Gate, Opening, opening
from carelane.effects.outbox import Outbox
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, write
from carelane.store.database import Row, Tx

READY, SENDING = "ready", "sending"
_claims = count(1)


async def know(outbox: Outbox) -> None:
    """A row for each destination: called once at start."""
    async with outbox.runtime.worker.transaction() as tx:
        for each in outbox.destinations.values():
            tx.put(
                "effects.know_connection",
                organisation=outbox.runtime.organisation,
                connection=each.name,
                kind="outgoing",
                site=each.site,
            )


async def claim(outbox: Outbox, name: str, *, limit: int) -> list[Flight]:
    """Take at most `limit` effects of a destination; each is committed as `sending` before anything leaves."""
    runtime, destination = outbox.runtime, outbox.destinations[name]
    now = runtime.now()
    lease = _lease(outbox, now)
    async with runtime.worker.transaction(steady=True) as tx:
        gate = await _gate(tx, destination, now)
        rows = await tx.rows(
            "effects.claim",
            connection=name,
            now=now,
            ordered=destination.ordered,
            slots=gate.slots,
            paid=min(limit, gate.paid),
            lease=lease,
            lease_until=now + destination.lease,
        )
        taken = [row["id"] for row in rows]
        if not taken:
            return []
        _spend(tx, name, gate, len(taken), now)
        write(tx, _deed(outbox, name), _changes(taken, READY, SENDING))
        called_back = tx.afterwards("effects.called_back", ids=taken)
    stopped = {id_ for (id_,) in called_back.rows}
    if stopped:
        await _give_back(outbox, name, sorted(stopped), lease)
    return _flights(outbox, [row for row in rows if row["id"] not in stopped])


async def _give_back(outbox: Outbox, name: str, effects: Sequence[UUID], lease: str) -> None:
    async with outbox.runtime.worker.transaction(steady=True) as tx:
        rows = await tx.rows("effects.give_back", ids=effects, lease=lease)
        if rows:
            write(tx, _deed(outbox, name), _changes([row["id"] for row in rows], SENDING, READY))


async def claim_looks(outbox: Outbox, name: str, *, limit: int) -> list[Flight]:
    """Take unknown effects whose look-up is due; look-ups count against the quota too."""
    runtime, destination = outbox.runtime, outbox.destinations[name]
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        gate = await _gate(tx, destination, now)
        rows = await tx.rows(
            "effects.claim_looks",
            connection=name,
            now=now,
            paid=min(limit, gate.paid),
            lease=_lease(outbox, now),
            lease_until=now + destination.lease,
        )
        if rows:
            _spend(tx, name, gate, len(rows), now)
    return _flights(outbox, rows)


async def pay(outbox: Outbox, name: str) -> bool:
    """Take one request out of a destination's budget for a question of our own; False: not now."""
    destination, now = outbox.destinations[name], outbox.runtime.now()
    async with outbox.runtime.worker.transaction() as tx:
        gate = await _gate(tx, destination, now)
        if gate.paid < 1 or gate.state != CLOSED:
            return False
        _spend(tx, name, gate, 1, now)
    return True


async def _gate(tx: Tx, destination: Destination, now: datetime) -> Opening:
    row = await tx.one("effects.gate", connection=destination.name)
    return opening(Gate(**row) if row else Gate(), destination, now)


def _spend(tx: Tx, name: str, gate: Opening, taken: int, now: datetime) -> None:
    """What left. A gate that nobody passed stays as it was: half-open only when a probe really left."""
    tokens = gate.tokens - taken
    tx.put("effects.spend", connection=name, state=gate.state, tokens=tokens, now=now)


def _deed(outbox: Outbox, name: str) -> Deed:
    return Deed(
        organisation=outbox.runtime.organisation,
        at=outbox.runtime.now(),
        action=Action.EFFECT_CLAIMED,
        actor=Actor.CARELANE,
        name=name,
    )


def _changes(effects: Sequence[UUID], before: str, after: str) -> Sequence[Change]:
    return [Change(thing=Thing.EFFECT, id=each, before=before, after=after) for each in effects]


def _lease(outbox: Outbox, now: datetime) -> str:
    return f"{outbox.runtime.process}/{now.isoformat()}/{next(_claims)}"


def _flights(outbox: Outbox, rows: Sequence[Row]) -> list[Flight]:
    for row in rows:
        outbox.runtime.vault.learn(row["identity"], row["identity_key"])
    return sorted((of_row(row) for row in rows), key=lambda flight: (-flight.urgency, flight.id))
