"""TLS for MLLP, 1.2 or newer, with certificates on both sides where the site wants it."""

import ssl
from pathlib import Path

from carelane.facts.errors import SetupFault


class CertificateUnusable(SetupFault):
    """A certificate, key or authority file can't be loaded; the message names the file."""

    code = "hl7v2-certificate"


def server_tls(*, certificate: Path, key: Path, clients: Path | None = None) -> ssl.SSLContext:
    """A listener's context; with `clients` (authorities) each sender must show a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _own(context, certificate, key)
    if clients is not None:
        _authorities(context, clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_tls(
    *, authorities: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> ssl.SSLContext:
    """A sender's context: host name and chain are always checked."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _authorities(context, authorities)
    if certificate is not None:
        _own(context, certificate, key or certificate)
    return context


def _own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key, password=str)  # a passphrase would be asked for
    except OSError as fault:  # ssl.SSLError is one
        raise CertificateUnusable(
            f"certificate {certificate} and key {key} can't be loaded ({_why(fault)}). Remedy: two PEM files that "
            "belong together and that this account may read; the key without a passphrase"
        ) from fault


def _authorities(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as fault:
        raise CertificateUnusable(
            f"the authorities' file {file} can't be loaded ({_why(fault)}). Remedy: a PEM file that this "
            "account may read"
        ) from fault


def _why(fault: OSError) -> str:
    """Of TLS the library's own word, else the system's."""
    return str(getattr(fault, "reason", "") or fault.strerror or type(fault).__name__)
