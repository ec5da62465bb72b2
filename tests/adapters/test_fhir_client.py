"""The FHIR client over loopback sockets: signing in, faults, paging, and what leaves never."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from yarl import URL

from carelane.connect.fhir.adapter import SettingMissing, open_client, open_sender
from carelane.connect.fhir.auth import Identity, KeyUnusable, TokenSource, assertion, load_key
from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Answer, Lost, decode
from carelane.connect.fhir.sender import FhirSender
from carelane.connect.fhir.transport import AddressRefused, Limits, Wire
from carelane.facts.ports import Verdict
from carelane.facts.replacing import replace
from carelane.testing.conformance.fhir_rig import STARTS_AT, FhirRig, open_rig
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.ehr.clock import SetClock
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer

NOW = STARTS_AT
SMALL = Limits(response_bytes_max=1000)
SLOW = Limits(connect_s=1, total_s=0.4)


@pytest.fixture(params=["a", "b"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[FhirRig]:
    made = await open_rig(request.param)
    yield made
    await made.client.close()
    await made.server.stop()


@pytest.fixture
async def rig_a() -> AsyncIterator[FhirRig]:
    made = await open_rig("a", limits=SLOW)
    yield made
    await made.client.close()
    await made.server.stop()


async def read_patient(client: FhirClient, **at: Any) -> int:
    reply = await client.read("Patient/p1", now=at.get("now", NOW))
    return reply.status if isinstance(reply, Answer) else 0


@pytest.mark.requirement("R119")
@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
async def test_signs_in_with_either_algorithm_from_a_key_file(
    algorithm: str, tmp_path: Path
) -> None:
    """Settings name a PEM file; the EHR knows the public half only."""
    server = EhrServer(profile=PROFILES["a"], clock=SetClock(NOW))
    base = await server.start()
    key: RSAKey | ECKey = (
        RSAKey.generate_key(2048, {"kid": "k1"})
        if algorithm == "RS384"
        else ECKey.generate_key("P-384", {"kid": "k1"})
    )
    path = tmp_path / "key.pem"
    path.write_bytes(key.as_pem(private=True))
    server.tokens.register("carelane", dict(KeySet([key]).as_dict(private=False)))
    settings = {
        "base_url": str(base),
        "client_id": "carelane",
        "key_id": "k1",
        "key_file": str(path),
        "algorithm": algorithm,
    }
    client = open_client(settings)
    assert await read_patient(client) == 200
    await client.close()
    await server.stop()


def test_the_assertion_is_short_and_for_one_use() -> None:
    """SMART Backend Services: five minutes at most, audience the token endpoint, key id named."""
    key = ECKey.generate_key("P-384", {"kid": "k1"})
    identity = Identity(client_id="carelane", key_id="k1", key=key)
    token = jwt.decode(
        assertion(identity, audience="https://e/token", jti="1", now=NOW), key, ["ES384"]
    )
    assert token.header == {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    assert token.claims["exp"] - token.claims["iat"] <= 300
    assert token.claims["aud"] == "https://e/token"
    assert token.claims["jti"] == "1"


async def test_the_token_is_renewed_before_it_ends_and_shared_until_then(rig: FhirRig) -> None:
    """One token for many requests at once; a new one within thirty seconds of its end."""
    await asyncio.gather(*(read_patient(rig.client) for _ in range(5)))
    assert rig.server.tokens.issued == 1
    await rig.wait(timedelta(seconds=269))
    assert await read_patient(rig.client, now=rig.now()) == 200
    assert rig.server.tokens.issued == 1
    await rig.wait(timedelta(seconds=2))
    assert await read_patient(rig.client, now=rig.now()) == 200
    assert rig.server.tokens.issued == 2


async def test_a_refused_token_is_renewed_once(rig: FhirRig) -> None:
    """Token expiry in the middle of a batch: the write is done once, with a new token."""
    assert await read_patient(rig.client) == 200
    rig.server.faults.add({"mode": "token-expired", "kind": "Task"})
    intent = rig.intent("expired")
    sent = await rig.sender.send(intent, attempt=1, now=NOW)
    assert sent.verdict is Verdict.DONE
    assert await rig.held(intent) == 1
    assert rig.server.tokens.issued == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ({"mode": "token-503", "retry_after": "30"}, "token-http-503"),
        ({"mode": "token-refused"}, "token-http-400"),
    ],
)
async def test_without_a_token_nothing_is_sent(
    rig: FhirRig, fault: dict[str, Any], cause: str
) -> None:
    """No token is certainly not done; the token endpoint's Retry-After counts as well."""
    rig.server.faults.add(fault)
    sent = await rig.sender.send(rig.intent("no token"), attempt=1, now=NOW)
    assert (sent.verdict, sent.cause) == (Verdict.RETRY, cause)
    assert await rig.requests() == 0
    if "retry_after" in fault:
        assert sent.retry_at == NOW + timedelta(seconds=30)
        early = await rig.sender.send(rig.intent("early"), attempt=1, now=NOW)
        assert early.cause == "retry-after"


async def test_an_earlier_answer_does_not_lift_the_wait(rig: FhirRig) -> None:
    """Of several requests in flight one is told to wait: the others' success doesn't end that."""
    assert await read_patient(rig.client) == 200
    rig.server.faults.add({"mode": "429", "kind": "Task", "retry_after": "60"})
    await rig.sender.send(rig.intent("busy"), attempt=1, now=NOW)
    earlier = Answer(status=200)
    rig.client._listen_to(earlier, NOW)  # noqa: SLF001  # an answer that was under way
    sent = await rig.sender.send(rig.intent("early"), attempt=1, now=NOW + timedelta(seconds=59))
    assert (sent.cause, sent.retry_at) == ("retry-after", NOW + timedelta(seconds=60))
    assert (
        await rig.sender.send(rig.intent("then"), attempt=1, now=NOW + timedelta(seconds=60))
    ).cause == ""


async def test_the_token_shows_nowhere(rig: FhirRig, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the token nor the key is in a repr or a log."""
    caplog.set_level(0)
    await rig.sender.send(rig.intent("quiet"), attempt=1, now=NOW)
    tokens: TokenSource = rig.client._tokens  # noqa: SLF001  # the place it is kept
    kept = tokens._token  # noqa: SLF001  # the same
    assert kept is not None
    secret = kept.value
    assert secret not in repr(kept) + repr(tokens) + repr(vars(tokens)) + caplog.text


@pytest.mark.requirement("R92")
@pytest.mark.parametrize(
    ("mode", "verdict", "held"),
    [
        ("slow-loris", Verdict.UNKNOWN, 1),
        ("half-json-clean", Verdict.UNKNOWN, 1),
        ("outcome-error-after-commit", Verdict.UNKNOWN, 1),
        ("duplicated-location", Verdict.UNKNOWN, 1),
        ("reset-before", Verdict.UNKNOWN, 0),
        ("redirect", Verdict.REFUSED, 0),
        ("500", Verdict.UNKNOWN, 0),
    ],
)
async def test_each_fault_ends_with_one_resource_or_none(
    rig_a: FhirRig, mode: str, verdict: Verdict, held: int
) -> None:
    """TRUST T8: never done without proof, never sent again by itself, and the look-up tells the truth."""
    intent = rig_a.intent(mode)
    rig_a.server.faults.add({"mode": mode, "method": "PUT", "kind": "Task"})
    sent = await rig_a.sender.send(intent, attempt=1, now=NOW)
    assert sent.verdict is verdict
    assert await rig_a.requests() == 1
    assert await rig_a.held(intent) == held
    found = await rig_a.sender.look_up(intent, now=NOW)
    assert found.verdict is (Verdict.DONE if held else Verdict.REFUSED)


async def test_a_kept_connection_that_drops_is_not_sent_again(rig_a: FhirRig) -> None:
    """The HTTP library would resend a PUT by itself on a reused connection; we don't let it."""
    assert (
        await rig_a.sender.send(rig_a.intent("first"), attempt=1, now=NOW)
    ).verdict is Verdict.DONE
    rig_a.server.faults.add({"mode": "commit-then-reset", "method": "PUT"})
    before = await rig_a.requests()
    sent = await rig_a.sender.send(rig_a.intent("second"), attempt=1, now=NOW)
    assert sent.verdict is Verdict.UNKNOWN
    assert await rig_a.requests() == before + 1


@pytest.mark.invariant("I20")
async def test_the_ehr_wins_a_conflict() -> None:
    """A slot or an appointment that moved on is not overwritten: a person decides."""
    rig = await open_rig("a", capability="ehr.slot.hold")
    rig.server.faults.add({"mode": "etag-mismatch", "method": "PUT"})
    lost = await rig.sender.send(rig.intent("hold"), attempt=1, now=NOW)
    assert (lost.verdict, lost.cause) == (Verdict.CONFLICT, "if-match")
    rig.server.put({**rig.server.desk.records.current("Slot", "slot2").resource, "status": "busy"})  # type: ignore[union-attr]  # it is there
    taken = await rig.sender.send(rig.intent("taken"), attempt=1, now=NOW)
    assert (taken.verdict, taken.cause) == (Verdict.CONFLICT, "status-moved-on")
    await rig.client.close()
    await rig.server.stop()


async def test_cancelling_asks_for_the_version_that_was_seen() -> None:
    """An appointment changed since the decision is left alone; the same one is cancelled once, and its slot freed."""
    rig = await open_rig("a", capability="ehr.appointment.cancel")
    first = rig.intent("cancel")
    sent = await rig.sender.send(first, attempt=1, now=NOW)
    assert (sent.verdict, sent.reference) == (Verdict.DONE, "Appointment/rig1")
    other = replace(rig.intent("cancel again"), references=first.references)
    again = await rig.sender.send(other, attempt=1, now=NOW)
    assert (again.verdict, again.cause) == (Verdict.DONE, "already")
    current = rig.server.desk.records.current("Appointment", "rig1")
    assert current is not None
    assert current.resource["status"] == "cancelled"
    etag = current.etag
    moved = rig.intent("moved on")
    stale = replace(moved, references={**moved.references, "version": etag + "x"})
    seen = await rig.sender.send(stale, attempt=1, now=NOW)
    assert (seen.verdict, seen.cause) == (Verdict.CONFLICT, "if-match")
    await rig.client.close()
    await rig.server.stop()


async def test_what_we_booked_is_cancelled_by_the_effect_that_booked_it(rig: FhirRig) -> None:
    """A compensation: the appointment is found by our own identifier, once search shows it, and cancelled once."""
    booking = replace(rig.intent("book"), capability="ehr.appointment.book")
    assert (await rig.sender.send(booking, attempt=1, now=NOW)).verdict is Verdict.DONE
    undo = replace(
        rig.intent("undo"),
        capability="ehr.appointment.cancel",
        compensates=booking.id,
        references={},
    )
    early = await rig.sender.send(undo, attempt=1, now=NOW)
    if early.verdict is Verdict.RETRY:
        assert early.cause == "target-not-visible"
        await rig.wait(timedelta(seconds=31))
        early = await rig.sender.send(undo, attempt=2, now=NOW)
    assert early.verdict is Verdict.DONE
    held = [
        one.resource
        for one in rig.server.desk.records.everything()
        if one.resource["resourceType"] == "Appointment"
    ]
    assert [one["status"] for one in held if one["id"] != "a1"] == ["cancelled"]


async def test_all_pages_are_read_and_none_from_elsewhere(rig: FhirRig) -> None:
    """Sixteen slots come in pages; a next link to another host is refused, and gets no token."""
    found = await rig.client.search("Slot", {"status": "free"}, now=NOW + timedelta(minutes=1))
    assert not found.cause
    rig.server.clock.advance(timedelta(seconds=31))
    found = await rig.client.search("Slot", {"status": "free"}, now=NOW)
    assert len(found.matches) == 16


@pytest.mark.parametrize("told", [True, False])
async def test_an_answer_over_the_limit_has_a_cause_of_its_own(*, told: bool) -> None:
    """Whether the other side says beforehand how long it is or not (chunked); one of just the limit is read."""
    body = b'{"resourceType": "Bundle"' + b" " * 5000 + b"}"

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("smart-configuration"):
            return web.json_response({"token_endpoint": str(request.url.origin() / "token")})
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 300})
        response = web.StreamResponse()
        response.content_length = len(body) if told else None
        await response.prepare(request)
        await response.write(body)
        await response.write_eof()
        return response

    for room, cause in ((0, ""), (-1, "too-large")):
        client, runner = await served(answer, Limits(response_bytes_max=len(body) + room))
        assert (await client.search("Slot", {}, now=NOW)).cause == cause
        await client.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:9/fhir/Slot?page=2",
        "https://127.0.0.1/fhir/Slot?page=2",
        "//evil.example/fhir/Slot",
        "/other/Slot?page=2",
        "http://[broken",
    ],
)
async def test_a_next_link_is_pinned_to_the_base(link: str) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path.endswith("smart-configuration"):
            return web.json_response({"token_endpoint": str(request.url.origin() / "token")})
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 300})
        bundle = {"resourceType": "Bundle", "link": [{"relation": "next", "url": link}]}
        return web.json_response(bundle)

    client, runner = await served(answer)
    found = await client.search("Slot", {}, now=NOW)
    assert found.cause == "next-link-refused"
    assert asked[-1] == "/fhir/Slot"
    await client.close()
    await runner.cleanup()


async def served(answer: Any, limits: Limits = SMALL) -> tuple[FhirClient, web.AppRunner]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = URL.build(scheme="http", host="127.0.0.1", port=runner.addresses[0][1], path="/fhir")
    identity = Identity(client_id="c", key_id="k", key=ECKey.generate_key("P-384"))
    wire = Wire(hosts=(base,), limits=limits)
    return FhirClient(
        base=base, wire=wire, tokens=TokenSource(base=base, identity=identity, wire=wire)
    ), runner


@pytest.mark.parametrize(
    ("described", "cause"),
    [
        ({"token_endpoint": "https://elsewhere.example/token"}, "token-host-not-allowed"),
        ({}, "discovery-http-200"),
        (
            {
                "token_endpoint": "/token",
                "token_endpoint_auth_signing_alg_values_supported": ["RS384"],
            },
            "token-algorithm",
        ),
    ],
)
async def test_discovery_is_not_trusted_blindly(described: dict[str, Any], cause: str) -> None:
    """A token endpoint on a host that the site didn't name never gets our assertion."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(described)

    client, runner = await served(answer)
    reply = await client.read("Patient/1", now=NOW)
    assert reply == Lost(cause=cause, sent=False)
    await client.close()
    await runner.cleanup()


async def test_an_answer_over_the_limit_is_cut() -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("smart-configuration"):
            return web.json_response({"token_endpoint": str(request.url.origin() / "token")})
        if request.path == "/token":
            return web.json_response({"access_token": "t", "expires_in": 300})
        return web.Response(body=b"x" * 5000)

    client, runner = await served(answer)
    reply = await client.read("Patient/1", now=NOW)
    assert isinstance(reply, Answer)
    assert not reply.whole
    assert reply.body == b""
    await client.close()
    await runner.cleanup()


async def test_nobody_listening_is_certainly_not_done() -> None:
    server = EhrServer(profile=PROFILES["a"], clock=SetClock(NOW))
    base = await server.start()
    client = signed_client(server, base)
    await server.stop()
    reply = await client.read("Patient/p1", now=NOW)
    assert reply == Lost(cause="discovery-connect", sent=False)
    await client.close()


@pytest.mark.parametrize("address", ["http://ehr.example/fhir", "ftp://127.0.0.1/", "fhir"])
def test_plain_http_is_for_this_machine_only(address: str) -> None:
    with pytest.raises(AddressRefused, match="https"):
        Wire(hosts=(URL(address),), limits=Limits())


def test_a_wrong_key_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """The message names the algorithm, never the content."""
    path = tmp_path / "key.pem"
    path.write_text("not a key")
    for algorithm in ("RS384", "ES384", "HS256"):
        with pytest.raises(KeyUnusable, match="384") as caught:
            load_key(path, algorithm)
        assert "not a key" not in str(caught.value)
    path.write_bytes(ECKey.generate_key("P-384").as_pem(private=False))
    with pytest.raises(KeyUnusable, match="private"):
        load_key(path, "ES384")
    with pytest.raises(SettingMissing, match="base_url"):
        open_sender({})


async def test_the_daily_sweep_finds_our_identifier_twice(rig: FhirRig) -> None:
    """Two resources with one effect id are found, whoever made them."""
    intent = rig.intent("swept")
    assert isinstance(rig.sender, FhirSender)
    await rig.sender.send(intent, attempt=1, now=NOW)
    await rig.wait(timedelta(seconds=31))
    assert await rig.sender.duplicates(now=NOW) == {}
    one = [version.resource for version in rig.server.desk.records.visible("Task")][-1]
    rig.server.put({name: value for name, value in one.items() if name != "id"})
    await rig.wait(timedelta(seconds=31))
    assert await rig.sender.duplicates(now=NOW) == {str(intent.id): 2}
    assert await rig.sender.count(intent.capability, intent.id, now=NOW) == 2
    looked = await rig.sender.look_up(intent, now=NOW)
    assert looked.verdict is Verdict.DONE


async def test_racing_conditional_creates_leave_two_and_are_found() -> None:
    """An EHR whose If-None-Exist races is declared searchable: keyed it is not."""
    rig = await open_rig("b", capability="ehr.communication")
    rig.server.faults.add({"mode": "racy-if-none-exist", "count": 2, "method": "POST"})
    intent = rig.intent("raced")
    await asyncio.gather(*(rig.sender.send(intent, attempt=1, now=NOW) for _ in range(2)))
    assert await rig.held(intent) == 2
    await rig.wait(timedelta(seconds=31))
    found = await rig.sender.look_up(intent, now=NOW)
    assert (found.verdict, found.cause) == (Verdict.DONE, "duplicates")
    await rig.client.close()
    await rig.server.stop()


async def test_reading_by_identifier_keeps_it_out_of_the_address(rig: FhirRig) -> None:
    """A search by a patient's number goes in the body of a POST, never in a URL."""
    found = await rig.client.search(
        "Patient", {"identifier": "urn:carelane:testing:mrn|100001"}, now=NOW, private=True
    )
    rig.server.clock.advance(timedelta(seconds=31))
    found = await rig.client.search(
        "Patient", {"identifier": "urn:carelane:testing:mrn|100001"}, now=NOW, private=True
    )
    assert [one["id"] for one in found.matches] == ["p1"]


async def test_the_capability_statement_says_which_profile_it_is(rig: FhirRig) -> None:
    reply = await rig.client.capability_statement(now=NOW)
    assert isinstance(reply, Answer)
    statement = decode(reply.body)
    assert statement is not None
    updates = {one["updateCreate"] for one in statement["rest"][0]["resource"]}
    assert updates == {rig.profile == "a"}
