"""MLLP over TLS: who may connect, and what is refused before a byte of a message has left."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carelane.connect.hl7v2.transport import (
    CertificateUnusable,
    Client,
    Inbound,
    NoAnswer,
    NotSent,
    client_tls,
    listen,
    server_tls,
)
from carelane.facts.ports import Receipt
from carelane.testing import messages

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of one test, with its files."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        """Its certificate, for those who trust it."""
        return self.folder / "authority.pem"

    def issue(self, name: str, *, until: datetime | None = None, host: str = "127.0.0.1") -> Path:
        """A certificate for a host address, with its key, in one PEM file."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(name, key, self.key, self.certificate.subject, until, host)
        return _written(self.folder / f"{name}.pem", made, key)


def _certificate(  # noqa: PLR0917  # what a certificate has
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None,
    until: datetime | None,
    host: str | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(until or AT + timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if host is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _written(file: Path, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Path:
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def authority(folder: Path) -> Authority:
    folder.mkdir(exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate("authority", key, key, None, None, None)
    (folder / "authority.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, key, made)


def _exchange(server: ssl.SSLContext, client: ssl.SSLContext | None) -> tuple[str, int]:
    """What became of one message, and how many were stored."""

    async def scenario() -> tuple[str, int]:
        stored = 0

        async def receive(_connection: str, _raw: bytes) -> Receipt:
            nonlocal stored
            stored += 1
            return Receipt(outcome="accepted", message=UUID(int=1))

        inbound = Inbound(connection="his", receive=receive, now=lambda: AT)
        listener = await listen(inbound, tls=server)
        sender = Client(host="127.0.0.1", port=listener.port, tls=client, answer_s=5)
        try:
            answer = await sender.send(messages.admit(1))
            outcome = "AA" if b"MSA|AA" in answer else "?"
        except NotSent:
            outcome = "not sent"
        except NoAnswer:
            outcome = "no answer"
        await sender.close()
        await listener.close()
        return outcome, stored

    return asyncio.run(scenario())


def test_a_trusted_server_is_spoken_to(tmp_path: Path) -> None:
    own = authority(tmp_path / "own")
    file = own.issue("server")
    server = server_tls(certificate=file, key=file)
    assert _exchange(server, client_tls(authorities=own.file)) == ("AA", 1)


@pytest.mark.requirement("R80")
@pytest.mark.parametrize("fault", ["self-signed", "expired", "wrong host", "plain"])
def test_a_server_that_cannot_be_trusted_gets_nothing(tmp_path: Path, fault: str) -> None:
    own, other = authority(tmp_path / "own"), authority(tmp_path / "other")
    file = {
        "self-signed": lambda: other.issue("server"),
        "expired": lambda: own.issue("server", until=datetime(2001, 1, 1, tzinfo=UTC)),
        "wrong host": lambda: own.issue("server", host="127.0.0.9"),
        "plain": lambda: own.issue("server"),
    }[fault]()
    client = None if fault == "plain" else client_tls(authorities=own.file)
    outcome, stored = _exchange(server_tls(certificate=file, key=file), client)
    assert stored == 0
    assert outcome == ("no answer" if fault == "plain" else "not sent")


@pytest.mark.parametrize("shown", ["own", "other", "none"])
def test_a_listener_may_want_a_certificate_of_the_sender(tmp_path: Path, shown: str) -> None:
    own, other = authority(tmp_path / "own"), authority(tmp_path / "other")
    file = own.issue("server")
    server = server_tls(certificate=file, key=file, clients=own.file)
    certificate = {"own": own, "other": other}[shown].issue("client") if shown != "none" else None
    client = client_tls(authorities=own.file, certificate=certificate)
    outcome, stored = _exchange(server, client)
    assert stored == (1 if shown == "own" else 0)
    assert (outcome == "AA") is (shown == "own")


def test_older_tls_is_refused(tmp_path: Path) -> None:
    own = authority(tmp_path / "own")
    file = own.issue("server")
    assert server_tls(certificate=file, key=file).minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_tls().minimum_version is ssl.TLSVersion.TLSv1_2
    assert client_tls().verify_mode is ssl.CERT_REQUIRED
    assert client_tls().check_hostname


def test_files_that_cannot_be_loaded_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    with pytest.raises(CertificateUnusable):
        server_tls(certificate=broken, key=broken)
    with pytest.raises(CertificateUnusable):
        client_tls(authorities=tmp_path / "absent.pem")
