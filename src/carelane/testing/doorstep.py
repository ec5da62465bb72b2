"""An ASGI door on a loopback socket, for whoever wants to knock at it with real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def standing(app: Any) -> AsyncIterator[str]:
    """Serve `app` on a free port; its base address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    # `serve` would take over the process's signals.
    serving = asyncio.create_task(server._serve([listener]))  # noqa: SLF001  # uvicorn has no public way without signals
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
