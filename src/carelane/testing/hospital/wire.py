"""The hospital's ends of the wires: MLLP feeds, the channel doors, the text gateway's callbacks."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
import msgspec

from carelane.connect.channel.signing import HEADER, signature
from carelane.connect.hl7v2.codec import envelope
from carelane.testing.gateways.flavours import Posted
from carelane.testing.hospital.again import asked_again
from carelane.testing.mllp import Sender

WINDOW = 16
AT_ONCE = 6
IDLE_S = 2.0


def session(total_s: float) -> aiohttp.ClientSession:
    """A session that lets go of an idle connection before a server does (uvicorn: 5 s), so that none is reused late.

    It asks again who is away for a moment.
    """
    connector = aiohttp.TCPConnector(keepalive_timeout=IDLE_S)
    timeout = aiohttp.ClientTimeout(total=total_s)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, middlewares=(asked_again,))


@dataclass(kw_only=True)
class Wire:
    """Where everything is. `feeds` are MLLP ports, `secrets` those of the doors, both by connection."""

    host: str
    feeds: Mapping[str, int]
    doors: str  # the listener's address
    secrets: Mapping[str, str] = field(repr=False)
    sent: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    _http: aiohttp.ClientSession | None = None
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def open(self) -> None:
        """Keep one HTTP session for all."""
        self._http = session(60)

    async def close(self) -> None:
        """Let go of it."""
        if self._http is not None:
            await self._http.close()

    async def feed(self, connection: str, raws: Sequence[bytes]) -> None:
        """Send messages in order by one feed."""
        sender = Sender(host=self.host, port=self.feeds[connection], window=WINDOW)
        for answer in await sender.send(raws):
            self.answers[answer.code] += 1
        self.sent.update(envelope(raw).trigger for raw in raws)

    async def post(self, door: str, message: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
        """Send one message by a channel's door; what was answered."""
        body = msgspec.json.encode(message)
        headers = {
            "Content-Type": "application/json",
            HEADER: signature(body, self.secrets[door], now),
        }
        async with (
            self._gate,
            self._session.post(f"{self.doors}/intake/{door}", data=body, headers=headers) as answer,
        ):
            self.answers[f"{door} {answer.status}"] += 1
            self.sent[f"JSON {door}"] += 1
            said: Mapping[str, Any] = await answer.json()
            return said

    async def call_back(self, posted: Posted) -> int:
        """A gateway's receipt or reply."""
        async with (
            self._gate,
            self._session.post(
                posted.url, data=posted.body, headers=dict(posted.headers)
            ) as answer,
        ):
            self.answers[f"texts {answer.status}"] += 1
            self.sent["text callback"] += 1
            return answer.status

    @property
    def _session(self) -> aiohttp.ClientSession:
        assert self._http is not None  # noqa: S101  # opened first
        return self._http
