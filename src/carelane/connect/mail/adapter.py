"""The e-mail adapter: `staff.alert` to whoever a role or person is by the directory, `patient.message` to a patient."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from carelane.connect.mail.mapping import from_intent, to_patient
from carelane.connect.mail.transport import IMPLICIT, NONE, STARTTLS, Server, send
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.intent import PATIENT_MESSAGE, STAFF_ALERT, EffectClass, Intent
from carelane.facts.ports import AdapterKind, Capability, Sent, Verdict

CAPABILITIES = {
    name: Capability(
        name=name, effect_class=EffectClass.BLIND, resource="Communication", channel=channel
    )
    for name, channel in ((STAFF_ALERT, ""), (PATIENT_MESSAGE, "mail"))
}
SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["host", "port"],
    "properties": {
        "host": {"type": "string"},
        "port": {"type": "integer"},
        "sender": {"type": "string"},
        "fallback": {"type": "string"},
        "portal": {"type": "string"},
        "tls": {"enum": [STARTTLS, IMPLICIT, NONE]},
        "ca_file": {"type": "string"},
        "user": {"type": "string"},
        "password_file": {"type": "string"},
        "timeout_s": {"type": "number"},
    },
}


class MailSecretMissing(SetupFault):
    """The file that a mail connection's `password_file` names can't be read or is empty: put the password into it."""

    code = "mail-password-file"


FindAddress = Callable[[Intent, datetime], str | None]


def register() -> AdapterKind:
    """Name, settings and what it can do."""
    return AdapterKind(
        name="mail", settings=SCHEMA, reader=None, capabilities=tuple(CAPABILITIES.values())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSender:
    """Sends alerts. `find` says the address of whoever is called now; without one `fallback` gets it."""

    server: Server
    find: FindAddress
    sender: str
    fallback: str
    portal: str

    def capabilities(self) -> Mapping[str, Capability]:
        """Alerts to staff, messages to patients."""
        return CAPABILITIES

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """One SMTP conversation."""
        del attempt
        message = self._message(intent, now)
        if message is None:
            return Sent(verdict=Verdict.REFUSED, cause="no-message")
        return await asyncio.to_thread(send, self.server, message)

    def _message(self, intent: Intent, now: datetime) -> EmailMessage | None:
        if intent.capability == PATIENT_MESSAGE:
            return to_patient(intent, sender=self.sender)
        recipient = self.find(intent, now) or self.fallback
        return from_intent(intent, sender=self.sender, recipient=recipient, portal=self.portal)

    async def look_up(self, intent: Intent, *, now: datetime) -> Sent:
        """Nobody can say whether a mail arrived."""
        del intent, now
        return Sent(verdict=Verdict.UNKNOWN, cause="blind")

    async def close(self) -> None:
        """Nothing is kept open."""


def open_sender(settings: Mapping[str, Json], *, find: FindAddress) -> MailSender:
    """A sender from a connection's settings."""
    server = Server(
        host=str(settings["host"]),
        port=int(str(settings["port"])),
        timeout_s=float(str(settings.get("timeout_s", 10))),
        tls=str(settings.get("tls", "")),
        ca_file=str(settings.get("ca_file", "")),
        user=str(settings.get("user", "")),
        password=_password(settings),
    )
    return MailSender(
        server=server,
        find=find,
        sender=str(settings.get("sender", "carelane@localhost")),
        fallback=str(settings.get("fallback", "on-call@localhost")),
        portal=str(settings.get("portal", "http://127.0.0.1:20480/")),
    )


def _password(settings: Mapping[str, Json]) -> str:
    named = settings.get("password_file")
    if not named:
        return ""
    try:
        text = Path(str(named)).read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if not text:
        raise MailSecretMissing(
            f"`password_file` of a mail connection names {named}, which is of no use"
        )
    return text
