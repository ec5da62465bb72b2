"""The wire of the FHIR adapter: one HTTP request, one answer or the honest lack of one.

TLS 1.2 or newer, certificates verified, no redirects, no cookies, no proxies from the environment, only the
hosts the site named. What an answer means is in `codec`.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import aiohttp
from yarl import URL

from carelane.connect.fhir.codec import Answer, Lost, Reply
from carelane.facts.errors import SetupFault

_CHUNK_BYTES = 64 * 1024


class AddressRefused(SetupFault):
    """An address isn't https (plain http is for loopback only) or its host isn't one the site named: correct it."""

    code = "fhir-address-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost."""

    connect_s: float = 5.0
    total_s: float = 30.0
    response_bytes_max: int = 16 * 1024 * 1024
    connections_max: int = 8


class Wire:
    """A pooled connection to the hosts of one FHIR connection. Opened at first use, closed by `close`."""

    def __init__(
        self, *, hosts: tuple[URL, ...], limits: Limits, ca_file: Path | None = None
    ) -> None:
        for host in hosts:
            _check_scheme(host)
        self._origins = frozenset(str(host.origin()) for host in hosts)
        self._limits = limits
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    @property
    def bytes_max(self) -> int:
        """The largest answer that is read."""
        return self._limits.response_bytes_max

    def allows(self, url: URL) -> bool:
        """Whether an address has the scheme, host and port of one that the site named."""
        return bool(url.scheme and url.host) and str(url.origin()) in self._origins

    async def exchange(
        self, method: str, url: URL, *, headers: Mapping[str, str], body: bytes | None = None
    ) -> Reply:
        """Send once and read the whole answer, within the limits; never resent by the library either."""
        if not self.allows(url):
            return Lost(cause="host-not-allowed", sent=False)
        try:
            async with self._open().request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                return await self._read(response)
        except aiohttp.ClientConnectorError:
            return Lost(cause="connect", sent=False)
        except aiohttp.ConnectionTimeoutError:
            return Lost(cause="connect-timeout", sent=False)
        except TimeoutError:
            return Lost(cause="timeout", sent=True)
        except (aiohttp.ClientError, OSError):
            return Lost(cause="connection-lost", sent=True)

    async def close(self) -> None:
        """Let go of sockets; a later exchange opens them again."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _read(self, response: aiohttp.ClientResponse) -> Answer:
        body = bytearray()
        whole, most = True, self._limits.response_bytes_max
        large = (response.content_length or 0) > most  # said beforehand: none of it is fetched
        try:
            while not large and (chunk := await response.content.read(_CHUNK_BYTES)):
                body += chunk
                large = len(body) > most
        except (aiohttp.ClientError, OSError, TimeoutError):
            whole = False
        whole = whole and not large
        if not whole:
            response.close()
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            locations=tuple(response.headers.getall("Location", ())),
            body=bytes(body) if whole else b"",
            whole=whole,
            too_large=large,
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=_tls(self._ca_file), limit=limits.connections_max
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=limits.total_s, connect=limits.connect_s),
                skip_auto_headers=("User-Agent",),
                trust_env=False,
            )
            # aiohttp sends PUT and GET again by itself when a kept connection drops: for us a resend is a decision.
            self._session._retry_connection = False  # noqa: SLF001  # no public switch; test_fhir_client holds it
        return self._session


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _check_scheme(url: URL) -> None:
    if url.scheme == "https" and url.host:
        return
    if url.scheme == "http" and _is_loopback(url.host or ""):
        return
    raise AddressRefused(
        "a FHIR address must be https, or http to this machine only; correct the connection's settings"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
