"""The e-mail adapter: `staff.alert` to whoever a role or person is, by the address the directory gives."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from carelane.connect.mail.mapping import from_intent
from carelane.connect.mail.transport import Server, send
from carelane.facts.fact import Json
from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import AdapterKind, Capability, Sent, Verdict

CAPABILITIES = {
    "staff.alert": Capability(
        name="staff.alert", effect_class=EffectClass.BLIND, resource="Communication"
    )
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
        "timeout_s": {"type": "number"},
    },
}
FindAddress = Callable[[str, datetime], str | None]


def register() -> AdapterKind:
    """Name, settings and what it can do."""
    return AdapterKind(
        name="mail", settings=SCHEMA, reader=None, capabilities=tuple(CAPABILITIES.values())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSender:
    """Sends alerts. `find` turns a role's, pool's or person's name into an address now; else `fallback` gets it."""

    server: Server
    find: FindAddress
    sender: str
    fallback: str
    portal: str

    def capabilities(self) -> Mapping[str, Capability]:
        """Alerts to staff."""
        return CAPABILITIES

    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        """One SMTP conversation."""
        del attempt
        recipient = self.find(intent.references.get("to", ""), now) or self.fallback
        message = from_intent(intent, sender=self.sender, recipient=recipient, portal=self.portal)
        return await asyncio.to_thread(send, self.server, message)

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
    )
    return MailSender(
        server=server,
        find=find,
        sender=str(settings.get("sender", "carelane@localhost")),
        fallback=str(settings.get("fallback", "on-call@localhost")),
        portal=str(settings.get("portal", "http://127.0.0.1:20480/")),
    )
