"""An intent to a mail: alerts say that there is work and where to sign in; a patient's text comes ready. Pure."""

import re
from collections.abc import Mapping
from email.message import EmailMessage

from carelane.facts.fact import Json
from carelane.facts.intent import Intent

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}"
)


def from_intent(intent: Intent, *, sender: str, recipient: str, portal: str) -> EmailMessage:
    """An alert (RFC 5322), content-free. Message-ID is the effect's id, so that a resent one is seen as the same."""
    level = intent.references.get("level", "")
    whom = intent.references.get("to", "you")
    subject = f"Carelane: work is waiting{f' (level {level})' if level else ''}"
    text = f"Work is waiting for {whom}.\nSign in to see it: {portal}\n"
    return _message(intent, sender, recipient, subject, text)


def to_patient(intent: Intent, *, sender: str) -> EmailMessage | None:
    """A patient's message: `content.message` has `to`, `subject`, `text`, `language`. None where something lacks."""
    said: Json = intent.content.reveal().get("message")
    if not isinstance(said, Mapping):
        return None
    to, subject, text = (str(said.get(name) or "") for name in ("to", "subject", "text"))
    if not (subject and text and usable(to)):
        return None
    message = _message(intent, sender, to, subject, text)
    if said.get("language"):
        message["Content-Language"] = str(said["language"])
    return message


def usable(address: str) -> bool:
    """Whether it is one plain address that any server could take."""
    return _ADDRESS.fullmatch(address) is not None


def _message(intent: Intent, sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{intent.id}@carelane.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
