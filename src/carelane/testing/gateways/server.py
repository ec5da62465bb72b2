"""A gateway on a socket: takes texts, can be made to fail in each way, and calls back with receipts and replies.

Faults strike the next request, in order: `busy`, `down`, `reset-before` do nothing first; `reset-after`,
`error-after`, `half-after` have sent the text before they fail; `lying` answers well and has sent nothing;
`hang-before` and `hang-after` never answer.
"""

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from carelane.testing.gateways.flavours import FLAVOURS, Asked, Flavour, Posted, Told

BEFORE: Final = frozenset({"busy", "busy-date", "down", "error", "reset-before"})
_WAIT: Final = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A text that went out."""

    number: str
    asked: Asked


@dataclass(kw_only=True)
class GatewayServer:
    """One gateway. `opted_out` and `bad` are numbers; of what it `accepted`, `taken` went out."""

    flavour: Flavour
    now: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: TID251  # a program with the machine's clock
    opted_out: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    accepted: list[Taken] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    requests: int = 0
    replies: int = 0
    root: URL = field(default_factory=URL)
    _runner: web.AppRunner | None = None
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, *, beside: Sequence[web.RouteDef] = ()
    ) -> URL:
        """Listen; the base address. `beside` are doors that are not the gateway's own."""
        app = web.Application()
        app.router.add_routes(beside)
        app.router.add_post(self.flavour.path, self._send)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        address = self._runner.addresses[0]
        self.root = URL.build(scheme="http", host=str(address[0]), port=int(address[1]))
        return self.root

    async def stop(self) -> None:
        """Stop listening, and let go of who hangs."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def doubles(self) -> int:
        """How many texts went out more than once, by the client's reference or by number and words."""
        by = Counter(one.asked.reference or (one.asked.to, one.asked.text) for one in self.taken)
        return sum(count - 1 for count in by.values())

    def held(self, reference: str) -> int:
        """How often a text with the client's reference went out."""
        return sum(one.asked.reference == reference for one in self.taken)

    async def receipt(self, taken: Taken, status: str = "delivered", why: str = "") -> int:
        """Call back with a receipt; the status that our door answered."""
        return await self.post(
            self.flavour.receipt(taken.asked, taken.number, status, why, at=self.now())
        )

    async def reply(self, sender: str, text: str, url: str) -> int:
        """A patient texts; STOP and START are heeded here too, as gateways do."""
        word = text.strip().upper()
        if word == "STOP":
            self.opted_out.add(sender)
        elif word == "START":
            self.opted_out.discard(sender)
        self.replies += 1
        number = f"SMreply{self.replies:026d}"
        return await self.post(self.flavour.reply(sender, text, number, url, at=self.now()))

    async def post(self, posted: Posted) -> int:
        """Send a callback."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(posted.url, headers=posted.headers, data=posted.body) as answer,
        ):
            return answer.status

    async def _send(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "hang-before":
            await self._stopping.wait()
        if fault in BEFORE:
            return self._before(request, fault)
        asked = self.flavour.asked(request.headers, await request.read())
        if isinstance(asked, Told):
            return _answer(asked)
        if asked.to in self.bad:
            return _answer(self.flavour.refused("bad-number"))
        if asked.to in self.opted_out and self.flavour.refuses_opted_out:
            return _answer(self.flavour.refused("opted-out"))
        number = f"SM{len(self.accepted) + 1:032d}"
        told = self.flavour.accepted(number)
        if fault == "lying":
            return web.Response(status=told.status, text="{}", content_type="application/json")
        self.accepted.append(Taken(number=number, asked=asked))
        if asked.to not in self.opted_out:
            self.taken.append(self.accepted[-1])
        return await self._after(request, told, fault)

    def _before(self, request: web.Request, fault: str) -> web.Response:
        if fault == "reset-before":
            _reset(request)
            return web.Response(status=500)
        wait = {"Retry-After": str(_WAIT)} if fault == "busy" else {}
        if fault == "busy-date":
            at = datetime.fromtimestamp(self.now().timestamp() + 90, tz=UTC)
            wait = {"Retry-After": at.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        answer = _answer(self.flavour.refused(fault.removesuffix("-date")))
        answer.headers.update(wait)
        return answer

    async def _after(self, request: web.Request, told: Told, fault: str) -> web.StreamResponse:
        if fault == "hang-after":
            await self._stopping.wait()
        if fault == "reset-after":
            _reset(request)
        if fault == "error-after":
            return _answer(self.flavour.refused("error"))
        if fault == "half-after":
            body = json.dumps(told.body).encode()
            half = web.StreamResponse(status=told.status)
            half.content_length = len(body)
            await half.prepare(request)
            await half.write(body[: len(body) // 2])
            _reset(request)
            return half
        return _answer(told)


async def open_gateway(name: str, *, now: Callable[[], datetime]) -> GatewayServer:
    """A gateway of a flavour, listening."""
    server = GatewayServer(flavour=FLAVOURS[name](), now=now)
    await server.start()
    return server


def _answer(told: Told) -> web.Response:
    return web.Response(
        status=told.status, text=json.dumps(told.body), content_type="application/json"
    )


def _reset(request: web.Request) -> None:
    """Cut the connection without a word."""
    transport = request.transport
    if transport is None:
        return
    plain: socket.socket | None = transport.get_extra_info("socket")
    if plain is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
