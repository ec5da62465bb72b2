"""Both gateways pass the sender suite and the gateway suite; broken adapters are caught by them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest
from typing_extensions import override

from carelane.connect.sms.adapter import open_sender
from carelane.connect.sms.codec import Callback
from carelane.connect.sms.sender import SmsSender
from carelane.connect.sms.twilio import Twilio
from carelane.connect.sms.vonage import Vonage
from carelane.facts.intent import Intent
from carelane.facts.ports import Sent, Verdict
from carelane.testing.conformance import gateway
from carelane.testing.conformance import sender as suite
from carelane.testing.conformance.sms_rig import SmsRig, open_rig

GATEWAYS = ("twilio", "vonage")


async def on_rig(check: Callable[[SmsRig], Awaitable[None]], rig: SmsRig) -> None:
    try:
        await check(rig)
    finally:
        await rig.close()


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("check", suite.CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", GATEWAYS)
async def test_sender_keeps_every_rule(
    check: Callable[[suite.Rig], Awaitable[None]], name: str, tmp_path: Path
) -> None:
    """The suite that every sender passes, whatever it speaks."""
    await on_rig(check, await open_rig(name, tmp_path))


@pytest.mark.parametrize("check", gateway.CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", GATEWAYS)
async def test_gateways_are_interchangeable(
    check: Callable[[SmsRig], Awaitable[None]], name: str, tmp_path: Path
) -> None:
    """The same facts and causes come of both."""
    await on_rig(check, await open_rig(name, tmp_path))


class AcceptedIsWhatNobodyRefused(Twilio):
    """Mutant: any 2xx is done."""

    @override
    def judge(self, answer: object) -> Sent:
        sent = super().judge(answer)  # type: ignore[arg-type]  # the mutant takes what it gets
        done = sent.cause.startswith("http-2")
        return Sent(verdict=Verdict.DONE, format="SMS", reference="x") if done else sent


class ServerErrorIsRetry(SmsSender):
    """Mutant: a 500 is called certainly not done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        sent = await super().send(intent, attempt=attempt, now=now)
        if sent.verdict is Verdict.UNKNOWN:
            return Sent(verdict=Verdict.RETRY, cause=sent.cause)
        return sent


class BelievesAnybody(Twilio):
    """Mutant: a callback without a signature is taken."""

    @override
    def authentic(self, callback: Callback, secret: str, *, now: datetime) -> bool:
        return True


class SignsTheHeadOnly(Vonage):
    """Mutant: the token is checked, what it says of the body and of the time is not."""

    @override
    def authentic(self, callback: Callback, secret: str, *, now: datetime) -> bool:
        return callback.headers.get("authorization", "").startswith("Bearer ")


async def test_mutant_senders_are_caught(tmp_path: Path) -> None:
    rig = await open_rig(
        "twilio",
        tmp_path,
        make=lambda settings: _as(open_sender(settings), ServerErrorIsRetry),
    )
    with pytest.raises(suite.Nonconforming):
        await on_rig(gateway.check_nothing_twice, rig)
    rig = await open_rig("twilio", tmp_path)
    rig.sender._dialect = AcceptedIsWhatNobodyRefused()  # type: ignore[attr-defined]  # noqa: SLF001  # to plant it
    with pytest.raises(suite.Nonconforming):
        await on_rig(suite.check_lying_success, rig)


@pytest.mark.parametrize(
    ("name", "dialect"), [("twilio", BelievesAnybody()), ("vonage", SignsTheHeadOnly())]
)
async def test_mutant_doors_are_caught(name: str, dialect: Twilio | Vonage, tmp_path: Path) -> None:
    rig = await open_rig(name, tmp_path, dialect=dialect)
    with pytest.raises(suite.Nonconforming):
        await on_rig(gateway.check_forgeries, rig)


def _as(sender: SmsSender, kind: type[SmsSender]) -> SmsSender:
    return kind(
        dialect=sender._dialect,  # noqa: SLF001  # the mutant takes its place
        account=sender._account,  # noqa: SLF001  # the same
        wire=sender._wire,  # noqa: SLF001  # the same
    )
