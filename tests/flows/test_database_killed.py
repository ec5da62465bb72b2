"""Kill -9 of the embedded PostgreSQL under `carelane up`: it is started again, nothing acknowledged is lost (I1)."""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from carelane.compose.demo import copied_site, free_ports
from carelane.compose.supervise import environment
from carelane.settings import Settings
from carelane.store.embedded_process import Postmaster, read_postmaster, signal_and_wait
from carelane.testing import messages
from carelane.testing.mllp import Sender
from tests.flows.fleet import Worker

pytestmark = pytest.mark.slow
CLI = (sys.executable, "-m", "carelane.cli")


@pytest.fixture
def alone() -> Iterator[tuple[Settings, int]]:
    """Settings of a Carelane of its own, in a folder that PostgreSQL's account can enter; and its MLLP port."""
    with tempfile.TemporaryDirectory(prefix="carelane-up-", ignore_cleanup_errors=True) as name:
        home, ports = Path(name), free_ports()
        home.chmod(0o711)
        site = copied_site(Settings().site, home / "site", ports)
        settings = replace(ports.settings(Settings(), home=home, site=site), workers=1)
        yield settings, ports.mllp
        left = read_postmaster(home / "postgres" / "data")
        if left is not None:
            signal_and_wait(left.pid, signal.SIGQUIT, seconds=30)


@asynccontextmanager
async def _up(settings: Settings) -> AsyncIterator[Worker]:
    up = Worker("up", [*CLI, "up"], environment(settings))
    try:
        await up.start()
        await up.up()
        yield up
    finally:
        await up.end()


def _postmaster(settings: Settings) -> Postmaster:
    found = read_postmaster(settings.home / "postgres" / "data")
    assert found is not None
    return found


async def _acknowledged(port: int, raw: bytes) -> None:
    """Sent until it is stored and answered."""
    async with asyncio.timeout(120):
        while True:
            try:
                (answer,) = await Sender(host="127.0.0.1", port=port, answer_s=10).send([raw])
            except (OSError, TimeoutError):
                answer = None
            if answer is not None and answer.code == "AA":
                return
            await asyncio.sleep(0.05)


async def _ledger(settings: Settings) -> dict[str, Any]:
    """What `ledger status` says once nothing waits to be read any more."""
    async with asyncio.timeout(120):
        while True:
            done = await asyncio.to_thread(
                subprocess.run, [*CLI, "ledger", "status", "--json"], env=environment(settings),
                capture_output=True, text=True, check=False)  # fmt: skip
            assert done.returncode == 0, done.stderr[-2000:]
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            if not found["laws"]["messages"].get("pending"):
                return found


@pytest.mark.invariant("I1")
@pytest.mark.invariant("I9")
async def test_a_killed_postgresql_is_started_again_and_nothing_is_lost(
    alone: tuple[Settings, int],
) -> None:
    settings, port = alone
    async with _up(settings) as up:
        for number in range(5):
            await _acknowledged(port, messages.referral(number, person=number))
        first = _postmaster(settings)
        assert signal_and_wait(first.pid, signal.SIGKILL, seconds=30)
        for number in range(5, 10):
            await _acknowledged(port, messages.referral(number, person=number))

        again = _postmaster(settings)
        assert again.pid != first.pid
        assert (again.port, again.socket) == (first.port, first.socket)
        assert sum("has ended unasked; starting it again" in line for line in up.said) == 1
        found = await _ledger(settings)
        assert found["balanced"] is True
        assert found["laws"]["messages"]["total"] == 10
