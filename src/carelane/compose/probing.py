"""Whether each other side is there, without a word said to it: its name resolves, it answers, its certificate holds.

For `doctor --probe`, before a message finds out: no request is made and nothing of a patient is near. A mail server
that begins in the clear (STARTTLS) shows its certificate to the sender only; here it is asked whether it answers.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from yarl import URL

PATIENCE_S = 5.0
SOON = timedelta(days=21)
"""A certificate that ends within this is a finding: to renew one takes people some days."""
_AUTHORITIES = ("ca_file", "tls_authorities")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a connection sends to."""

    host: str
    port: int
    tls: bool = False
    authorities: str = ""
    named: str | None = None  # what its certificate must be for, if not the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What was found: whether the other side is there, and what to do if not."""

    well: bool
    says: str


def target_of(settings: Mapping[str, object]) -> Target | None:
    """The other side, by an adapter's settings with absolute paths; none of a connection that is only called."""
    authorities = next((str(settings[name]) for name in _AUTHORITIES if settings.get(name)), "")
    if settings.get("base_url"):
        url = URL(str(settings["base_url"]))
        secure = url.scheme == "https"
        return Target(host=url.host or "", port=url.port or 0, tls=secure, authorities=authorities)
    if settings.get("host") and settings.get("port"):
        named = str(settings.get("tls_server_name") or "") or None
        return Target(host=str(settings["host"]), port=int(str(settings["port"])),
                      tls=settings.get("tls") in (True, "implicit"), authorities=authorities, named=named)  # fmt: skip
    return None


async def probe(target: Target, now: datetime) -> Probe:
    """Look the name up, connect, and read the certificate; the first that fails is what is said."""
    place = f"{target.host}:{target.port}"
    try:
        async with asyncio.timeout(PATIENCE_S):
            ends = await _certificate(target)
    except socket.gaierror:
        return Probe(
            well=False, says=f"{target.host} has no address. Remedy: the name server, or the name"
        )
    except ssl.SSLError as fault:
        return Probe(well=False, says=f"{place} shows no certificate that holds ({fault.reason}). Remedy: renew it "
                                      "there, or name its authority here")  # fmt: skip
    except (OSError, TimeoutError):
        return Probe(
            well=False,
            says=f"{place} does not answer. Remedy: is it running, and the way to it open?",
        )
    if ends is not None and ends - now < SOON:
        return Probe(
            well=False,
            says=f"the certificate of {place} ends {ends:%Y-%m-%d}. Remedy: renew it there",
        )
    return Probe(
        well=True,
        says=f"{place} answers" + (f", certificate until {ends:%Y-%m-%d}" if ends else ""),
    )


async def _certificate(target: Target) -> datetime | None:
    context = ssl.create_default_context(cafile=target.authorities or None) if target.tls else None
    name = (target.named or target.host) if context else None
    _, writer = await asyncio.open_connection(
        target.host, target.port, ssl=context, server_hostname=name
    )
    try:
        shown = writer.get_extra_info("peercert") or {}
    finally:
        writer.close()
    ends = shown.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
