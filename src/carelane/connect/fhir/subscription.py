"""The door for an EHR's rest-hook notifications: an ASGI application that `compose` mounts.

In this order: the secret, the size, the store, and only then an answer (I1). A notification with a body is a
message; one without wakes the poller. FHIR R4, Subscription, channel type rest-hook.
"""

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final

from carelane.connect.fhir.codec import canonical, decode
from carelane.connect.fhir.mapping.company import unwrapped
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import DEFAULT
from carelane.facts.errors import CarelaneError, SetupFault
from carelane.facts.ports import Receive

SECRET_HEADER: Final = b"x-carelane-secret"
SECRET_LENGTH_MIN: Final = 32
_STATUS_OF: Final = {"accepted": 200, "duplicate": 200, "conflict": 200, "rejected": 422}

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Source = Callable[[], Awaitable[Message]]
Sink = Callable[[Message], Awaitable[None]]


class SecretTooShort(SetupFault):
    """The secret of a notification door has fewer than 32 characters: set a longer one, in the EHR too."""

    code = "fhir-secret-too-short"


async def _nobody() -> None:
    """Where no poller is to be woken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDoor:
    """One connection's door. `receive` returns after the commit; `wake` asks for a poll soon."""

    connection: str
    secret: str = field(repr=False)
    receive: Receive
    wake: Callable[[], Awaitable[None]] = _nobody
    body_bytes_max: int = 16 * 1024 * 1024
    local: Local = DEFAULT

    def __post_init__(self) -> None:
        if len(self.secret) < SECRET_LENGTH_MIN:
            raise SecretTooShort("a notification secret needs at least 32 characters")

    async def __call__(self, scope: Scope, source: Source, sink: Sink) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        await _answer(sink, await self._status(scope, source))

    async def _status(self, scope: Scope, source: Source) -> int:
        if scope["method"] not in {"POST", "PUT"}:
            return 405
        if not self._knows(scope):
            return 403
        body = await self._body(source)
        if body is None:
            return 413
        if not body.strip():
            await self.wake()
            return 200
        try:
            receipt = await self.receive(self.connection, self._settled(body))
        except (
            CarelaneError
        ):  # nothing can be stored now; who notifies tries again, and a poll finds it anyway
            return 503
        return _STATUS_OF.get(receipt.outcome, 500)

    def _settled(self, body: bytes) -> bytes:
        """The bytes that a poll of the same version gives; what can't be read, or says more than that, as it came."""
        resource = decode(body)
        if resource is None:
            return body
        if resource["resourceType"] != "Bundle":
            return canonical(resource)
        alone = unwrapped(resource, self.local)
        return body if alone is resource else canonical(alone)

    def _knows(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == SECRET_HEADER]
        offered = given[0] if len(given) == 1 else b""
        return hmac.compare_digest(offered, self.secret.encode())

    async def _body(self, source: Source) -> bytes | None:
        body = bytearray()
        while True:
            message = await source()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.body_bytes_max:
                return None
            if not message.get("more_body", False):
                return bytes(body)


async def _answer(sink: Sink, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"cache-control", b"no-store")]
    await sink({"type": "http.response.start", "status": status, "headers": headers})
    await sink({"type": "http.response.body", "body": b""})
