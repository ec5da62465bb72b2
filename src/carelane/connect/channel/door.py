"""The door of one channel: an ASGI application that `compose` mounts. POST gives a message, GET the schema.

In this order: method, type, size, signature, schema, store, and only then an answer (I1). Every refusal names the
field, what is wrong with it and the remedy; none holds a value.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from carelane.connect.channel.codec import decode, language_of
from carelane.connect.channel.schema import CHANNELS
from carelane.connect.channel.signing import HEADER, authentic
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receive
from carelane.facts.problem import Problem

Scope = MutableMapping[str, Any]
Source = Callable[[], Awaitable[MutableMapping[str, Any]]]
Sink = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Instruct = Callable[[bytes], Awaitable[str]]
_STATUS_OF: Final = {"accepted": 202, "duplicate": 200, "conflict": 409, "rejected": 422}


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: status, body and headers beyond the usual."""

    status: int
    body: Any
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def _nothing(_raw: bytes) -> str:
    """Where nobody says what an emergency is."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDoor:
    """One connection's door. `instructions` are the site's words, by language, that whoever sends is shown at once.

    `instruct` gives the words for an emergency where what was sent holds a red flag, else nothing.
    """

    connection: str
    channel: str
    secret: str = field(repr=False)
    receive: Receive
    now: Callable[[], datetime]
    bytes_max: int
    instructions: Mapping[str, str] = field(default_factory=dict)
    instruct: Instruct = _nothing

    async def __call__(self, scope: Scope, source: Source, sink: Sink) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        told = await self._told(scope, source)
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-store"),
            *told.headers,
        ]
        await sink({"type": "http.response.start", "status": told.status, "headers": headers})
        await sink({"type": "http.response.body", "body": msgspec.json.encode(told.body)})

    async def _told(self, scope: Scope, source: Source) -> Told:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        if scope["method"] == "GET":
            return Told(200, msgspec.json.schema(CHANNELS[self.channel]))
        if scope["method"] != "POST":
            return _refused(405, METHOD, ((b"allow", b"GET, POST"),))
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return _refused(415, TYPE)
        body = await _body(source, self.bytes_max)
        if body is None:
            return _refused(413, _size(self.bytes_max))
        if not authentic(headers.get(HEADER, ""), body, self.secret, now=self.now()):
            return _refused(401, SIGNATURE)
        return await self._stored(body)

    async def _stored(self, body: bytes) -> Told:
        """Kept first, then answered; what can't be used is kept as rejected, so that it counts."""
        try:
            receipt = await self.receive(self.connection, body)
        except CarelaneError as fault:
            refused = _refused(503, _stopped(fault.code), ((b"retry-after", b"5"),))
            return await self._instructed(refused, body)
        status = _STATUS_OF.get(receipt.outcome, 500)
        if receipt.outcome == "rejected":
            _, problems = decode(self.channel, body)
            return Told(status, {"outcome": "rejected", "problems": _listed(problems)})
        if receipt.outcome == "conflict":
            conflict = Told(status, {"outcome": "conflict", "problems": _listed([CONFLICT])})
            return await self._instructed(conflict, body)
        said = {"outcome": receipt.outcome, "message": str(receipt.message)}
        return await self._instructed(Told(status, said), body)

    async def _instructed(self, told: Told, body: bytes) -> Told:
        """The answer with what the patient is shown; an emergency's words come first, also where nothing was kept."""
        urgent = await self.instruct(body)
        plain = self.instructions.get(language_of(body)) or self.instructions.get("", "")
        words = "\n".join(one for one in (urgent, plain) if one)
        shown = {"instructions": words} if words else {}
        return Told(
            told.status,
            {**told.body, **shown, **({"emergency": True} if urgent else {})},
            told.headers,
        )


def _refused(status: int, problem: Problem, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Told:
    return Told(status, {"outcome": "refused", "problems": _listed([problem])}, headers)


def _listed(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"code": each.code, "field": each.place, "problem": each.message, "remedy": each.remedy}
        for each in problems
    ]


METHOD = Problem(
    code="channel.method",
    place="method",
    message="Only POST and GET are answered here.",
    remedy="POST a message, or GET the schema.",
)
TYPE = Problem(
    code="channel.type",
    place="Content-Type",
    message="The content is not declared as JSON.",
    remedy="Send `Content-Type: application/json`.",
)
SIGNATURE = Problem(
    code="channel.signature",
    place="X-Carelane-Signature",
    message="The signature is missing, wrong, or more than five minutes old.",
    remedy="Sign `t.body` with the connection's secret (HMAC-SHA256), and send `t=UNIX,v1=HEX`.",
)
CONFLICT = Problem(
    code="channel.same-id-other-body",
    place="$.id",
    message="This number was used before with other content; both are kept, and a person looks.",
    remedy="Give each message a number of its own.",
)


def _size(bytes_max: int) -> Problem:
    return Problem(
        code="channel.size",
        place="body",
        message=f"The message is larger than {bytes_max} bytes.",
        remedy="Send less, or raise the connection's `bytes_max`.",
    )


def _stopped(code: str) -> Problem:
    return Problem(
        code=f"channel.{code}",
        place="server",
        message="Nothing can be stored at the moment, so nothing was taken.",
        remedy="Send the same message again in a few seconds.",
    )


async def _body(source: Source, bytes_max: int) -> bytes | None:
    body = bytearray()
    while True:
        message = await source()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > bytes_max:
            return None
        if not message.get("more_body", False):
            return bytes(body)
