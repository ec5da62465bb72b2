"""Nothing listens beyond this machine without TLS 1.2 or newer (TRUST 2b, 9), and no door opens with files that fail.

Looked at before anything starts: a process that finds out by itself ends, and would be started anew for ever.
"""

from ipaddress import ip_address
from pathlib import Path

from carelane.compose.listeners import given_to, listened
from carelane.compose.site import texts
from carelane.connect.hl7v2.adapter import listener_tls
from carelane.connect.hl7v2.tls import server_tls
from carelane.directory.site import load_site
from carelane.facts.errors import SetupFault
from carelane.settings import Settings


class CertificateUnusable(SetupFault):
    """CARELANE_TLS_CERTIFICATE and CARELANE_TLS_KEY can't be loaded; the message names the files and why."""

    code = "tls-certificate"


class NotEncrypted(SetupFault):
    """An address beyond this machine needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1."""

    code = "not-encrypted"


def require_tls(settings: Settings) -> None:
    """Refuse a non-loopback host without certificate and key, and files that can't be loaded.

    Raises:
        CertificateUnusable: the files are there, but no TLS can be made of them.
        NotEncrypted: the host is reachable from elsewhere, and there is no certificate or it is not there.
    """
    for name in () if is_loopback(settings.host) else ("tls_certificate", "tls_key"):
        path = getattr(settings, name)
        if not path or not Path(path).exists():
            raise NotEncrypted(
                f"refusing to listen on {settings.host} without TLS: {name} is missing. "
                f"Remedy: set CARELANE_{name.upper()} to a PEM file, or CARELANE_HOST=127.0.0.1"
            )

    if settings.tls_certificate:
        certificate, key = settings.tls_certificate, settings.tls_key or settings.tls_certificate
        try:
            server_tls(certificate=Path(certificate), key=Path(key))
        except SetupFault as fault:
            said = f"CARELANE_TLS_CERTIFICATE and CARELANE_TLS_KEY: {fault}"
            raise CertificateUnusable(said) from fault


def require_doors(settings: Settings) -> None:
    """Refuse to start where the portal or an MLLP listener of the site could not open encrypted as it must.

    Raises:
        SetupFault: by its code; the message names the setting, or file and connection.
    """
    require_tls(settings)
    snapshot, _ = load_site(texts(settings.site))
    for row in listened(snapshot).values():
        try:
            listener_tls(given_to(settings, row))
        except SetupFault as fault:
            file = settings.site / "connections.yaml"
            raise type(fault)(f"connection {row.name} in {file}: {fault}") from fault


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
