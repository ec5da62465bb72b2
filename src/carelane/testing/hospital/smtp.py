"""A small SMTP sink (RFC 5321): takes mail for anybody and keeps it, for the demo and the tests."""

import asyncio
from dataclasses import dataclass, field

_LINES_MAX = 2_000


@dataclass(slots=True)
class Sink:
    """Mail received, as sent. Open it, read `mails`, close it."""

    mails: list[str] = field(default_factory=list)
    _server: asyncio.Server | None = None

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; the bound port."""
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up: nothing was promised
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 sink")
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            verb = line[:4].upper()
            if verb == "DATA":
                await say("354 go on")
                self.mails.append(await _data(reader))
                await say("250 kept")
            elif verb == "QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")


async def _data(reader: asyncio.StreamReader) -> str:
    lines: list[str] = []
    while len(lines) < _LINES_MAX:
        line = (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n")
        if line == ".":
            break
        lines.append(line)
    return "\n".join(lines)
