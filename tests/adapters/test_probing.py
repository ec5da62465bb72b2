"""Each way in which the other side of a connection is not there is told apart, before a message finds out."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from carelane.cli.doctor import _probed
from carelane.compose.probing import Target, probe, target_of
from tests.adapters.certificates import certificate
from tools.dataflow_table import shipped_connections

NOW = datetime.now(UTC)  # noqa: TID251  # ssl itself reads the machine's clock


@asynccontextmanager
async def other_side(file: Path | None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Somebody who listens, and what was said to them."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())
        writer.close()

    context = None
    if file is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
    server = await asyncio.start_server(hear, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


@pytest.mark.requirement("R174")
@pytest.mark.parametrize(
    ("days", "trusted", "well", "says"),
    [
        (90, True, True, "certificate until"),
        (90, False, False, "no certificate that holds"),
        (7, True, False, "ends"),
        (-1, True, False, "no certificate that holds"),
    ],
)
async def test_a_certificate_is_read_before_it_fails(
    tmp_path: Path, *, days: int, trusted: bool, well: bool, says: str
) -> None:
    """Good, of an unknown authority, about to end, ended."""
    file = certificate(tmp_path, NOW + timedelta(days=days))
    async with other_side(file) as (port, _):
        authorities = str(file) if trusted else ""
        found = await probe(
            Target(host="127.0.0.1", port=port, tls=True, authorities=authorities), NOW
        )
    assert found.well is well
    assert says in found.says


@pytest.mark.requirement("R174")
async def test_an_end_that_is_there_hears_nothing_and_one_that_is_not_is_named() -> None:
    """No byte is said to the one; the other has a remedy."""
    async with other_side(None) as (port, heard):
        assert (await probe(Target(host="127.0.0.1", port=port), NOW)).well
        await asyncio.sleep(0)
    assert b"".join(heard) == b""
    gone = await probe(Target(host="127.0.0.1", port=port), NOW)
    assert not gone.well
    assert "does not answer. Remedy" in gone.says


@pytest.mark.requirement("R174")
async def test_doctor_calls_whoever_the_site_sends_to(tmp_path: Path) -> None:
    """Each connection that serves something, by its own name; nobody else."""
    rows = shipped_connections()
    runtime = SimpleNamespace(directory=SimpleNamespace(connections=rows), now=lambda: NOW)
    house: Any = SimpleNamespace(runtime=runtime, settings=SimpleNamespace(home=tmp_path))
    found = await _probed(house)
    sending = {f"other side of {name}" for name, row in rows.items() if row.serves}
    assert {each.what for each in found} == sending


@pytest.mark.requirement("R174")
async def test_a_name_that_has_no_address_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server's answer, not the other side's silence."""

    async def nobody(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
    found = await probe(Target(host="ehr.invalid", port=443), NOW)
    assert not found.well
    assert "ehr.invalid has no address" in found.says


@pytest.mark.parametrize(
    ("settings", "target"),
    [
        ({"base_url": "https://ehr.example/fhir", "ca_file": "/ca.pem"},
         Target(host="ehr.example", port=443, tls=True, authorities="/ca.pem")),
        ({"base_url": "http://127.0.0.1:20580/fhir"}, Target(host="127.0.0.1", port=20580)),
        ({"host": "lab", "port": 2575, "tls": True, "tls_authorities": "/l", "tls_server_name": "x"},
         Target(host="lab", port=2575, tls=True, authorities="/l", named="x")),
        ({"host": "mail", "port": 465, "tls": "implicit"}, Target(host="mail", port=465, tls=True)),
        ({"host": "mail", "port": 587, "tls": "starttls"}, Target(host="mail", port=587)),
        ({"listen_host": "127.0.0.1", "listen_port": 20575}, None),
    ],
)  # fmt: skip
def test_where_a_connection_sends_to(settings: dict[str, Any], target: Target | None) -> None:
    assert target_of(settings) == target
