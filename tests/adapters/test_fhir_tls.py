"""The wire to an EHR is TLS 1.2 or newer, to a host whose certificate we trust; and carries nothing in addresses."""

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from typing_extensions import override
from yarl import URL

from carelane.connect.fhir.auth import TokenSource
from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Answer, Lost, Reply
from carelane.connect.fhir.mapping.outgoing import RESOURCES
from carelane.connect.fhir.sender import FhirSender, Profile
from carelane.connect.fhir.transport import Limits, Wire
from carelane.engine.clock import now
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, IfUnknown, Intent
from carelane.facts.phi import Phi
from carelane.testing.conformance.fhir_rig import STARTS_AT
from tests.adapters.certificates import certificate

ENDS = now() + dt.timedelta(days=30)


class Pass(TokenSource):
    """Signed in already."""

    def __init__(self) -> None:
        """Needs nothing."""

    @override
    async def header(self, *, now: dt.datetime) -> dict[str, str]:
        return {"Authorization": "Bearer x"}

    @override
    def forget(self, used: object) -> None:
        """Keep it."""


def open_to(base: URL) -> FhirClient:
    return FhirClient(base=base, wire=Wire(hosts=(base,), limits=Limits()), tokens=Pass())


def about(canary: str, capability: str) -> Intent:
    identifier = [{"system": "HOSP", "value": canary}]
    content: dict[str, Any] = {
        "patient": {
            "resourceType": "Patient",
            "identifier": identifier,
            "name": [{"family": canary}],
        },
        "request": {"identifier": identifier},
        "appointment": {"identifier": identifier},
        "slot": {"identifier": identifier},
        "text": f"about {canary}",
        "values": {"slot": "Slot/s1"} if capability == "ehr.appointment.book" else {},
    }
    return Intent(
        id=name_id(capability),
        case=name_id("case"),
        step=None,
        name="canary",
        capability=capability,
        audience=Audience.RECORD,
        if_unknown=IfUnknown.ASK,
        content=Phi(content, "content"),
    )


async def exchanged(file: Path, *, trusted: bool, newest: ssl.TLSVersion | None = None) -> Reply:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    if newest is not None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = newest

    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = URL.build(scheme="https", host="127.0.0.1", port=runner.addresses[0][1], path="/")
    wire = Wire(hosts=(url,), limits=Limits(), ca_file=file if trusted else None)
    reply = await wire.exchange("GET", url, headers={})
    await wire.close()
    await runner.cleanup()
    return reply


async def test_a_trusted_certificate_is_accepted(tmp_path: Path) -> None:
    reply = await exchanged(
        certificate(tmp_path, ENDS), trusted=True, newest=ssl.TLSVersion.TLSv1_2
    )
    assert isinstance(reply, Answer)
    assert reply.body == b"hello"


@pytest.mark.requirement("R104")
@pytest.mark.requirement("R80")
async def test_an_unknown_certificate_gets_no_byte_of_the_request(tmp_path: Path) -> None:
    """Verification is on, and its failure is certainly not done."""
    assert await exchanged(certificate(tmp_path, ENDS), trusted=False) == Lost(
        cause="connect", sent=False
    )


@pytest.mark.requirement("R104")
async def test_only_named_hosts_are_reached() -> None:
    wire = Wire(hosts=(URL("https://ehr.example/fhir"),), limits=Limits())
    for address in (
        "https://evil.example/fhir",
        "https://ehr.example:8443/fhir",
        "http://ehr.example/fhir",
        "/fhir",
    ):
        reply = await wire.exchange("GET", URL(address), headers={})
        assert reply == Lost(cause="host-not-allowed", sent=False)


@pytest.mark.invariant("I13")
async def test_addresses_and_causes_carry_no_patient_data() -> None:
    """A canary in a patient's data reaches the EHR in bodies only: no path, no query, no header, no verdict."""
    canary = "Zanzibarova"
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(str(request.raw_path) + str(request.headers))
        return web.Response(
            status=422,
            body=b'{"resourceType":"OperationOutcome","issue":[{"severity":"error",'
            b'"code":"' + canary.encode() + b'","diagnostics":"' + canary.encode() + b'"}]}',
        )

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    from_here = URL.build(
        scheme="http", host="127.0.0.1", port=runner.addresses[0][1], path="/fhir"
    )
    sender = FhirSender(client=open_to(from_here), profile=Profile(update_as_create=False))
    for capability in sorted(RESOURCES):
        sent = await sender.send(about(canary, capability), attempt=1, now=STARTS_AT)
        assert canary not in repr(sent)
        await sender.look_up(about(canary, capability), now=STARTS_AT)
    assert len(seen) > len(RESOURCES)
    assert not [one for one in seen if canary in one]
    await sender.close()
    await runner.cleanup()
