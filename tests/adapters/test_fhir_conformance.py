"""Our FHIR sender passes the sender suite on both EHR profiles, and broken senders are caught by it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest
from typing_extensions import override

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Answer, Lost
from carelane.connect.fhir.sender import FhirSender, Profile
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Capability, Sent, Verdict
from carelane.testing.conformance import sender as suite
from carelane.testing.conformance.fhir_rig import FhirRig, open_rig

CASES = [
    (profile, capability)
    for profile in ("a", "b")
    for capability in (
        "ehr.referral.update",
        "ehr.communication",
        "ehr.appointment.book",
        "ehr.document",
        "ehr.appointment.cancel",
        "ehr.slot.hold",
        "ehr.slot.release",
        "staff.alert",
        "patient.letter",
    )
]


async def on_rig(check: Callable[[FhirRig], Awaitable[None]], rig: FhirRig) -> None:
    try:
        await check(rig)
    finally:
        await rig.sender.close()
        await rig.client.close()
        await rig.server.stop()


@pytest.mark.invariant("I3")
@pytest.mark.requirement("R92")
@pytest.mark.parametrize("check", suite.CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("profile", "capability"), CASES)
async def test_sender_keeps_every_rule(
    check: Callable[[suite.Rig], Awaitable[None]], profile: str, capability: str
) -> None:
    """Every check of the suite, for every capability, on both EHRs."""
    await on_rig(check, await open_rig(profile, capability=capability))


class StatusLineOnly(FhirSender):
    """Mutant: a 2xx is done, whatever the body or the entries say."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        seen = sent.cause.startswith(("half", "outcome", "entry", "not-", "location"))
        if seen:
            return Sent(verdict=Verdict.DONE, format="FHIR R4")
        return sent


class UnknownIsRetry(FhirSender):
    """Mutant: a lost answer is called certainly not done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        if sent.verdict is Verdict.UNKNOWN:
            return Sent(verdict=Verdict.RETRY, cause=sent.cause)
        return sent


class ResendsBlindly(FhirSender):
    """Mutant: sends again by itself after a lost answer, without looking, and without our id."""

    def __init__(self, *, client: FhirClient, profile: Profile) -> None:
        super().__init__(
            client=client,
            profile=replace(profile, update_as_create=False, conditional_create=False),
        )
        self.client = client

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        if sent.verdict is Verdict.UNKNOWN:
            await super().send(intent, attempt=attempt, now=now)
        return sent


class DropsRetryAfter(FhirSender):
    """Mutant: does not hear the time to come back."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        return Sent(
            verdict=sent.verdict, cause=sent.cause, reference=sent.reference, format=sent.format
        )


class TrustsOneAbsence(FhirSender):
    """Mutant: calls itself keyed where the search is thirty seconds behind."""

    @override
    def capabilities(self) -> dict[str, Capability]:
        return {
            name: Capability(name=name, effect_class=EffectClass.KEYED, resource=one.resource)
            for name, one in super().capabilities().items()
        }


MUTANTS: list[tuple[type[FhirSender], str, str, Callable[[suite.Rig], Awaitable[None]]]] = [
    (StatusLineOnly, "b", "ehr.appointment.book", suite.check_half_done),
    (StatusLineOnly, "a", "ehr.referral.update", suite.check_lying_success),
    (UnknownIsRetry, "a", "ehr.referral.update", suite.check_unknown_is_looked_up),
    (ResendsBlindly, "b", "ehr.communication", suite.check_unknown_is_looked_up),
    (DropsRetryAfter, "a", "ehr.referral.update", suite.check_busy_is_retried),
    (TrustsOneAbsence, "b", "ehr.communication", suite.check_unknown_is_looked_up),
]


@pytest.mark.invariant("I3")
@pytest.mark.parametrize(("mutant", "profile", "capability", "check"), MUTANTS)
async def test_suite_catches_broken_senders(
    mutant: type[FhirSender],
    profile: str,
    capability: str,
    check: Callable[[suite.Rig], Awaitable[None]],
) -> None:
    """Each mutant breaks one rule; the suite says so."""
    rig = await open_rig(
        profile,
        capability=capability,
        make=lambda client, known: mutant(client=client, profile=known),
    )
    with pytest.raises(suite.Nonconforming):
        await on_rig(check, rig)


def test_reply_types_hide_patient_data() -> None:
    """What a server said never shows in a repr."""
    answer = Answer(status=200, body=b"canary", headers={"x": "canary"}, locations=("canary",))
    assert "canary" not in repr(answer)
    assert Lost(cause="timeout", sent=True).as_sent().verdict is Verdict.UNKNOWN
