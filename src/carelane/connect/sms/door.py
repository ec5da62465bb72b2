"""The door for a gateway's receipts and replies: an ASGI application that `compose` mounts.

In this order: the size, the signature, the store, and only then an answer (I1). A gateway that gets no 2xx calls
again; the same callback again is one message.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from carelane.connect.sms.codec import Callback, Dialect
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receive

BODY_BYTES_MAX: Final = 64 * 1024
_STATUS_OF: Final = {"accepted": 204, "duplicate": 204, "conflict": 204, "rejected": 422}

Scope = MutableMapping[str, Any]
Source = Callable[[], Awaitable[MutableMapping[str, Any]]]
Sink = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDoor:
    """One connection's door. `address` is how the gateway calls it: its signature is over that."""

    connection: str
    dialect: Dialect
    address: str
    secret: str = field(repr=False)
    receive: Receive
    now: Callable[[], datetime]

    async def __call__(self, scope: Scope, source: Source, sink: Sink) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        status = await self._status(scope, source)
        headers = [(b"cache-control", b"no-store")]
        await sink({"type": "http.response.start", "status": status, "headers": headers})
        await sink({"type": "http.response.body", "body": b""})

    async def _status(self, scope: Scope, source: Source) -> int:
        if scope["method"] != "POST":
            return 405
        body = await _body(source)
        if body is None:
            return 413
        callback = self._callback(scope, body)
        if not self.dialect.authentic(callback, self.secret, now=self.now()):
            return 401
        try:
            receipt = await self.receive(self.connection, self.dialect.stored(callback))
        except CarelaneError:  # nothing can be stored now; the gateway calls again
            return 503
        return _STATUS_OF.get(receipt.outcome, 500)

    def _callback(self, scope: Scope, body: bytes) -> Callback:
        query = bytes(scope.get("query_string", b"")).decode("latin-1")
        return Callback(
            url=f"{self.address}?{query}" if query else self.address,
            query=query,
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in scope["headers"]
            },
            body=body,
        )


async def _body(source: Source) -> bytes | None:
    body = bytearray()
    while True:
        message = await source()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return bytes(body)
