"""The outgoing half of the adapter: one message, one acknowledgement, one honest `Sent`.

HL7 tables 0008 (MSA-1) and 0357 (ERR-3): AA and CA are done. AE and AR are final unless the other
side says that it was a passing trouble (0357 code 207, application internal error, or 206, record
locked): then it is certainly not done and may be tried again. There is no look-up in HL7 v2.
"""

from collections.abc import Mapping
from datetime import datetime

from typing_extensions import override

from carelane.connect.hl7v2.client import Client, NoAnswer, NotSent
from carelane.connect.hl7v2.codec import Message, parse
from carelane.connect.hl7v2.mapping.outgoing import (
    CAPABILITIES,
    UNNAMED,
    Addresses,
    Outgoing,
    Unfit,
    from_intent,
)
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Sender, Sent, Verdict

_DONE = frozenset({"AA", "CA"})
_PASSING = frozenset({"206", "207"})


def capabilities() -> Mapping[str, Capability]:
    """What HL7 v2 can do for an intent; every outcome is blind beyond its acknowledgement."""
    return {
        name: Capability(name=name, effect_class=EffectClass.BLIND, resource=trigger)
        for name, trigger in CAPABILITIES
    }


class Hl7v2Sender(Sender):
    """Sends intents over one MLLP connection."""

    def __init__(self, client: Client, *, addresses: Addresses = UNNAMED) -> None:
        self._client = client
        self._addresses = addresses

    @override
    def capabilities(self) -> Mapping[str, Capability]:
        return capabilities()

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Send once. The control id is the intent's, so a repetition is recognisable."""
        made = from_intent(intent, now=now, addresses=self._addresses)
        if isinstance(made, Unfit):
            return Sent(verdict=Verdict.REFUSED, cause=made.cause)
        try:
            answer = await self._client.send(made.raw)
        except NotSent:
            return Sent(verdict=Verdict.RETRY, cause="mllp-not-sent", format=made.format)
        except NoAnswer:
            return Sent(verdict=Verdict.UNKNOWN, cause="mllp-no-answer", format=made.format)
        return settled(answer, made)

    @override
    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Nothing can be asked in HL7 v2: always unknown."""
        return Sent(verdict=Verdict.UNKNOWN, cause="hl7v2-blind")

    @override
    async def close(self) -> None:
        await self._client.close()


def settled(answer: bytes, made: Outgoing) -> Sent:
    """What an acknowledgement says of our message."""
    message, _ = parse(answer)
    code = (message.get("MSA", 1) or "").upper() if message else ""
    if message is None or not code:
        return Sent(verdict=Verdict.UNKNOWN, cause="mllp-not-an-answer", format=made.format)
    if code in _DONE:
        return Sent(
            verdict=Verdict.DONE, reference=f"MSA {code} {made.control_id}", format=made.format
        )
    error = _error(message)
    verdict = Verdict.RETRY if error in _PASSING else Verdict.REFUSED
    cause = f"msa-{code.lower()}-{error}" if error else f"msa-{code.lower()}"
    return Sent(verdict=verdict, cause=cause, format=made.format)


def _error(message: Message) -> str:
    """The HL7 table 0357 code: ERR-3, else MSA-6, else the old ERR-1.4; empty where none."""
    found = message.get("ERR", 3) or message.get("MSA", 6) or message.get("ERR", 1, 4) or ""
    return found if found.isascii() and found.isdecimal() and len(found) <= 3 else ""  # noqa: PLR2004  # 0357 codes have 3 digits
