"""The synthetic EHR as a program: sockets, admin pages, its own audit, and the door."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from joserfc.jwk import ECKey, KeySet
from yarl import URL

from carelane.testing.conformance.fhir_rig import STARTS_AT, FhirRig, open_rig


@pytest.fixture
async def rig() -> AsyncIterator[FhirRig]:
    made = await open_rig("a")
    yield made
    await made.client.close()
    await made.server.stop()


async def fetch(url: URL | str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize("path", ["Patient/p1", "Patient", "Task?identifier=x|1"])
async def test_without_a_token_nothing_is_read(rig: FhirRig, path: str) -> None:
    status, body = await fetch(f"{rig.server.base}/{path}")
    assert status == 401
    assert body["issue"][0]["code"] == "login"


async def test_metadata_and_configuration_are_open(rig: FhirRig) -> None:
    assert (await fetch(rig.server.base / "metadata"))[0] == 200
    status, described = await fetch(rig.server.base / ".well-known" / "smart-configuration")
    assert status == 200
    assert described["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]


async def test_admin_pages_count_requests_and_tell_the_truth(rig: FhirRig) -> None:
    """Counters by method and type; what carries an identifier, whether search shows it or not."""
    intent = rig.intent("counted")
    await rig.sender.send(intent, attempt=1, now=STARTS_AT)
    _, counted = await fetch(rig.server.root / "admin" / "requests")
    assert counted["by"] == {"POST token": 1, "PUT Task": 1}
    _, found = await fetch(
        (rig.server.root / "admin" / "resources").with_query(identifier=str(intent.id))
    )
    assert [one["resourceType"] for one in found] == ["Task"]
    assert (await fetch(rig.server.root / "admin" / "nothing"))[0] == 404


@pytest.mark.requirement("R18")
async def test_it_keeps_audit_events_of_its_own(rig: FhirRig) -> None:
    """Every request that passed the door is in the EHR's audit, with what it changed."""
    intent = rig.intent("audited")
    await rig.sender.send(intent, attempt=1, now=STARTS_AT)
    found = await rig.client.search("AuditEvent", {}, now=STARTS_AT)
    (event,) = found.matches
    assert event["action"] == "U"
    assert event["entity"][0]["what"]["reference"] == f"Task/{intent.id}"


@pytest.mark.parametrize("fault", [{"mode": "gremlins"}, {"mood": "429"}])
async def test_a_fault_that_does_not_exist_is_refused(rig: FhirRig, fault: dict[str, str]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(rig.server.root / "admin" / "faults", json=fault) as response,
    ):
        assert response.status == 400


async def test_faults_are_used_up_and_cleared(rig: FhirRig) -> None:
    """One use each unless counted; only what fits meets them."""
    admin = rig.server.root / "admin" / "faults"
    async with aiohttp.ClientSession() as session:
        await session.post(admin, json={"mode": "503", "kind": "Task", "count": 5})
        assert (
            await rig.sender.send(rig.intent("one"), attempt=1, now=STARTS_AT)
        ).cause == "http-503"
        await session.post(admin, json={"clear": True})
    assert (await rig.sender.send(rig.intent("two"), attempt=1, now=STARTS_AT)).cause == ""


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """One JSON line with its addresses, a registered client, and an orderly end on SIGTERM."""
    key = ECKey.generate_key("P-384", {"kid": "k"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(KeySet([key]).as_dict(private=False)))
    arguments = ("-m", "carelane.testing.ehr", "--profile", "b", "--jwks", str(jwks))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    assert addresses["profile"] == "b"
    assert (await fetch(f"{addresses['base']}/metadata"))[0] == 200
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
