"""The EHR's authorisation server: SMART Backend Services, checked as strictly as the standard says.

Refused: an unknown client or key, another audience than ours, an assertion that is expired, lasts more than
five minutes, or whose `jti` was used before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS: Final = ("RS384", "ES384")
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST: Final = timedelta(minutes=5)
_SKEW: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """An issued token: whose it is, what it may do, until when."""

    client: str
    scope: str
    until: datetime


class Tokens:
    """Registered clients and issued tokens."""

    def __init__(self, *, life: timedelta = timedelta(minutes=5), skew: timedelta = _SKEW) -> None:
        self.skew = skew  # by how much the client's clock may differ from ours
        self._life = life
        self._keys: dict[str, KeySet] = {}
        self._used: set[tuple[str, str]] = set()
        self._grants: dict[str, Grant] = {}
        self.issued = 0

    def register(self, client: str, jwks: Mapping[str, Any]) -> None:
        """Register a client's public keys; again replaces them (key rotation)."""
        self._keys[client] = KeySet.import_key_set(dict(jwks))  # type: ignore[arg-type]  # a parsed JWKS

    def issue(
        self, form: Mapping[str, str], *, audience: str, now: datetime
    ) -> dict[str, Any] | str:
        """A token answer, or the OAuth error code."""
        if form.get("grant_type") != "client_credentials":
            return "unsupported_grant_type"
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            return "invalid_request"
        client = self._client(form.get("client_assertion", ""), audience=audience, now=now)
        if client is None:
            return "invalid_client"
        scope = form.get("scope", "")
        if "system/" not in scope:
            return "invalid_scope"
        self.issued += 1
        token = sha256(f"{client}/{self.issued}".encode()).hexdigest()
        self._grants[token] = Grant(client=client, scope=scope, until=now + self._life)
        seconds = int(self._life.total_seconds())
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": seconds,
            "scope": scope,
        }

    def allowed(self, authorization: str, *, writing: bool, now: datetime) -> int:
        """200, or the status that refuses: 401 without a valid token, 403 outside its scope."""
        grant = self._grants.get(authorization.removeprefix("Bearer "))
        if grant is None or now >= grant.until or not authorization.startswith("Bearer "):
            return 401
        verbs = [part.rpartition(".")[2] for part in grant.scope.split()]
        wanted = {"write", "*", "cruds"} if writing else {"read", "*", "cruds", "rs"}
        return 200 if wanted.intersection(verbs) else 403

    def expire_all(self) -> None:
        """All tokens issued so far are void."""
        self._grants.clear()

    def _client(self, assertion: str, *, audience: str, now: datetime) -> str | None:
        """The registered client whose own key signed this for us, just now and for the first time."""
        for client, keys in self._keys.items():
            claims = _claims(assertion, keys)
            if claims is None or claims.get("iss") != client:
                continue
            use = (client, str(claims.get("jti")))
            if use in self._used or not self._good(
                claims, client=client, audience=audience, now=now
            ):
                return None
            self._used.add(use)
            return client
        return None

    def _good(
        self, claims: Mapping[str, Any], *, client: str, audience: str, now: datetime
    ) -> bool:
        expires = claims.get("exp")
        if not isinstance(expires, int) or claims.get("sub") != client or not claims.get("jti"):
            return False
        left = timedelta(seconds=expires - now.timestamp())
        return claims.get("aud") == audience and -self.skew < left <= _LONGEST + self.skew


def _claims(assertion: str, keys: KeySet) -> Mapping[str, Any] | None:
    try:
        return jwt.decode(assertion, keys, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError):
        return None
