"""Our HL7 v2 sender passes the sender suite, and broken senders are caught by it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from typing_extensions import override

from carelane.connect.hl7v2.sender import Hl7v2Sender
from carelane.facts.intent import Intent
from carelane.facts.ports import Sent, Verdict
from carelane.testing.conformance import sender as suite
from carelane.testing.conformance.hl7v2_rig import CAPABILITIES, open_rig

Check = Callable[[suite.Rig], Awaitable[None]]


async def on_rig(check: Check, capability: str, kind: type[Hl7v2Sender] | None = None) -> None:
    rig = await open_rig(capability, kind=kind)
    try:
        await check(rig)
    finally:
        await rig.close()


@pytest.mark.invariant("I3")
@pytest.mark.requirement("R83")
@pytest.mark.parametrize("check", suite.CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("capability", CAPABILITIES)
async def test_the_hl7v2_sender_keeps_every_rule(check: Check, capability: str) -> None:
    """A site without FHIR hears of our work by HL7 v2, with the same honesty."""
    await on_rig(check, capability)


class UnknownIsRetry(Hl7v2Sender):
    """Mutant: a lost answer is called certainly not done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        if sent.verdict is Verdict.UNKNOWN:
            return Sent(verdict=Verdict.RETRY, cause=sent.cause)
        return sent


class AnyAnswerIsDone(Hl7v2Sender):
    """Mutant: whatever the acknowledgement says, it counts as done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        return (
            Sent(verdict=Verdict.DONE, format=sent.format) if sent.cause.startswith("msa") else sent
        )


class NamesNoFormat(Hl7v2Sender):
    """Mutant: done without saying what was accepted."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        return Sent(verdict=(await super().send(intent, attempt=attempt, now=now)).verdict)


@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        (UnknownIsRetry, suite.check_unknown_is_looked_up),
        (AnyAnswerIsDone, suite.check_lying_success),
        (NamesNoFormat, suite.check_done_once),
        (NamesNoFormat, suite.check_refused_stays_refused),
    ],
)
async def test_a_broken_sender_is_caught(mutant: type[Hl7v2Sender], check: Check) -> None:
    with pytest.raises(suite.Nonconforming):
        await on_rig(check, "ehr.referral.update", mutant)
