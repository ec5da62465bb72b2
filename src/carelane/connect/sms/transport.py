"""The wire to a gateway: one HTTP request, one answer or the honest lack of one; never resent by the library.

TLS 1.2 or newer with verified certificates (plain http to this machine only), no redirects, no cookies, no proxies
from the environment.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import aiohttp
from yarl import URL

from carelane.connect.sms.codec import Answer, Call, Lost, Reply
from carelane.facts.errors import SetupFault

_BODY_BYTES_MAX = 256 * 1024


class GatewayAddressRefused(SetupFault):
    """A gateway's address must be https (plain http is for this machine only): correct `base_url`."""

    code = "sms-address-refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may cost, in seconds."""

    connect_s: float = 5.0
    total_s: float = 20.0
    connections_max: int = 8


class Wire:
    """The way to one gateway, a fresh connection for each text. Opened at first use, closed by `close`."""

    def __init__(self, *, base: URL, limits: Limits, ca_file: Path | None = None) -> None:
        if base.scheme != "https" and not (base.scheme == "http" and _is_here(base.host or "")):
            raise GatewayAddressRefused(
                "an SMS gateway's `base_url` must be https, or http to this machine only"
            )
        self._base = base
        self._limits = limits
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, call: Call) -> Reply:
        """Post once and read the whole answer, within the limits."""
        url = URL(f"{str(self._base).rstrip('/')}/{call.path}", encoded=True)
        try:
            async with self._open().post(
                url, headers=call.headers, data=call.body, allow_redirects=False
            ) as response:
                return await _read(response)
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

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            limits = self._limits
            context = ssl.create_default_context(
                cafile=str(self._ca_file) if self._ca_file else None
            )
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            self._session = aiohttp.ClientSession(
                # A kept connection that the gateway has just closed would make a text unknown that never left.
                connector=aiohttp.TCPConnector(
                    ssl=context, limit=limits.connections_max, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=limits.total_s, connect=limits.connect_s),
                trust_env=False,
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> Answer:
    headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
    try:
        body = await response.content.read(_BODY_BYTES_MAX + 1)
        while len(body) <= _BODY_BYTES_MAX and not response.content.at_eof():
            body += await response.content.read(_BODY_BYTES_MAX)
    except (aiohttp.ClientError, OSError, TimeoutError):
        response.close()
        return Answer(status=response.status, headers=headers, whole=False)
    whole = len(body) <= _BODY_BYTES_MAX
    return Answer(status=response.status, headers=headers, body=body if whole else b"", whole=whole)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
