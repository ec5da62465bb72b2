"""`carelane up` looks at its ports before it starts anything: one line names the port and what to set."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from carelane.cli import main
from carelane.compose.database import Owned
from carelane.compose.demo import copied_site, free_ports
from carelane.compose.ports import PortTaken
from carelane.compose.supervise import Child, supervise
from carelane.compose.wanted import require_ports
from carelane.settings import Settings
from carelane.store.roles import DatabaseUrls


@contextmanager
def _taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def free(tmp_path: Path) -> Settings:
    """Settings and a site whose ports are all free."""
    ports = free_ports()
    site = copied_site(Settings().site, tmp_path / "site", ports)
    return ports.settings(Settings(), home=tmp_path / "home", site=site)


def test_free_ports_are_let_go_of_again(free: Settings) -> None:
    require_ports(free)
    require_ports(free)


def test_the_setting_that_names_another_port_is_told(free: Settings) -> None:
    with _taken() as port:
        for settings, setting in (
            (replace(free, portal_port=port), "CARELANE_PORTAL_PORT"),
            (replace(free, health_port=port - 2, workers=2), "CARELANE_HEALTH_PORT"),
            (replace(free, mllp_port=port), "CARELANE_MLLP_PORT"),
        ):
            with pytest.raises(PortTaken, match=rf"port {port} .*Remedy: set {setting}"):
                require_ports(settings)


def test_of_the_sites_own_ports_file_and_connection_are_told(free: Settings) -> None:
    file = free.site / "connections.yaml"
    text = file.read_text(encoding="utf-8")
    own = text.split("listen_port: ")[1].split()[0]
    with _taken() as port:
        file.write_text(text.replace(own, str(port), 1), encoding="utf-8")
        with pytest.raises(PortTaken, match=rf"port {port} .*listen_port of mllp in .*connections"):
            require_ports(free)


def test_two_settings_that_name_one_port_are_told(free: Settings) -> None:
    with pytest.raises(PortTaken, match="CARELANE_HEALTH_PORT"):
        require_ports(replace(free, health_port=free.portal_port))


def test_up_ends_with_status_2_and_has_started_nothing(
    free: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def owned(*_: object) -> Iterator[Owned]:
        yield Owned(DatabaseUrls(owner="", app="", worker="", audit=""))

    monkeypatch.setattr("carelane.cli.run.owned", owned)
    with _taken() as port:
        flags = {
            "--home": free.home,
            "--site": free.site,
            "--health-port": free.health_port,
            "--portal-port": port,
        }
        words = [str(word) for pair in flags.items() for word in pair]

        assert main(["up", *words]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"carelane: port-taken: port {port} ")


COULD_NOT = Child("serve", [sys.executable, "-c", "raise SystemExit(2)"])
"""A process that ends as one does that could not have what it needs."""
LIVES = Child("work-0", [sys.executable, "-c", "import signal; signal.pause()"])


async def test_a_port_that_is_taken_after_the_look_ends_everything_with_its_line(
    free: Settings,
) -> None:
    """The child was started anew for ever; its neighbours end too."""
    said: list[str] = []
    with _taken() as port:
        settings = replace(free, portal_port=port)
        with pytest.raises(
            PortTaken, match=rf"port {port} .*Remedy: set CARELANE_PORTAL_PORT"
        ) as ended:
            await supervise(settings, [LIVES, COULD_NOT], said.append)
    assert ended.value.code == "port-taken"
    assert said == []


async def test_a_child_that_could_not_start_for_another_reason_is_started_anew(
    free: Settings,
) -> None:
    """Another process's port is nothing to it."""
    said: list[str] = []
    stop = asyncio.Event()

    def say(line: str) -> None:
        said.append(line)
        stop.set()

    with _taken() as port:
        settings = replace(free, health_port=port - 1, workers=1)
        await supervise(settings, [COULD_NOT], say, stop=stop)
    assert said == ["serve ended with status 2; starting it anew"]
