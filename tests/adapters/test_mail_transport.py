"""Mail by a real SMTP server: TLS, sign-in, and every reply at every stage, judged by the sender suite too."""

import asyncio
import smtplib
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from typing_extensions import override

from carelane.connect.mail.adapter import MailSender, open_sender
from carelane.connect.mail.mapping import usable
from carelane.connect.mail.transport import MailNotEncrypted, Server
from carelane.facts.ids import name_id
from carelane.facts.intent import PATIENT_MESSAGE, Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Sender, Sent, Verdict
from carelane.testing.conformance import sender as suite

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = "patient@example.org"


@dataclass
class Post:
    """The server's hooks. `replies` are said once at a stage; `cut` drops the line after the text."""

    replies: dict[str, str] = field(default_factory=dict)
    cut: str = ""
    mails: list[Envelope] = field(default_factory=list)
    tried: int = 0
    encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """The sender."""
        self.tried += 1
        envelope.mail_from = address
        return self.replies.pop("mail", "250 ok")

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """The recipient."""
        envelope.rcpt_tos.append(address)
        return self.replies.pop("rcpt", "250 ok")

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """The text."""
        reply = self.replies.pop("text", "250 kept")
        if reply.startswith("250"):
            self.mails.append(envelope)
        self.encrypted.append(session.ssl is not None)
        if self.cut:
            line = server.transport
            assert isinstance(line, asyncio.WriteTransport)
            if self.cut == "half":
                line.write(b"25")
            line.close()
            self.cut = ""
        return reply


def content_of(mail: Envelope) -> bytes:
    """The mail as it came."""
    return mail.content if isinstance(mail.content, bytes) else b""


def signs_in(_server: Any, _session: Any, _envelope: Any, _way: str, said: Any) -> AuthResult:
    """One account."""
    return AuthResult(success=(said.login, said.password) == (b"carelane", b"a-made-up-word"))


@asynccontextmanager
async def serving(
    post: Post, *, wrapped: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """The server on a free port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(post, loop=loop, **options), "127.0.0.1", 0, ssl=wrapped
    )
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate for localhost, and the server's context with it."""
    folder = tmp_path_factory.mktemp("mail-tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",  # noqa: S607  # any openssl
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(key), "-out", str(made)], check=True, capture_output=True)  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return made, context


def a_mail(name: str = "one", *, to: str = GOOD, text: str = "You have a message.\n") -> Intent:
    content = {"message": {"to": to, "subject": "Message", "text": text, "language": "en"}}
    return Intent(
        id=name_id("mail", name),
        case=name_id("mail", "case"),
        step=None,
        name=name,
        capability=PATIENT_MESSAGE,
        audience=Audience.PATIENT,
        if_unknown=IfUnknown.DROP,
        content=Phi(content, "content"),
    )


def mailer(port: int, **settings: Any) -> MailSender:
    return open_sender(
        {
            "host": "127.0.0.1",
            "port": port,
            "timeout_s": 3,
            "sender": "clinic@example.org",
            **settings,
        },
        find=lambda _name, _now: None,
    )


async def sent(port: int, intent: Intent | None = None, **settings: Any) -> Sent:
    return await mailer(port, **settings).send(intent or a_mail(), attempt=1, now=NOW)


async def test_a_patient_gets_one_mail_as_written() -> None:
    """Dots at the start of a line and other alphabets arrive."""
    post = Post()
    text = ".a line with a dot\n..two\nMañana\n"
    async with serving(post) as port:
        done = await sent(port, a_mail(text=text))
    [mail] = post.mails
    assert done == Sent(
        verdict=Verdict.DONE, reference=f"<{a_mail().id}@carelane.invalid>", format="SMTP"
    )
    assert mail.rcpt_tos == [GOOD]
    content = content_of(mail)
    assert b"Content-Language: en" in content
    assert b"Auto-Submitted: auto-generated" in content
    assert ".a line with a dot\r\n..two\r\nMa" in content.decode()


async def test_a_text_and_its_end_leave_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """An end in a packet of its own waited for the delayed acknowledgement of the text: 40 ms for each mail."""
    said: list[bytes] = []
    send = smtplib.SMTP.send

    def heard(client: smtplib.SMTP, text: bytes | str) -> None:
        said.append(text if isinstance(text, bytes) else text.encode())
        send(client, text)

    monkeypatch.setattr(smtplib.SMTP, "send", heard)
    async with serving(Post()) as port:
        assert (await sent(port)).verdict is Verdict.DONE
    [text] = [each for each in said if b"Subject: " in each]
    assert text.endswith(b"\r\n.\r\n")


@pytest.mark.parametrize(
    ("stage", "reply", "verdict", "cause"),
    [
        ("mail", "451 later", Verdict.RETRY, "smtp-sender-451"),
        ("mail", "553 not from here", Verdict.REFUSED, "smtp-sender-553"),
        ("rcpt", "450 greylisted", Verdict.RETRY, "smtp-recipient-450"),
        ("rcpt", "550 no such person", Verdict.REFUSED, "smtp-recipient-550"),
        ("text", "452 disk full", Verdict.RETRY, "smtp-text-452"),
        ("text", "554 not wanted", Verdict.REFUSED, "smtp-text-554"),
        ("mail", "421 closing", Verdict.RETRY, "smtp-sender-421"),
    ],
)
async def test_a_reply_is_judged_by_its_code(
    stage: str, reply: str, verdict: Verdict, cause: str
) -> None:
    post = Post(replies={stage: reply})
    async with serving(post) as port:
        found = await sent(port)
    assert (found.verdict, found.cause) == (verdict, cause)
    assert post.mails == []


@pytest.mark.parametrize("cut", ["whole", "half"])
async def test_no_reply_to_the_text_is_unknown(cut: str) -> None:
    post = Post(cut=cut)
    async with serving(post) as port:
        found = await sent(port)
    assert found.verdict is Verdict.UNKNOWN
    assert len(post.mails) == 1


async def test_nobody_there_is_certain() -> None:
    post = Post()
    async with serving(post) as port:
        pass
    assert (await sent(port)).verdict is Verdict.RETRY


@pytest.mark.requirement("R80")
async def test_starttls_and_sign_in(
    certificate: tuple[Path, ssl.SSLContext], tmp_path: Path
) -> None:
    """Both work; the wrong word and an unknown certificate send nothing and stay retryable."""
    made, context = certificate
    word = tmp_path / "word"
    word.write_text("a-made-up-word\n")
    given: dict[str, Any] = {
        "host": "localhost",
        "tls": "starttls",
        "ca_file": str(made),
        "user": "carelane",
        "password_file": str(word),
    }
    post = Post()
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True, "auth_required": True,
                               "authenticator": signs_in}  # fmt: skip
    async with serving(post, **options) as port:
        assert (await sent(port, **given)).verdict is Verdict.DONE
        word.write_text("another-word")
        wrong = await sent(port, **given)
        unknown = await sent(port, **{**given, "ca_file": ""})
        plain = await sent(port, host="localhost", tls="none")
    assert wrong.verdict is Verdict.RETRY
    assert unknown.verdict is Verdict.RETRY
    assert plain.verdict is not Verdict.DONE
    assert post.encrypted == [True]


async def test_a_server_without_starttls_gets_nothing() -> None:
    """No fallback to plain text."""
    post = Post()
    async with serving(post) as port:
        found = await sent(port, tls="starttls")
    assert found.verdict is Verdict.RETRY
    assert post.mails == []


async def test_tls_from_the_first_byte(certificate: tuple[Path, ssl.SSLContext]) -> None:
    made, context = certificate
    post = Post()
    async with serving(post, wrapped=context) as port:
        found = await sent(port, host="localhost", tls="implicit", ca_file=str(made))
    assert found.verdict is Verdict.DONE


@pytest.mark.requirement("R104")
def test_another_machine_needs_tls() -> None:
    with pytest.raises(MailNotEncrypted):
        Server(host="mail.example.org", port=25, tls="none")
    assert Server(host="mail.example.org", port=25).way == "starttls"


@pytest.mark.parametrize(
    "bad", ["", "nobody", "a@b@c", "a b@example.org", "@example.org", "ä@example.org"]
)
async def test_an_address_that_is_none_is_refused_before_anything(bad: str) -> None:
    assert not usable(bad)
    assert (await sent(1, a_mail(to=bad))).verdict is Verdict.REFUSED


@dataclass(kw_only=True)
class MailRig:
    """The sender suite's rig."""

    post: Post
    sender: Sender
    close: Callable[[], Any]
    numbers: list[str] = field(default_factory=list)

    def intent(self, name: str) -> Intent:
        """A fresh mail."""
        return a_mail(name)

    def refused_intent(self, name: str) -> Intent:
        """To an address that is none."""
        return a_mail(name, to="nobody")

    async def stage(self, trouble: str) -> bool:
        """Cut the line, or refuse late."""
        cut = {suite.CUT_AFTER: "whole", suite.HALF_ANSWER: "half"}.get(trouble, "")
        self.post.cut = cut
        if trouble == suite.LYING:
            self.post.replies["text"] = "554 but not wanted"
        return bool(cut) or trouble == suite.LYING

    async def requests(self) -> int:
        """How many conversations began."""
        return self.post.tried

    async def held(self, intent: Intent) -> int:
        """How many mails carry the id."""
        wanted = f"<{intent.id}@carelane.invalid>".encode()
        return sum(wanted in content_of(mail) for mail in self.post.mails)

    def now(self) -> datetime:
        """The time of the test."""
        return NOW

    async def wait(self, by: timedelta) -> None:
        """No mail server says when to come back."""


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("check", suite.CHECKS, ids=lambda one: one.__name__)
async def test_mail_keeps_every_rule_of_senders(check: Callable[[suite.Rig], Any]) -> None:
    post = Post()
    async with serving(post) as port:
        await check(MailRig(post=post, sender=mailer(port), close=lambda: None))


class LostIsRetry(MailSender):
    """Mutant: no reply to the text is called not done."""

    @override
    async def send(self, intent: Intent, *, attempt: int, now: datetime) -> Sent:
        found = await super().send(intent, attempt=attempt, now=now)
        if found.verdict is Verdict.UNKNOWN:
            return Sent(verdict=Verdict.RETRY, cause=found.cause)
        return found


async def test_mutant_that_sends_again_after_the_text_is_caught() -> None:
    post = Post()
    async with serving(post) as port:
        plain = mailer(port)
        mutant = LostIsRetry(
            server=plain.server, find=plain.find, sender=plain.sender, fallback="", portal=""
        )
        with pytest.raises(suite.Nonconforming):
            await suite.check_unknown_is_looked_up(
                MailRig(post=post, sender=mutant, close=lambda: None)
            )
