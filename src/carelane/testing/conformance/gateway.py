"""What every SMS gateway's adapter must do beside the sender suite: numbers, opt-out, receipts, replies, signatures.

A gateway is interchangeable if its adapter passes both suites: the same facts come of it, whatever it calls them.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from carelane.connect.sms.codec import BAD_NUMBER
from carelane.facts.ports import OPTED_OUT, Verdict
from carelane.testing.conformance.sender import Nonconforming
from carelane.testing.conformance.sms_rig import SmsRig

PATIENT: Final = "+15550004711"
_ACCEPTED: Final = 204
_REFUSED: Final = 401


async def check_bad_number(rig: SmsRig) -> None:
    """A number that is none is refused, with one cause whatever the gateway."""
    sent = await rig.sender.send(rig.refused_intent("bad"), attempt=1, now=rig.now())
    _need(sent.verdict is Verdict.REFUSED, f"a bad number is {sent.verdict}, not refused")
    _need(sent.cause == BAD_NUMBER, f"a bad number is called {sent.cause}")


async def check_opted_out(rig: SmsRig) -> None:
    """Who has opted out gets nothing, and we hear of it: by the answer, or by a receipt."""
    rig.gateway.opted_out.add(PATIENT)
    intent = rig.intent("opted out", to=PATIENT)
    sent = await rig.sender.send(intent, attempt=1, now=rig.now())
    if sent.verdict is Verdict.DONE:
        await rig.gateway.receipt(rig.gateway.accepted[-1], "failed", "opted-out")
        told = [(one.type, _said(one.payload.reveal(), "cause")) for one in rig.heard()]
        _need(("message.failed", OPTED_OUT) in told, "the receipt of an opt-out was not understood")
        _need("consent.withdrawn" in dict(told), "an opt-out at the gateway is not told as one")
    else:
        _need(sent.cause == OPTED_OUT, f"an opt-out is called {sent.cause}")
    _need(await rig.held(intent) == 0, "a text went out to somebody who has opted out")


async def check_down_and_up(rig: SmsRig) -> None:
    """Not available, or cut before anything was read: not done or unknown, and never done."""
    rig.gateway.faults.append("down")
    sent = await rig.sender.send(rig.intent("down"), attempt=1, now=rig.now())
    _need(sent.verdict is Verdict.RETRY, f"503 is {sent.verdict}")
    _need(sent.retry_at is not None, "503 without Retry-After leaves no pause")
    await rig.wait(_pause(sent.retry_at, rig))
    rig.gateway.faults.append("reset-before")
    cut = await rig.sender.send(rig.intent("cut"), attempt=1, now=rig.now())
    _need(cut.verdict is Verdict.UNKNOWN, f"a cut connection is {cut.verdict}")


async def check_receipts(rig: SmsRig) -> None:
    """A signed receipt becomes one fact with our effect's id; one on its way says nothing; twice is once."""
    intent = rig.intent("receipt")
    await rig.sender.send(intent, attempt=1, now=rig.now())
    taken = rig.gateway.taken[-1]
    for status in ("sent", "delivered", "delivered"):
        answer = await rig.gateway.receipt(taken, status)
        _need(answer == _ACCEPTED, f"a receipt was answered {answer}")
    heard = rig.heard()
    _need([one.type for one in heard] == ["message.delivered"], "a receipt is not one delivery")
    _need(heard[0].keys.get("effect") == str(intent.id), "a receipt lost our id")
    await rig.gateway.receipt(taken, "failed", "unreachable")
    last = rig.heard()[-1]
    _need(last.type == "message.failed", "a failed delivery is not told")
    _need(_said(last.payload.reveal(), "cause") == "unreachable", "a failure has no stable cause")


async def check_replies(rig: SmsRig) -> None:
    """Whole phrases are codes, STOP and START are consent, everything else is text for a person."""
    wanted = (
        ("STOP", "consent.withdrawn", "stop"),
        ("start", "consent.given", "start"),
        ("HELP", "message.replied", "help"),
        ("Yes!", "message.replied", "yes"),
        ("no", "message.replied", "no"),
        ("please stop by at five", "message.replied", "text"),
        ("Mañana no puedo & más + 100%", "message.replied", "text"),
    )
    for text, type_, code in wanted:
        answer = await rig.gateway.reply(PATIENT, text, rig.callback)
        _need(answer == _ACCEPTED, f"a reply was answered {answer}")
        draft = rig.heard()[-1]
        payload = draft.payload.reveal()
        _need(draft.type == type_, f"`{text}` is {draft.type}")
        _need(_said(payload, "answer") == code, f"`{text}` is answered {_said(payload, 'answer')}")
        _need(draft.keys.get("address") == PATIENT, "the number is not in one spelling")
        _need(_text(payload) == text, "the words were changed on the way")


async def check_forgeries(rig: SmsRig) -> None:
    """Without the right signature, or with another body under it, nothing is kept."""
    flavour, url = rig.gateway.flavour, rig.callback
    true = flavour.reply(PATIENT, "STOP", "SM1", url, at=rig.now())
    forged = (
        replace(true, headers={}),
        replace(true, body=true.body.replace(b"STOP", b"START")),
        replace(true, url=f"{url}?effect=00000000-0000-8000-8000-000000000001")
        if flavour.name == "twilio"
        else flavour.reply(PATIENT, "STOP", "SM1", url, at=rig.now().replace(year=2020)),
    )
    for posted in forged:
        answer = await rig.gateway.post(posted)
        _need(answer == _REFUSED, f"a forged callback was answered {answer}")
    large = replace(true, body=true.body + b" " * 70_000)
    _need(await rig.gateway.post(large) == 413, "a callback of any size is taken")  # noqa: PLR2004  # RFC 9110
    _need(not rig.kept, "a forged callback was kept")


async def check_nothing_twice(rig: SmsRig) -> None:
    """After an unknown end nothing is sent again by itself."""
    for fault in ("reset-after", "error-after", "half-after", "lying"):
        rig.gateway.faults.append(fault)
        sent = await rig.sender.send(rig.intent(fault), attempt=1, now=rig.now())
        _need(sent.verdict is Verdict.UNKNOWN, f"{fault} is {sent.verdict}, not unknown")
    _need(rig.gateway.doubles == 0, "a text went out twice")


async def check_silence(rig: SmsRig) -> None:
    """No answer in time is unknown, whether the text went out or not."""
    for fault in ("hang-before", "hang-after"):
        rig.gateway.faults.append(fault)
        sent = await rig.impatient.send(rig.intent(fault), attempt=1, now=rig.now())
        _need(sent.verdict is Verdict.UNKNOWN, f"{fault} is {sent.verdict}, not unknown")
        _need(sent.cause == "timeout", f"{fault} is called {sent.cause}")


CHECKS: Final[Sequence[Callable[[SmsRig], Awaitable[None]]]] = (
    check_bad_number,
    check_opted_out,
    check_down_and_up,
    check_receipts,
    check_replies,
    check_forgeries,
    check_nothing_twice,
    check_silence,
)


def _said(payload: Any, name: str) -> Any:
    return payload["communication"].get(name)


def _text(payload: Any) -> Any:
    return payload["communication"]["payload"][0]["contentString"]


def _pause(retry_at: Any, rig: SmsRig) -> Any:
    return retry_at - rig.now()


def _need(true: bool, sentence: str) -> None:  # noqa: FBT001  # an assertion
    if not true:
        raise Nonconforming(sentence)
