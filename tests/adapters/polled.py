"""What tests of polling share: a ledger in memory, and a poller that receives into it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from carelane.connect.fhir.mapping.reading import envelope
from carelane.connect.fhir.polling import Poller
from carelane.connect.fhir.progress import Progress, loaded
from carelane.facts.ids import name_id
from carelane.facts.ports import Receipt
from carelane.testing.conformance.fhir_rig import FhirRig
from carelane.testing.ehr.charts import subject


@dataclass(kw_only=True)
class Ledger:
    """What was received, and a cursor, as the store would keep them."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)

    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """Keep the message."""
        self.messages.append((connection, raw))
        return Receipt(outcome="accepted", message=name_id(len(self.messages)))

    async def load(self, name: str) -> str | None:
        """The kept cursor."""
        return self.cursors.get(name)

    async def save(self, name: str, value: str) -> None:
        """Keep the cursor."""
        self.cursors[name] = value

    def ids(self, kind: str) -> list[str]:
        """Control ids of the messages about one kind, as received."""
        found = [envelope(raw).control_id or "" for _, raw in self.messages]
        return [one for one in found if one.startswith(kind)]


def poller(rig: FhirRig, ledger: Ledger, *kinds: str, overlap: int = 120) -> Poller:
    return Poller(
        connection="ehr",
        client=rig.client,
        receive=ledger.receive,
        cursors=ledger,
        kinds=kinds,
        overlap=timedelta(seconds=overlap),
    )


def cursor(ledger: Ledger, kind: str = "ServiceRequest") -> Progress:
    found = loaded(ledger.cursors[f"fhir.poll.ehr.{kind}"])
    assert found is not None
    return found


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": f"new{number}",
        "status": "active",
        "code": {"text": "cardiology referral"},
        "subject": subject(1),
        **more,
    }


async def seconds_of_polls(rig: FhirRig, one: Poller, seconds: int) -> None:
    for _ in range(seconds):
        await rig.wait(timedelta(seconds=1))
        polled = await one.poll(now=rig.now())
        assert all(not kind.cause for kind in polled)
