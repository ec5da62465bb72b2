"""Start-up order and `/health`: a process waits for its database, and says when it has none (T4)."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carelane.compose.database import NoDatabase
from carelane.compose.health import answer, health_of
from carelane.compose.house import House, open_house
from carelane.compose.patience import patiently
from carelane.compose.ports import PortTaken
from carelane.compose.processes import listen, work
from carelane.engine.in_force import Stored, releases_of
from carelane.engine.releases import Releases
from carelane.facts.errors import SetupFault
from carelane.settings import Settings
from carelane.store.pool import Unreachable
from carelane.store.roles import DatabaseUrls
from tests.conftest import shipped_settings
from tests.flows.fleet import Worker, fleet, free_port

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]


async def test_a_process_tries_again_until_its_database_is_there() -> None:
    tries, said = iter([NoDatabase("none"), Unreachable("down"), Unreachable("down")]), list[str]()

    async def start() -> None:
        if (absent := next(tries, None)) is not None:
            raise absent
        said.append("started")

    await patiently(start, asyncio.Event(), said.append, base=timedelta(0))
    assert [each.split(":")[0] for each in said] == [
        "no-database", "database-unreachable", "database-unreachable", "started",
    ]  # fmt: skip


async def test_a_process_that_waits_stops_when_told_and_does_not_hide_wrong_settings() -> None:
    stop = asyncio.Event()

    async def absent() -> None:
        stop.set()
        raise Unreachable("down")

    async def wrong() -> None:
        raise SetupFault("a setting")

    await patiently(absent, stop, lambda _: None, base=timedelta(hours=1), limit=timedelta(hours=1))
    with pytest.raises(SetupFault):
        await patiently(wrong, asyncio.Event(), lambda _: None)


def _get(port: int) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


async def _heard(port: int) -> tuple[int, dict[str, Any]]:
    async with asyncio.timeout(90):
        while True:
            try:
                return await asyncio.to_thread(_get, port)
            except urllib.error.URLError:
                await asyncio.sleep(0.02)


async def test_health_tells_the_truth(database: DatabaseUrls, home: Path) -> None:
    async with open_house(shipped_settings(home), database, process="work-0") as opened:
        house: House = replace(opened)
        stop, port = asyncio.Event(), free_port()
        serving = asyncio.create_task(answer(health_of(house, port, {}), stop))
        status, told = await _heard(port)
        assert (status, told["healthy"], told["messages"]) == (200, True, 0)
        await house.runtime.worker.pool.close()  # as when the database is gone
        status, told = await _heard(port)
        assert (status, told["healthy"]) == (503, False)
        stop.set()
        await serving


async def test_a_worker_whose_health_port_is_taken_ends_and_says_so(
    database: DatabaseUrls, home: Path
) -> None:
    """It once went on without an answer: neither working nor ended."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = replace(shipped_settings(home), health_port=port - 1)
        async with asyncio.timeout(90):
            with pytest.raises(PortTaken, match="Remedy: set CARELANE_HEALTH_PORT"):
                await work(settings, database, asyncio.Event())


async def test_a_listener_whose_port_is_taken_ends_and_says_what_names_another(
    database: DatabaseUrls, home: Path
) -> None:
    """It once ended with a traceback, which no supervisor can tell from a defect."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = replace(shipped_settings(home), mllp_port=port)
        with pytest.raises(PortTaken, match=f"port {port} .*Remedy: set CARELANE_MLLP_PORT"):
            await listen(settings, database, asyncio.Event(), ready=lambda _: None)


async def test_no_transaction_waits_while_releases_are_read_for_the_first_time(
    house: House, database: DatabaseUrls, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a slow machine that took longer than a transaction may wait, and the process ended."""
    waiting: list[int] = []

    def read(rows: Stored) -> Releases:
        waiting.extend(
            number
            for (number,) in superuser.execute(
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and state like 'idle in transaction%'"
            )
        )
        return releases_of(rows)

    monkeypatch.setattr("carelane.compose.house.releases_of", read)
    async with open_house(house.settings, database, process="second") as second:
        assert second.runtime.releases.published
    assert waiting == [0]


async def test_a_listener_started_before_any_database_serves_once_there_is_one(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, site=ROOT / "site", pathways=ROOT / "pathways", mllp_port=free_port(),
                        health_port=0)  # fmt: skip
    listener: Worker = fleet(settings)["listen"]
    await listener.start()
    try:
        async with asyncio.timeout(90):
            while not any("no-database" in line for line in listener.said):  # noqa: ASYNC110  # lines of a process
                await asyncio.sleep(0.02)
        async with open_house(settings, database, process="up", load=True):
            pass
        (tmp_path / "database.json").write_text(json.dumps(_addresses(database)))
        await listener.up()
    finally:
        await listener.end()


def _addresses(urls: DatabaseUrls) -> dict[str, str]:
    return {name: getattr(urls, name) for name in urls.__dataclass_fields__}
