"""`serve` as a process would run it: ready, healthy, stopped; refused where it may not listen."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from carelane.compose.exposure import NotEncrypted
from carelane.compose.house import open_house
from carelane.compose.policies import PolicyFault, policies_of
from carelane.compose.ports import PortTaken
from carelane.compose.serve import serve
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls

pytestmark = pytest.mark.postgres
ROOT = Path(__file__).parents[2]


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _settings(home: Path, port: int) -> Settings:
    return Settings(
        home=home,
        site=ROOT / "site",
        pathways=ROOT / "pathways",
        policies=ROOT / "policies",
        portal_port=port,
    )


async def test_serve_answers_until_told_to_stop_and_names_a_taken_port(
    database: DatabaseUrls, tmp_path: Path
) -> None:
    """Sign-in, health and metrics answer; a second one on the port says what to do."""
    settings = _settings(tmp_path, _free())
    async with open_house(settings, database, process="load", load=True):
        pass
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve(settings, database, stop, ready=ready.set))
    await asyncio.wait({serving, asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
    assert ready.is_set()
    async with aiohttp.ClientSession() as client:
        for path, wanted in (("/sign-in", 200), ("/health", 200), ("/metrics", 200), ("/", 200)):
            async with client.get(f"http://127.0.0.1:{settings.portal_port}{path}") as answer:
                assert answer.status == wanted
    with pytest.raises(PortTaken, match="Remedy"):
        await serve(settings, database, asyncio.Event(), ready=ready.set)
    stop.set()
    await serving


@pytest.mark.requirement("R104")
@pytest.mark.requirement("R114")
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1"])  # noqa: S104  # what must be refused
async def test_serve_refuses_a_reachable_address_without_tls(
    database: DatabaseUrls, tmp_path: Path, host: str
) -> None:
    settings = replace(_settings(tmp_path, _free()), host=host)
    with pytest.raises(NotEncrypted, match="Remedy"):
        await serve(settings, database, asyncio.Event(), ready=lambda: None)


@pytest.mark.requirement("R110")
def test_nobody_is_let_in_by_broken_policies(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_text("permit (principal, action, resource)")
    (tmp_path / "a.cedarschema").write_text("entity Person;")
    with pytest.raises(PolicyFault):
        policies_of(replace(_settings(tmp_path, 0), policies=tmp_path))
