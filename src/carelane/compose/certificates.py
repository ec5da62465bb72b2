"""Certificates of our own, until when each holds: for `doctor`, before those who call us find out. No door is opened.

What other sides show is looked at by `probing`. A certificate that was renewed on the disk is shown by processes that
were started after that.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from carelane.compose.connections import settings_of
from carelane.compose.probing import SOON
from carelane.compose.site import texts
from carelane.directory.site import load_site
from carelane.settings import Settings

RENEW = "Remedy: renew it, and start Carelane anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A certificate that we show, and how it stands."""

    of: str
    well: bool
    says: str


def own_certificates(settings: Settings, now: datetime) -> tuple[Own, ...]:
    """The portal's and each connection's. Raises `SetupFault` where the site's files can't be read."""
    return tuple(_standing(of, file, now) for of, file in _named(settings))


def _named(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.tls_certificate:
        yield "the portal", settings.tls_certificate
    snapshot, _ = load_site(texts(settings.site))
    for name, row in snapshot.connections.items():
        file = settings_of(row, settings.home).get("tls_certificate")
        if file:
            yield f"connection {name}", str(file)


def _standing(of: str, file: str, now: datetime) -> Own:
    try:
        ends = x509.load_pem_x509_certificates(Path(file).read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "no certificate in PEM"
        return Own(of=of, well=False, says=f"{file}: {why}. Remedy: a PEM file, leaf first")
    if ends < now:
        return Own(
            of=of,
            well=False,
            says=f"{file} ended {ends:%Y-%m-%d %H:%M} UTC: whoever checks it refuses us. {RENEW}",
        )
    if ends - now < SOON:
        return Own(of=of, well=False, says=f"{file} ends {ends:%Y-%m-%d %H:%M} UTC. {RENEW}")
    return Own(of=of, well=True, says=f"holds until {ends:%Y-%m-%d}")
