"""Real processes of one Carelane for the kill test: started, killed by their own id and started again."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from carelane.compose.supervise import environment
from carelane.settings import Settings

READY = (b"ready", b"on port")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Worker:
    """One process slot: what runs in it now."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[str] = field(default_factory=list)
    kills: int = 0
    _reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; `ready` is set once it says so."""
        self.ready.clear()
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.said.append(line.decode())
            if any(word in line for word in READY):
                self.ready.set()

    async def up(self) -> None:
        """Until it says that it is ready. Fails with its last words."""
        try:
            async with asyncio.timeout(120):
                await self.ready.wait()
        except TimeoutError:
            raise AssertionError(f"{self.name} is not ready: {self.said[-6:]}") from None

    async def kill(self) -> None:
        """Kill -9, by the id we started it under."""
        if self.process is None or self.process.returncode is not None:
            return
        os.kill(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        if self._reading is not None:
            await self._reading
        self.kills += 1

    async def end(self) -> None:
        """Let it stop by itself, or kill it."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                await self.process.wait()
        except TimeoutError:
            await self.kill()


def fleet(settings: Settings, *, workers: int = 2) -> dict[str, Worker]:
    """A listener, workers and the web process."""
    base = [sys.executable, "-m", "carelane.cli"]
    given = environment(settings)
    commands = {"listen": ["listen"], "serve": ["serve"]}
    commands.update({f"work-{n}": ["work", "--number", str(n)] for n in range(workers)})
    return {name: Worker(name, [*base, *words], given) for name, words in commands.items()}


def ehr(port: int, jwks: Path) -> Worker:
    """The synthetic EHR, a process of its own."""
    command = [
        sys.executable,
        "-m",
        "carelane.testing.ehr",
        "--port",
        str(port),
        "--jwks",
        str(jwks),
    ]
    return Worker("ehr", command, dict(os.environ))  # noqa: TID251  # a program beside ours
