"""An intent to a message without clinical content: that there is work, how urgent, and where to sign in. Pure."""

from email.message import EmailMessage

from carelane.facts.intent import Intent


def from_intent(intent: Intent, *, sender: str, recipient: str, portal: str) -> EmailMessage:
    """The message (RFC 5322). Message-ID is the effect's id, so that a resent alert is seen as the same one."""
    level = intent.references.get("level", "")
    whom = intent.references.get("to", "you")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = f"Carelane: work is waiting{f' (level {level})' if level else ''}"
    message["Message-ID"] = f"<{intent.id}@carelane.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"Work is waiting for {whom}.\nSign in to see it: {portal}\n")
    return message
