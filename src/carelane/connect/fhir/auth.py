"""SMART Backend Services: who we are to the EHR, by a signed assertion and never by a shared secret.

SMART App Launch 2.x, "Backend Services" and "Asymmetric authentication": `private_key_jwt` with RS384 or ES384,
assertion at most five minutes long, `jti` used once. The token stays in this module and in one header.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from yarl import URL

from carelane.connect.fhir.codec import Answer, Lost, retry_after
from carelane.connect.fhir.transport import Wire
from carelane.facts.errors import SetupFault

ASSERTION_LIFE: Final = timedelta(minutes=4)
"""Under the five minutes the standard allows, so that a skewed clock does not make it too long."""

RENEW_BEFORE: Final = timedelta(seconds=30)
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = ("RS384", "ES384")
_TOO_MANY: Final = frozenset({429, 503})


class KeyUnusable(SetupFault):
    """A FHIR connection's key file can't be read or doesn't fit its algorithm: check `key_file` and `algorithm`."""

    code = "fhir-key-unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How a connection signs in: the client id, its private key (PEM), the key's id, algorithm and scope."""

    client_id: str
    key_id: str
    key: RSAKey | ECKey = field(repr=False)
    algorithm: str = "ES384"
    scope: str = "system/*.read system/*.write"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    value: str = field(repr=False)
    renew_at: datetime


def load_key(path: Path, algorithm: str) -> RSAKey | ECKey:
    """The private key in a PEM file: RSA of 2048 bits or more for RS384, P-384 for ES384."""
    if algorithm not in _ALGORITHMS:
        raise KeyUnusable("algorithm must be RS384 or ES384")
    kind: type[RSAKey | ECKey] = RSAKey if algorithm == "RS384" else ECKey
    try:
        key = kind.import_key(path.read_bytes())
    except (OSError, ValueError, TypeError, JoseError) as error:
        raise KeyUnusable(f"the key file can't be used with {algorithm}") from error
    if not key.is_private:
        raise KeyUnusable(
            "the key file holds a public key; the connection signs with the private one"
        )
    return key


def assertion(identity: Identity, *, audience: str, jti: str, now: datetime) -> str:
    """The signed client assertion for one token request."""
    issued = int(now.timestamp())
    claims = {
        "iss": identity.client_id,
        "sub": identity.client_id,
        "aud": audience,
        "iat": issued,
        "exp": issued + int(ASSERTION_LIFE.total_seconds()),
        "jti": jti,
    }
    header = {"alg": identity.algorithm, "kid": identity.key_id, "typ": "JWT"}
    return jwt.encode(header, claims, identity.key, algorithms=list(_ALGORITHMS))


class TokenSource:
    """Gives the current access token, renewed in time. One renewal at a time, shared by all who wait for it."""

    def __init__(
        self,
        *,
        base: URL,
        identity: Identity,
        wire: Wire,
        token_url: URL | None = None,
        nonce: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._base = base
        self._identity = identity
        self._wire = wire
        self._token_url = token_url
        self._nonce = nonce
        self._token: _Token | None = None
        self._turn = asyncio.Lock()

    async def header(self, *, now: datetime) -> Mapping[str, str] | Lost:
        """The Authorization header, or why there is none (nothing of the request was sent then)."""
        async with self._turn:
            if self._token is None or now >= self._token.renew_at:
                got = await self._renew(now)
                if isinstance(got, Lost):
                    return got
                self._token = got
            return {"Authorization": f"Bearer {self._token.value}"}

    def forget(self, used: Mapping[str, str]) -> None:
        """Drop the token of a refused request, unless somebody renewed it meanwhile."""
        if self._token is not None and used.get("Authorization") == f"Bearer {self._token.value}":
            self._token = None

    async def _renew(self, now: datetime) -> _Token | Lost:
        url = self._token_url or await self._discover()
        if isinstance(url, Lost):
            return url
        form = {
            "grant_type": "client_credentials",
            "scope": self._identity.scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion(
                self._identity, audience=str(url), jti=self._nonce(), now=now
            ),
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        reply = await self._wire.exchange(
            "POST", url, headers=headers, body=urlencode(form).encode()
        )
        if isinstance(reply, Lost):
            return Lost(cause=f"token-{reply.cause}", sent=False)
        return _token_in(reply, now)

    async def _discover(self) -> URL | Lost:
        place = self._base / ".well-known" / "smart-configuration"
        reply = await self._wire.exchange("GET", place, headers={"Accept": "application/json"})
        if isinstance(reply, Lost):
            return Lost(cause=f"discovery-{reply.cause}", sent=False)
        described = _object_in(reply)
        address = described.get("token_endpoint")
        if not reply.ok or not isinstance(address, str):
            return Lost(cause=f"discovery-http-{reply.status}", sent=False)
        supported = described.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(supported, list) and self._identity.algorithm not in supported:
            return Lost(cause="token-algorithm", sent=False)
        url = URL(address)
        if not self._wire.allows(url):
            return Lost(cause="token-host-not-allowed", sent=False)
        self._token_url = url
        return url


def _token_in(reply: Answer, now: datetime) -> _Token | Lost:
    if not reply.ok:
        wait = (
            retry_after(reply.headers.get("retry-after"), now=now)
            if reply.status in _TOO_MANY
            else None
        )
        return Lost(cause=f"token-http-{reply.status}", sent=False, retry_at=wait)
    answer = _object_in(reply)
    value, life = answer.get("access_token"), answer.get("expires_in", 300)
    if not isinstance(value, str) or not value or not isinstance(life, int | float):
        return Lost(cause="token-unreadable", sent=False)
    lasts = timedelta(seconds=max(0, life))
    return _Token(value=value, renew_at=now + max(lasts - RENEW_BEFORE, lasts / 2))


def _object_in(reply: Answer) -> dict[str, object]:
    try:
        value = msgspec.json.decode(reply.body) if reply.whole else None
    except msgspec.DecodeError:
        value = None
    return value if isinstance(value, dict) else {}
