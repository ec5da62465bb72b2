"""A rig for the sender suite: our FHIR sender against the synthetic EHR, over a loopback socket.

The EHR's clock is the time of the test, so nothing waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.sender import FhirSender, Profile
from carelane.connect.fhir.transport import Limits
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Sender
from carelane.testing.conformance import sender as suite
from carelane.testing.conformance.over_fhir import FAULTS, signed_client
from carelane.testing.ehr.charts import subject
from carelane.testing.ehr.clock import SetClock
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer

STARTS_AT: Final = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CLIENT_PROFILES: Final = {
    "a": Profile(update_as_create=True),
    "b": Profile(update_as_create=False, booking="transaction"),
}
"""How the site describes each of the two EHRs."""

_FAULTS: Final = {**FAULTS, suite.HALF_DONE: {"mode": "entry-fails"}}
_WRITES: Final = frozenset({"POST", "PUT"})


@dataclass(kw_only=True)
class FhirRig:
    """An EHR of one profile and a sender that talks to it; `capability` is what its intents ask for."""

    server: EhrServer
    sender: Sender
    client: FhirClient
    profile: str
    capability: str
    numbers: Any = field(default_factory=lambda: count(1))

    def intent(self, name: str) -> Intent:
        """A fresh intent about one of the EHR's patients."""
        number = next(self.numbers)
        patient = subject(1)
        if self.capability == "ehr.appointment.cancel":
            self.server.put(
                {"resourceType": "Appointment", "id": f"rig{number}", "status": "booked"}
            )
        if self.capability == "ehr.slot.release":
            self.server.put(
                {"resourceType": "Slot", "id": f"slot{number}", "status": "busy-tentative"}
            )
        content: dict[str, Any] = {
            "patient": {
                "resourceType": "Patient",
                "id": "p1",
                "identifier": [patient["identifier"]],
            },
            "request": {"resourceType": "ServiceRequest", "id": "s1"},
            "values": {"status": "accepted"},
            "text": "Read back by the covering clinician.",
        }
        return Intent(
            id=name_id("rig", name, number),
            case=name_id("rig case", name),
            step=None,
            name="tell",
            capability=self.capability,
            audience=Audience.RECORD,
            if_unknown=IfUnknown.ASK,
            content=Phi(content, "content"),
            references={"slot": f"Slot/slot{number}", "appointment": f"Appointment/rig{number}"},
        )

    def refused_intent(self, name: str) -> Intent:
        """An intent that the EHR answers with 422."""
        fault = {"mode": "422", "count": 2, "kind": self._written_kind(), "method": self._method()}
        self.server.faults.add(fault)
        return self.intent(name)

    async def stage(self, trouble: str) -> bool:
        """Switch the fault on for the next write."""
        transacts = self._written_kind() == "Bundle"
        if trouble == suite.HALF_DONE and not (transacts and self.profile == "b"):
            return False
        narrowed = {"method": self._method(), "kind": self._written_kind()}
        self.server.faults.add(_FAULTS[trouble] | narrowed)
        return True

    async def requests(self) -> int:
        """How many writes have reached the EHR."""
        return sum(
            1 for one in self.server.requests if one["method"] in _WRITES and one["kind"] != "token"
        )

    async def held(self, intent: Intent) -> int:
        """How many resources carry the intent's id, seen or unseen by search."""
        everything = [one.resource for one in self.server.desk.records.everything()]
        wanted = str(intent.id)
        return sum(
            any(entry.get("value") == wanted for entry in one.get("identifier", []))
            for one in everything
        )

    def now(self) -> datetime:
        """The EHR's time."""
        return self.server.clock.now()

    async def wait(self, by: timedelta) -> None:
        """Move the EHR's clock."""
        self.server.clock.advance(by)

    def _method(self) -> str:
        amends = self.capability in {"ehr.slot.hold", "ehr.slot.release", "ehr.appointment.cancel"}
        return "POST" if self.profile == "b" and not amends else "PUT"

    def _written_kind(self) -> str:
        if self.capability == "ehr.appointment.book" and self.profile == "b":
            return "Bundle"
        return self.sender.capabilities()[self.capability].resource


async def open_rig(
    profile: str = "a",
    *,
    capability: str = "ehr.referral.update",
    limits: Limits | None = None,
    ehr: Mapping[str, Any] | None = None,
    make: Callable[[FhirClient, Profile], Sender] = lambda client, known: FhirSender(
        client=client, profile=known
    ),
) -> FhirRig:
    """Start an EHR and a sender for it; `make` lets a test put a broken sender in, `ehr` change the profile."""
    described = replace(PROFILES[profile], **(ehr or {}))
    server = EhrServer(profile=described, clock=SetClock(STARTS_AT))
    base = await server.start()
    client = signed_client(server, base, limits=limits)
    known = CLIENT_PROFILES[profile]
    sender = make(client, known)
    return FhirRig(
        server=server, sender=sender, client=client, profile=profile, capability=capability
    )
