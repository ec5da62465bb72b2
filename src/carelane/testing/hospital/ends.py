"""The hospital's ends of the wires that a morning and a run of days open alike: mail, texts, the keys they go by."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from carelane.testing.gateways.flavours import FLAVOURS
from carelane.testing.gateways.server import GatewayServer
from carelane.testing.hospital.smtp import Sink


def secret_of(home: Path, name: str) -> str:
    """The secret that Carelane made for a connection at its first start."""
    return (home / "run" / f"{name}.secret").read_text(encoding="utf-8").strip()


def client_keys(home: Path, name: str) -> dict[str, Any]:
    """The public half of the key that Carelane signs with towards `name`."""
    keys: dict[str, Any] = msgspec.json.decode(
        (home / "run" / f"{name}-client-key.jwks.json").read_bytes()
    )
    return keys


async def open_mail(stack: AsyncExitStack, port: int) -> Sink:
    """A mail server that keeps what comes, until the stack is left."""
    sink = Sink()
    await sink.open(port=port)
    stack.push_async_callback(sink.close)
    return sink


async def open_texts(
    stack: AsyncExitStack, home: Path, host: str, port: int, now: Callable[[], datetime]
) -> GatewayServer:
    """The gateway that takes texts, until the stack is left."""
    flavour = FLAVOURS["twilio"]()
    flavour.secret = secret_of(home, "texts")
    gateway = GatewayServer(flavour=flavour, now=now)
    await gateway.start(host, port)
    stack.push_async_callback(gateway.stop)
    return gateway
