"""A shipped stand-in as a program of its own, and its admin door."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


@asynccontextmanager
async def program(module: str, *words: str) -> AsyncIterator[Mapping[str, str]]:
    """The addresses that it prints, while it runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.terminate()
        await process.wait()


async def asked(url: str, said: Any = None) -> Any:
    """GET, or POST of JSON."""
    async with (
        aiohttp.ClientSession() as session,
        session.request("GET" if said is None else "POST", url, json=said) as answer,
    ):
        return await answer.json()
