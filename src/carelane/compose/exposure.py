"""Nothing listens beyond this machine without TLS 1.2 or newer (TRUST 2b, 9)."""

from ipaddress import ip_address
from pathlib import Path

from carelane.facts.errors import SetupFault
from carelane.settings import Settings


class NotEncrypted(SetupFault):
    """An address beyond this machine needs TLS: set tls_certificate and tls_key, or listen on 127.0.0.1."""

    code = "not-encrypted"


def require_tls(settings: Settings) -> None:
    """Refuse a non-loopback host without certificate and key.

    Raises:
        NotEncrypted: the host is reachable from elsewhere, and there is no certificate or it is not there.
    """
    if is_loopback(settings.host):
        return
    for name in ("tls_certificate", "tls_key"):
        path = getattr(settings, name)
        if not path or not Path(path).exists():
            raise NotEncrypted(
                f"refusing to listen on {settings.host} without TLS: {name} is missing. "
                f"Remedy: set CARELANE_{name.upper()} to a PEM file, or CARELANE_HOST=127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
