"""SMTP (RFC 5321) over the standard library, in a thread: one conversation, judged step by step.

Whatever happens before the end of the text was sent is certain. Of the reply to the whole text its code decides; no
reply leaves the outcome unknown. TLS by STARTTLS or from the first byte (RFC 8314); none only to this machine.
"""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from functools import cache
from ipaddress import ip_address
from typing import Final

from carelane.facts.errors import SetupFault
from carelane.facts.ports import Sent, Verdict

STARTTLS, IMPLICIT, NONE = "starttls", "implicit", "none"
_OK: Final = 250
_GO_ON: Final = 354
_TEMPORARY: Final = 400
_PERMANENT: Final = 500
_BEYOND: Final = 600


class MailNotEncrypted(SetupFault):
    """Mail to another machine needs TLS: set `tls: starttls` or `tls: implicit` in the connection's settings."""

    code = "mail-not-encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where mail goes. `timeout_s` bounds every wait, in seconds; `tls` is `starttls`, `implicit` or `none`."""

    host: str
    port: int
    timeout_s: float = 10.0
    tls: str = ""
    ca_file: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.way not in (STARTTLS, IMPLICIT) and not (self.way == NONE and self.here):
            raise MailNotEncrypted(
                f"the mail connection to {self.host} needs `tls: starttls` or `tls: implicit`"
            )

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def way(self) -> str:
        """How the line is protected."""
        return self.tls or (NONE if self.here else STARTTLS)

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, certificates verified."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class _Refusal(Exception):  # an end, not an error
    """The server answered, and not with success."""

    def __init__(self, code: int, stage: str) -> None:
        super().__init__(stage)
        self.code = code
        self.stage = stage


def send(server: Server, message: EmailMessage) -> Sent:
    """Send once."""
    try:
        client = _connect(server)
    except (OSError, smtplib.SMTPException) as cause:
        return Sent(verdict=Verdict.RETRY, cause=f"smtp-connect-{type(cause).__name__}")
    try:
        _introduce(client, server)
        _address(client, message)
        return _text(client, message)
    except _Refusal as refusal:
        return _judged(refusal)
    except smtplib.SMTPAuthenticationError as cause:
        # The site's fault, not the message's: once mended, the message goes.
        return Sent(verdict=Verdict.RETRY, cause=f"smtp-auth-{cause.smtp_code}")
    except (OSError, smtplib.SMTPException) as cause:
        return Sent(verdict=Verdict.RETRY, cause=f"smtp-before-text-{type(cause).__name__}")
    finally:
        _leave(client)


def _connect(server: Server) -> smtplib.SMTP:
    if server.way == IMPLICIT:
        return smtplib.SMTP_SSL(
            server.host,
            server.port,
            _our_name(),
            timeout=server.timeout_s,
            context=server.context(),
        )
    return smtplib.SMTP(server.host, server.port, _our_name(), timeout=server.timeout_s)


@cache
def _our_name() -> str:
    """What we call ourselves (RFC 5321, 4.1.1.1): the resolver is asked once, not for each message."""
    return smtplib.SMTP().local_hostname


def _introduce(client: smtplib.SMTP, server: Server) -> None:
    client.ehlo_or_helo_if_needed()
    if server.way == STARTTLS:
        client.starttls(context=server.context())
        client.ehlo()
    if server.user:
        client.login(server.user, server.password)


def _address(client: smtplib.SMTP, message: EmailMessage) -> None:
    code, _ = client.mail(parseaddr(str(message["From"]))[1])
    if code != _OK:
        raise _Refusal(code, "sender")
    code, _ = client.rcpt(parseaddr(str(message["To"]))[1])
    if code not in (_OK, 251):
        raise _Refusal(code, "recipient")


def _text(client: smtplib.SMTP, message: EmailMessage) -> Sent:
    code, _ = client.docmd("DATA")
    if code != _GO_ON:
        raise _Refusal(code, "data")
    text = message.as_bytes(policy=SMTP_POLICY).replace(b"\r\n.", b"\r\n..")
    try:
        # At once: an end that follows by itself waits for the delayed acknowledgement of the text (RFC 896, RFC 1122).
        client.send(text.removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, _ = client.getreply()
    except (OSError, smtplib.SMTPException) as cause:
        return Sent(verdict=Verdict.UNKNOWN, cause=f"smtp-after-text-{type(cause).__name__}")
    if code == _OK:
        return Sent(verdict=Verdict.DONE, reference=str(message["Message-ID"]), format="SMTP")
    if not _TEMPORARY <= code < _BEYOND:  # half a reply, or none of SMTP
        return Sent(verdict=Verdict.UNKNOWN, cause="smtp-after-text-half-reply")
    return _judged(_Refusal(code, "text"))


def _judged(refusal: _Refusal) -> Sent:
    """A reply's first digit (RFC 5321, 4.2.1): 4 may succeed later, 5 never as sent."""
    permanent = refusal.code >= _PERMANENT
    return Sent(
        verdict=Verdict.REFUSED if permanent else Verdict.RETRY,
        cause=f"smtp-{refusal.stage}-{refusal.code}",
    )


def _leave(client: smtplib.SMTP) -> None:
    """Say good-bye where anybody listens; what was answered before stands."""
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()
