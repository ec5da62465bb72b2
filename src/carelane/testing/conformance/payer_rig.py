"""A rig for the sender suite: our payer sender against the synthetic payer, over a loopback socket.

The payer's clock is the time of the test, so nothing waits. What the sender keeps is in `kept`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.mapping.claims import Parties, Party
from carelane.connect.fhir.mapping.pas import CAPABILITY
from carelane.connect.fhir.payer import Keep, PayerProfile, PayerSender
from carelane.connect.fhir.transport import Limits
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Receipt, Sender
from carelane.testing.conformance.over_fhir import FAULTS, signed_client
from carelane.testing.ehr.clock import SetClock
from carelane.testing.payer.server import SUBMIT, PayerServer

STARTS_AT: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PARTIES: Final = Parties(
    requestor=Party(name="Northgate Health", number="1942000007"),
    payers={"granite-health": Party(name="Granite Health", number="GRN01", system="urn:payers")},
)
PROFILE: Final = PayerProfile(parties=PARTIES)


@dataclass(kw_only=True)
class PayerRig:
    """A payer and a sender that talks to it."""

    server: PayerServer
    sender: Sender
    client: FhirClient
    kept: list[bytes]
    numbers: Any = field(default_factory=lambda: count(1))

    def intent(self, name: str, *, service: str = "72148", **more: Any) -> Intent:
        """A fresh wish for an authorisation."""
        number = next(self.numbers)
        content: dict[str, Any] = {
            "patient": {"identifier": [{"system": "NORTH", "value": "P0000001"}],
                        "name": [{"family": "Alder", "given": ["Ida"]}], "birthDate": "1958-04-12"},
            "coverage": {"subscriberId": "M-778100", "payor": [{"coding": [{"code": "Granite-Health"}]}]},
            "request": {"identifier": [{"value": f"O{number}"}],
                        "code": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": service}]}},
            "fields": {"documents": "Letter, imaging report"},
            **more,
        }  # fmt: skip
        return Intent(
            id=name_id("payer rig", name, number),
            case=name_id("payer rig case", name),
            step=None,
            name="submit",
            capability=CAPABILITY,
            audience=Audience.RECORD,
            if_unknown=IfUnknown.ASK,
            content=Phi(content, "content"),
        )

    def refused_intent(self, name: str) -> Intent:
        """A wish that the payer answers with 422."""
        self.server.faults.add({"mode": "422", "count": 2, "kind": SUBMIT})
        return self.intent(name)

    async def stage(self, trouble: str) -> bool:
        """Switch the fault on for the next submission."""
        if trouble not in FAULTS:
            return False
        self.server.faults.add(FAULTS[trouble] | {"kind": SUBMIT})
        return True

    async def requests(self) -> int:
        """How many submissions have reached the payer."""
        return sum(one["kind"] == SUBMIT for one in self.server.requests)

    async def held(self, intent: Intent) -> int:
        """How many claims the payer holds under the intent's id."""
        return len(self.server.desk.book.of(str(intent.id)))

    def now(self) -> datetime:
        """The payer's time."""
        return self.server.clock.now()

    async def wait(self, by: timedelta) -> None:
        """Move the payer's clock."""
        self.server.clock.advance(by)

    async def close(self) -> None:
        """Let go of sockets."""
        await self.sender.close()
        await self.client.close()
        await self.server.stop()


async def open_rig(
    *,
    limits: Limits | None = None,
    make: Callable[[FhirClient, Keep], Sender] = lambda client, keep: PayerSender(
        client=client, profile=PROFILE, keep=keep
    ),
) -> PayerRig:
    """Start a payer and a sender for it; `make` lets a test put a broken sender in."""
    server = PayerServer(clock=SetClock(STARTS_AT))
    base = await server.start()
    client = signed_client(server, base, limits=limits)
    kept: list[bytes] = []

    async def keep(raw: bytes) -> Receipt:
        kept.append(raw)
        return Receipt(outcome="accepted", message=None)

    return PayerRig(server=server, sender=make(client, keep), client=client, kept=kept)
