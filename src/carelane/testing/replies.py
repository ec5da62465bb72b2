"""What the simulated servers answer with, whatever they simulate: JSON, or a connection that is cut."""

import socket
import struct

import msgspec
from aiohttp import web


def json_answer(
    status: int, value: object, *, headers: dict[str, str] | None = None
) -> web.Response:
    """Plain JSON, for tokens and the administration."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        headers=headers or {},
        content_type="application/json",
    )


def reset(request: web.Request) -> None:
    """Cut the connection with a RST rather than an orderly end."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
