"""A real Carelane for measuring: embedded PostgreSQL, a listener and workers as processes of their own."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from carelane.cli.run import _load
from carelane.compose.database import owned
from carelane.compose.supervise import environment
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured: settings, addresses, the processes' ids and the listener's port."""

    settings: Settings
    urls: DatabaseUrls
    pids: list[int]
    port: int

    def sql(self, query: str) -> tuple[object, ...]:
        """One row, as superuser: counting must not depend on what is counted."""
        assert self.urls.superuser is not None
        with psycopg.connect(self.urls.superuser) as connection:
            row = connection.execute(query.encode()).fetchone()
        return tuple(row or ())

    def cpu_seconds(self) -> float:
        """CPU seconds of all our processes and PostgreSQL's so far."""
        postmaster = psutil.Process(self._postmaster())
        ended = postmaster.cpu_times()
        total = ended.children_user + ended.children_system
        for process in [
            *(psutil.Process(pid) for pid in self.pids),
            postmaster,
            *postmaster.children(),
        ]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory_bytes(self) -> dict[int, int]:
        """Private memory (shared memory apart) of each of our processes."""
        return {pid: psutil.Process(pid).memory_full_info().uss for pid in self.pids}

    def _postmaster(self) -> int:
        row = self.sql("select pg_backend_pid()")
        return psutil.Process(int(str(row[0]))).ppid()


@asynccontextmanager
async def bench_house(home: Path, *, workers: int = 2, listen: bool = True) -> AsyncIterator[Bench]:
    """Start everything; the processes end with the block."""
    home.chmod(0o711)
    settings = Settings(home=home, mllp_port=free_port(), health_port=0, workers=workers)
    with owned(settings, lambda _: None) as urls:
        await _load(settings, urls)
        async with AsyncExitStack() as stack:
            base = [sys.executable, "-m", "carelane.cli"]
            commands = [[*base, "work", "--number", str(n)] for n in range(workers)]
            if listen:
                commands.append([*base, "listen"])
            pids = [await _process(stack, settings, command) for command in commands]
            yield Bench(settings, urls, pids, settings.mllp_port)


async def _process(stack: AsyncExitStack, settings: Settings, command: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(*command, env=environment(settings),
                                                   stderr=asyncio.subprocess.PIPE)  # fmt: skip
    stack.push_async_callback(_end, process)
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if b"ready" in line or b"on port" in line:
            break
        sys.stderr.write(line.decode())
    asyncio.get_running_loop().create_task(_drain(process.stderr))
    return process.pid


async def _drain(stream: asyncio.StreamReader) -> None:
    while line := await stream.readline():
        sys.stderr.write(line.decode())


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await process.wait()
        except TimeoutError:
            process.kill()


def free_port() -> int:
    """A port that is free now."""
    import socket  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
