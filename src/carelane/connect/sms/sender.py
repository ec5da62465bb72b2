"""Sending texts through a gateway, in whichever dialect: once, and nothing before a Retry-After."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from carelane.connect.sms.codec import (
    Account,
    Answer,
    Dialect,
    TextMessage,
    number_of,
    retry_after,
)
from carelane.connect.sms.transport import Wire
from carelane.facts.fact import Json
from carelane.facts.intent import PATIENT_MESSAGE, STAFF_ALERT, EffectClass, Intent
from carelane.facts.ports import Capability, Sent, Verdict

CAPABILITIES: Final = {
    PATIENT_MESSAGE: Capability(
        name=PATIENT_MESSAGE,
        effect_class=EffectClass.BLIND,
        resource="Communication",
        channel="text",
    ),
    STAFF_ALERT: Capability(
        name=STAFF_ALERT, effect_class=EffectClass.BLIND, resource="Communication"
    ),
}
_BUSY: Final = frozenset({429, 503})
BREATH: Final = timedelta(seconds=2)
"""How long a gateway that is busy is left alone when it doesn't say."""


FindNumber = Callable[[Intent, datetime], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """How staff is called: `find` says the number of whoever is called now, else `fallback` is; where to sign in."""

    find: FindNumber
    fallback: str = ""
    portal: str = ""


NOBODY: Final = Staff(find=lambda _intent, _now: None)


class SmsSender:
    """One gateway account."""

    def __init__(
        self, *, dialect: Dialect, account: Account, wire: Wire, staff: Staff = NOBODY
    ) -> None:
        self._dialect = dialect
        self._account = account
        self._wire = wire
        self._staff = staff
        self._quiet_until: datetime | None = None

    def capabilities(self) -> Mapping[str, Capability]:
        """Texts to patients, alerts to staff."""
        return CAPABILITIES

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """One request. What a patient is told, and where, was settled before: `content.message` has `to` and `text`."""
        del attempt
        if self._quiet_until is not None and now < self._quiet_until:
            return Sent(verdict=Verdict.RETRY, cause="retry-after", retry_at=self._quiet_until)
        calls = intent.capability == STAFF_ALERT
        message = _alert(self._staff, intent, now) if calls else _message(intent)
        if message is None:
            return Sent(verdict=Verdict.REFUSED, cause="no-message")
        reply = await self._wire.exchange(self._dialect.call(message, self._account))
        if not isinstance(reply, Answer):
            return reply.as_sent()
        return self._heard(reply, now)

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """No gateway can be asked by our id; a receipt may still say that it went out."""
        del intent, now
        return Sent(verdict=Verdict.UNKNOWN, cause="blind")

    async def close(self) -> None:
        """Let go of sockets."""
        await self._wire.close()

    def _heard(self, answer: Answer, now: datetime) -> Sent:
        sent = self._dialect.judge(answer)
        if sent.verdict is not Verdict.RETRY or answer.status not in _BUSY:
            return sent
        until = retry_after(answer.headers.get("retry-after"), now=now) or now + BREATH
        self._quiet_until = max(until, self._quiet_until or until)
        return Sent(verdict=Verdict.RETRY, cause=sent.cause, retry_at=until)


def _alert(staff: Staff, intent: Intent, now: datetime) -> TextMessage | None:
    """That there is work and where to sign in: nothing of the patient leaves."""
    to = number_of(staff.find(intent, now) or staff.fallback)
    level = intent.references.get("level", "")
    said = (
        f"Carelane: work is waiting{f' (level {level})' if level else ''}. Sign in: {staff.portal}"
    )
    return TextMessage(effect=intent.id, to=to, text=said) if to else None


def _message(intent: Intent) -> TextMessage | None:
    said: Json = intent.content.reveal().get("message")
    if not isinstance(said, Mapping):
        return None
    to, text = number_of(str(said.get("to", ""))), str(said.get("text", ""))
    return TextMessage(effect=intent.id, to=to, text=text) if to and text else None
