"""SMTP over the standard library, in a thread; TLS by STARTTLS where the server is not on this machine."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address

from carelane.facts.ports import Sent, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail goes. `timeout_s` bounds every wait, in seconds."""

    host: str
    port: int
    timeout_s: float = 10.0

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def send(server: Server, message: EmailMessage) -> Sent:
    """Send once. A failure before DATA is certain; one after it leaves the outcome unknown."""
    try:
        client = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    except (OSError, smtplib.SMTPException) as cause:
        return Sent(verdict=Verdict.RETRY, cause=f"smtp-connect-{type(cause).__name__}")
    try:
        with client:
            if not server.here:
                client.starttls(context=ssl.create_default_context())
            client.send_message(message)
    except smtplib.SMTPResponseException as cause:
        verdict = Verdict.REFUSED if cause.smtp_code >= 500 else Verdict.RETRY  # noqa: PLR2004  # RFC 5321, 4.2.1
        return Sent(verdict=verdict, cause=f"smtp-{cause.smtp_code}")
    except smtplib.SMTPRecipientsRefused:
        return Sent(verdict=Verdict.REFUSED, cause="smtp-recipient")
    except (OSError, smtplib.SMTPException) as cause:
        return Sent(verdict=Verdict.UNKNOWN, cause=f"smtp-{type(cause).__name__}")
    return Sent(verdict=Verdict.DONE, reference=str(message["Message-ID"]), format="SMTP")
