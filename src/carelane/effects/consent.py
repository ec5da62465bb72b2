"""An opt-out that only the other side knew of: written down and told, so that nothing more goes to the address."""

from carelane.effects.flight import Flight
from carelane.effects.outbox import Outbox
from carelane.effects.told import fact_of
from carelane.engine.deliver import deliver
from carelane.facts.fact import Fact, Json
from carelane.facts.ids import derive
from carelane.facts.phi import Phi

CONSENT_WITHDRAWN = "consent.withdrawn"


async def opted_out(outbox: Outbox, flight: Flight) -> None:
    """The address of a message that was refused for it wants none; the patient's cases hear of it."""
    runtime = outbox.runtime
    now = runtime.now()
    async with runtime.worker.transaction() as tx:
        [row] = await tx.rows("messaging.sent_effects", effects=[flight.id])
        fact = _withdrawn(outbox, flight, str(row["channel"]))
        tx.put(
            "messaging.state", id=derive(now, "consent", flight.id), organisation=runtime.organisation, identity=None,
            address=row["address_token"], channel=row["channel"], scope="messages", given=False, at=now, fact=fact.id,
        )  # fmt: skip
        await deliver(runtime, tx, [fact])
    runtime.bell.ring("drain")


def _withdrawn(outbox: Outbox, flight: Flight, channel: str) -> Fact:
    now = outbox.runtime.now()
    said: Json = {
        "resourceType": "Consent",
        "status": "inactive",
        "channel": channel,
        "scope": "messages",
    }
    return fact_of(
        flight,
        CONSENT_WITHDRAWN,
        now,
        payload=Phi({"consent": said}, "consent"),
        id_=derive(now, CONSENT_WITHDRAWN, flight.id),
        keys={"effect": str(flight.id)},
    )
