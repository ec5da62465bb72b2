"""Prior authorisations at a payer (Da Vinci PAS): submitted once, looked up when nobody knows, asked after when pended.

`Claim/$submit` answers at once with a ClaimResponse. That answer is a message like any other: it is kept (`keep`)
before the sending counts as done, so that none is lost between the payer and us.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import (
    Answer,
    Lost,
    Reply,
    Resource,
)
from carelane.connect.fhir.mapping.authorisations import (
    effect_of,
    gathered,
    kept,
    outcome_of,
)
from carelane.connect.fhir.mapping.claims import Parties, inquiry_of, package_of
from carelane.connect.fhir.mapping.outgoing import Unfit
from carelane.connect.fhir.mapping.pas import CAPABILITY, CLAIM_FIELDS, refusal
from carelane.connect.fhir.mapping.reviews import number_of
from carelane.connect.fhir.verdicts import judge_failure, readable
from carelane.facts.errors import CarelaneError
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import PENDED, Capability, Receipt, Sent, Verdict

SUBMIT: Final = "Claim/$submit"
INQUIRE: Final = "Claim/$inquire"
FORMAT: Final = "FHIR R4 PAS ClaimResponse"
HORIZON_S: Final = 30
INQUIRE_EVERY_S: Final = 3600
_ABSENT: Final = "absent"

Keep = Callable[[bytes], Awaitable[Receipt]]
"""Stores an answer as a message of this connection; returns after the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayerProfile:
    """What this payer can do. `every_s`: how long between two questions about a pended claim."""

    parties: Parties
    horizon_s: int = HORIZON_S
    every_s: float = INQUIRE_EVERY_S
    writes: frozenset[str] = field(default=CLAIM_FIELDS)


class PayerSender:
    """The outgoing half. Every end is a `Sent`; nothing the payer does raises."""

    def __init__(self, *, client: FhirClient, profile: PayerProfile, keep: Keep) -> None:
        self._client = client
        self._profile = profile
        self._keep = keep

    def capabilities(self) -> Mapping[str, Capability]:
        """One: to ask for an authorisation. The payer can be asked by our number, so it is searchable."""
        return capabilities_of(self._profile)

    def asks_every(self) -> Mapping[str, float]:
        """Seconds between two questions about what was submitted and is not decided yet."""
        return {CAPABILITY: self._profile.every_s}

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """Submit once, and keep the answer."""
        del attempt
        bundle = package_of(intent, self._profile.parties, now=now)
        if isinstance(bundle, Unfit):
            return Sent(verdict=Verdict.REFUSED, cause=bundle.cause)
        if cause := refusal(bundle, self._profile.writes):
            return Sent(verdict=Verdict.REFUSED, cause=cause)
        reply = await self._client.operate(SUBMIT, bundle, now=now)
        sent = await self._heard(reply, str(intent.id), now)
        silent = sent.verdict is Verdict.REFUSED and sent.cause == _ABSENT
        return Sent(verdict=Verdict.UNKNOWN, cause="no-answer") if silent else sent

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Ask whether the payer has the claim: `Claim/$inquire` by our number. What it answers is kept too."""
        bundle = inquiry_of(intent, self._profile.parties, now=now)
        if isinstance(bundle, Unfit):
            return Sent(verdict=Verdict.REFUSED, cause=_ABSENT)  # it could never have left
        reply = await self._client.operate(INQUIRE, bundle, now=now)
        sent = await self._heard(reply, str(intent.id), now)
        unsure = sent.verdict in {Verdict.REFUSED, Verdict.CONFLICT} and sent.cause != _ABSENT
        return Sent(verdict=Verdict.UNKNOWN, cause=sent.cause) if unsure else sent

    async def ask(self, intent: Intent, *, now: datetime) -> Sent:
        """Ask again about a claim that the payer has: DONE, with the cause `pended` while it isn't decided."""
        return await self.look_up(intent, now=now)

    async def count(self, capability: str, effect: UUID, *, now: datetime) -> int | None:
        """A payer can be asked about one claim of one member only, so a sweep learns nothing here."""
        del capability, effect, now
        return None

    async def close(self) -> None:
        """Let go of sockets."""
        await self._client.close()

    async def _heard(self, reply: Reply, effect: str, now: datetime) -> Sent:
        if isinstance(reply, Lost):
            return reply.as_sent()
        if not reply.ok:
            return judge_failure(reply, now=now)
        message, cause = _message(reply)
        if message is None:
            return Sent(verdict=Verdict.UNKNOWN, cause=cause)
        resources, company = gathered(message)
        responses = [one for one in resources if one["resourceType"] == "ClaimResponse"]
        if not responses:
            return Sent(verdict=Verdict.REFUSED, cause=_ABSENT)
        ours = [one for one in responses if effect_of(one, company) == effect]
        if not ours:
            return Sent(verdict=Verdict.UNKNOWN, cause="not-ours")
        return await self._judged(message, ours, resources)

    async def _judged(
        self, message: Resource, ours: list[Resource], beside: list[Resource]
    ) -> Sent:
        response = ours[-1]
        if response.get("outcome") == "error" and not response.get("item"):
            return Sent(verdict=Verdict.REFUSED, cause="payer-error")
        outcome = outcome_of(response, beside)
        try:
            await self._keep(kept(message))
        except CarelaneError as fault:  # the payer has it; the look-up hears the answer again
            return Sent(verdict=Verdict.UNKNOWN, cause=f"not-kept-{fault.code}")
        cause = "duplicates" if len(ours) > 1 else PENDED if outcome == PENDED else ""
        return Sent(verdict=Verdict.DONE, cause=cause, reference=number_of(response), format=FORMAT)


def capabilities_of(profile: PayerProfile) -> Mapping[str, Capability]:
    """What a connection with this profile can do."""
    return {
        CAPABILITY: Capability(
            name=CAPABILITY,
            effect_class=EffectClass.SEARCHABLE,
            resource="Claim",
            fields=profile.writes,
            horizon_s=profile.horizon_s,
        )
    }


def _message(answer: Answer) -> tuple[Resource | None, str]:
    message, cause = readable(answer)
    if message is None:
        return None, cause
    known = message["resourceType"] in {"Bundle", "Parameters", "ClaimResponse"}
    return (message, "") if known else (None, "not-a-bundle")
