"""The HL7 v2 sender's rig: the synthetic hospital's MLLP receiver, and the troubles it can stage."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from carelane.connect.hl7v2.adapter import open_sender
from carelane.connect.hl7v2.mapping.outgoing import control_id
from carelane.connect.hl7v2.sender import Hl7v2Sender
from carelane.facts.fact import Json
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Sender
from carelane.testing.conformance import sender as suite
from carelane.testing.mllp import Receiver

_FAULTS = {suite.CUT_AFTER: "cut", suite.HALF_ANSWER: "half", suite.LYING: "error"}
_PATIENT: Json = {"identifier": [{"system": "NORTH", "value": "P0000001"}]}
_CONTENT: dict[str, dict[str, Json]] = {
    "ehr.referral.update": {
        "request": {"identifier": [{"system": "HIS", "value": "REF1"}]},
        "values": {"status": "accepted"},
    },
    "ehr.appointment.book": {"appointment": {"start": "2026-12-01T09:00:00Z"}},
    "ehr.appointment.cancel": {"appointment": {"identifier": [{"value": "APT1"}]}},
    "ehr.communication": {"text": "Please call back."},
    "ehr.document": {"text": "A note."},
}
CAPABILITIES = tuple(_CONTENT)


@dataclass(kw_only=True)
class Hl7v2Rig:
    """A sender and the hospital it talks to. `close` lets go of both."""

    sender: Sender
    hospital: Receiver
    capability: str
    at: datetime = field(default=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))

    def intent(self, name: str) -> Intent:
        """A fresh intent that the hospital accepts."""
        return self._intent(name, {"patient": _PATIENT, **_CONTENT[self.capability]})

    def refused_intent(self, name: str) -> Intent | None:
        """One without a patient: it can't be said."""
        return self._intent(name, {})

    async def stage(self, trouble: str) -> bool:
        """Make the next message meet a trouble; busy has no time to come back in HL7 v2."""
        fault = _FAULTS.get(trouble)
        if fault:
            self.hospital.faults.append(fault)
        return fault is not None

    async def requests(self) -> int:
        """How many messages have arrived."""
        return len(self.hospital.received)

    async def held(self, intent: Intent) -> int:
        """Whether the hospital keeps a message of the intent."""
        return int(control_id(intent) in self.hospital.kept)

    def now(self) -> datetime:
        """The time of the test."""
        return self.at

    async def wait(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by

    async def close(self) -> None:
        """Close both ends."""
        await self.sender.close()
        await self.hospital.close()

    def _intent(self, name: str, content: dict[str, Json]) -> Intent:
        return Intent(
            id=name_id("rig", self.capability, name),
            case=name_id("rig", "case"),
            step=None,
            name=name,
            capability=self.capability,
            audience=Audience.RECORD,
            if_unknown=IfUnknown.ASK,
            content=Phi(content),
        )


async def open_rig(capability: str, *, kind: type[Hl7v2Sender] | None = None) -> Hl7v2Rig:
    """A rig for one capability; `kind` puts another class in the sender's place."""
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    hospital = Receiver(now=lambda: at)
    port = await hospital.open()
    sender = open_sender(
        {"host": "127.0.0.1", "port": port, "answer_s": 0.5}, kind=kind or Hl7v2Sender
    )
    return Hl7v2Rig(sender=sender, hospital=hospital, capability=capability)
