"""TLS for MLLP, 1.2 or newer, with certificates on both sides where the site wants it."""

import ssl
from pathlib import Path

from carelane.facts.errors import SetupFault


class CertificateUnusable(SetupFault):
    """A certificate, key or authority file can't be loaded; the message names the setting."""

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
        context.load_cert_chain(certificate, key)
    except OSError as fault:  # ssl.SSLError is one
        raise CertificateUnusable(
            "tls_certificate and tls_key can't be loaded: check that both files are PEM and fit"
        ) from fault


def _authorities(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(file)
    except OSError as fault:
        raise CertificateUnusable(
            "the authorities' file can't be loaded: check that it is PEM"
        ) from fault
