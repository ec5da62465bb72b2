"""A real Carelane for measuring: embedded PostgreSQL, a listener and workers as processes of their own."""

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from psycopg.rows import TupleRow

from carelane.cli.run import _load
from carelane.compose.database import owned
from carelane.compose.supervise import environment
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls


@dataclass(slots=True)
class Bench:
    """What is measured: settings, addresses, the listener's port, and the processes by name."""

    settings: Settings
    urls: DatabaseUrls
    port: int
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def superuser(self) -> str:
        """The address that sees everything."""
        if self.urls.superuser is None:
            raise RuntimeError("the bench needs the embedded server, where it is superuser")
        return self.urls.superuser

    def rows(self, query: str, **values: object) -> list[TupleRow]:
        """All rows, as superuser: counting must not depend on what is counted."""
        with psycopg.connect(self.superuser) as connection:
            return connection.execute(query.encode(), values or None).fetchall()

    def count(self, query: str, **values: object) -> int:
        """The one number that a query answers."""
        return int(self.rows(query, **values)[0][0])

    def change(self, *statements: str) -> None:
        """Statements that set a scene, as superuser, in one transaction."""
        with psycopg.connect(self.superuser) as connection:
            for each in statements:
                connection.execute(each.encode())

    async def start(self, name: str) -> float:
        """Start `listen` or `work-<n>`; the seconds until it says that it is ready."""
        kind, _, number = name.partition("-")
        command = [
            sys.executable,
            "-m",
            "carelane.cli",
            kind,
            *(["--number", number] if number else []),
        ]
        began = time.monotonic()
        self.running[name] = await _process(self.settings, command)
        return time.monotonic() - began

    async def stop(self, *names: str) -> None:
        """Stop these processes, all of them if none is named."""
        gone = [self.running.pop(name) for name in (names or tuple(self.running))]
        await asyncio.gather(*map(_end, gone))

    async def until(
        self, query: str, number: int, *, seconds: float = 300.0, every: float = 0.05
    ) -> None:
        """Wait until a query answers at least this number."""
        with psycopg.connect(self.superuser, autocommit=True) as watching:
            watching.execute("set enable_seqscan = off")  # looking must not cost what is looked at
            async with asyncio.timeout(seconds):
                while _number(watching, query) < number:  # noqa: ASYNC110  # the event is in another process
                    await asyncio.sleep(every)

    def cpu_seconds(self) -> Mapping[str, float]:
        """CPU seconds so far: each of our processes by name, and `postgresql` with all of its."""
        postmaster = psutil.Process(self._postmaster())
        ended = postmaster.cpu_times()
        found = {"postgresql": ended.children_user + ended.children_system}
        for each in [postmaster, *postmaster.children()]:
            found["postgresql"] += _spent(each)
        return found | {
            name: _spent(psutil.Process(each.pid)) for name, each in self.running.items()
        }

    def memory_bytes(self) -> Mapping[str, int]:
        """Private memory (shared memory apart) of each of our processes."""
        return {
            name: psutil.Process(each.pid).memory_full_info().uss
            for name, each in self.running.items()
        }

    def _postmaster(self) -> int:
        with psycopg.connect(self.superuser) as connection:
            return psutil.Process(connection.info.backend_pid).ppid()


@asynccontextmanager
async def bench_house(
    *, start: Sequence[str] = ("listen", "work-0", "work-1")
) -> AsyncIterator[Bench]:
    """Start everything in a home of its own; all ends with the block."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carelane-bench-")))
        home.chmod(0o711)  # noqa: ASYNC240  # as root PostgreSQL runs as a user of its own, who must get through
        settings = Settings(home=home, mllp_port=free_port(), health_port=0)
        urls = stack.enter_context(owned(settings, lambda _: None)).urls
        await _load(settings, urls)
        bench = Bench(settings, urls, settings.mllp_port)
        stack.push_async_callback(bench.stop)
        for name in start:
            await bench.start(name)
        yield bench


def _spent(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _number(connection: "psycopg.Connection[TupleRow]", query: str) -> int:
    row = connection.execute(query.encode(), prepare=True).fetchone()
    return int(row[0]) if row else 0


async def _process(settings: Settings, command: Sequence[str]) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment(settings),
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # as `carelane up` starts its own
    )
    if process.stderr is None:
        raise RuntimeError("its errors were asked for")
    while line := await process.stderr.readline():
        if b"ready" in line or b"on port" in line:
            break
        sys.stderr.write(line.decode())
    else:
        raise RuntimeError(f"{command[3]} ended before it was ready; what it said stands above")
    _READING.add(reading := asyncio.create_task(_pass_on(process.stderr)))
    reading.add_done_callback(_READING.discard)
    return process


_READING: set["asyncio.Task[None]"] = set()


async def _pass_on(stream: asyncio.StreamReader) -> None:
    while line := await stream.readline():
        if b"stopped" not in line and b"started" not in line:
            sys.stderr.write(line.decode())


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(20):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
