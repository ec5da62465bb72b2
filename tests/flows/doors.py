"""The doors of a house under test on a socket, with the listener's own receiver behind them, and who knocks there."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from carelane.compose.connections import envelopes, inbound
from carelane.compose.durability import Guard
from carelane.compose.house import House
from carelane.compose.incoming import App, doors, mounted
from carelane.connect.channel.signing import signature
from carelane.intake.receive import Receiver
from tests.flows.conftest import Hand

CHANNEL = (
    "  {name}: {{ kind: channel, site: north, "
    "settings: {{ channel: {name}, secret_file: run/{name}.secret }} }}\n"
)
"""A channel's connection; its secret is made at the first start."""


async def nothing(_scope: Any, _source: Any, sink: Any) -> None:
    """Where no door is."""
    await sink({"type": "http.response.start", "status": 404, "headers": []})
    await sink({"type": "http.response.body", "body": b""})


class Later:
    """An application whose address is known before it is made: connections name their door when a house opens."""

    def __init__(self) -> None:
        self.app: App = nothing

    async def __call__(self, scope: Any, source: Any, sink: Any) -> None:
        """One request."""
        await self.app(scope, source, sink)


@asynccontextmanager
async def receiving(
    house: House, made: Callable[[House, Guard], Mapping[str, App]] = doors
) -> AsyncIterator[App]:
    """The listener's doors (or those of a kind), while its receiver writes what comes to them."""
    runtime = house.runtime
    sites = {name: row.site for name, row in inbound(runtime.directory).items()}
    receiver = Receiver(runtime, envelopes(runtime.directory), sites)
    guard = Guard(house, receiver.receive)
    await guard.look()
    stop = asyncio.Event()
    writing = asyncio.create_task(receiver.write(stop))
    try:
        yield mounted(nothing, made(house, guard))
    finally:
        stop.set()
        await writing


async def knock(
    base: str, channel: str, message: Mapping[str, Any], *, home: Path, hand: Hand
) -> tuple[int, Any]:
    """One signed message to a channel's door: status and answer."""
    body = json.dumps(message).encode()
    secret = (home / f"run/{channel}.secret").read_text()
    headers = {
        "Content-Type": "application/json",
        "X-Carelane-Signature": signature(body, secret, hand()),
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base}/intake/{channel}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()
