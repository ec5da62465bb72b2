"""The door for notifications: secret, size, store, answer, in this order."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from carelane.connect.fhir.mapping.reading import envelope
from carelane.connect.fhir.subscription import SecretTooShort, SubscriptionDoor
from carelane.facts.errors import CarelaneError
from carelane.facts.ids import name_id
from carelane.facts.ports import Receipt
from carelane.testing.ehr.charts import subject
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer

SECRET = "s" * 40


class Kept:
    """A store that can refuse or fail, and a poller that can be woken."""

    def __init__(self, outcome: str = "accepted") -> None:
        self.outcome = outcome
        self.events: list[str] = []
        self.raw: list[bytes] = []

    async def receive(self, connection: str, raw: bytes) -> Receipt:
        """Keep the body and answer as told."""
        self.events.append(f"stored for {connection}")
        if self.outcome == "nowhere":
            raise CarelaneError("nothing can be stored")
        self.raw.append(raw)
        return Receipt(outcome=self.outcome, message=name_id("m"))

    async def wake(self) -> None:
        """Note that a poll was asked for."""
        self.events.append("woken")

    def door(self) -> SubscriptionDoor:
        """A door in front of this store."""
        return SubscriptionDoor(
            connection="ehr",
            secret=SECRET,
            receive=self.receive,
            wake=self.wake,
            body_bytes_max=1000,
        )


async def knock(
    kept: Kept,
    *,
    body: Iterable[bytes] = (b'{"resourceType":"Task"}',),
    secret: str | None = SECRET,
    method: str = "POST",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> int:
    parts = list(body)
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    sent: list[Any] = []
    given = ((b"X-Carelane-Secret", secret.encode()),) if secret is not None else ()
    scope = {"type": "http", "method": method, "path": "/", "headers": [*given, *headers]}

    async def source() -> Any:
        kept.events.append("read")
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def sink(message: Any) -> None:
        if message["type"] == "http.response.start":
            kept.events.append(f"answered {message['status']}")
        sent.append(message)

    await kept.door()(scope, source, sink)
    return int(sent[0]["status"])


@pytest.mark.invariant("I1")
async def test_the_body_is_stored_before_the_answer() -> None:
    kept = Kept()
    assert await knock(kept) == 200
    assert kept.events == ["read", "stored for ehr", "answered 200"]


@pytest.mark.requirement("R104")
@pytest.mark.parametrize("secret", [None, "", "s" * 39, "s" * 41, "t" * 40])
async def test_a_wrong_secret_is_refused_unread(secret: str | None) -> None:
    """403, and not a byte of the body is read or stored."""
    kept = Kept()
    assert await knock(kept, secret=secret) == 403
    assert kept.events == ["answered 403"]


async def test_two_secrets_are_none() -> None:
    kept = Kept()
    assert await knock(kept, headers=((b"x-carelane-secret", b"x"),)) == 403


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("accepted", 200), ("duplicate", 200), ("conflict", 200), ("rejected", 422), ("nowhere", 503)],
)
async def test_the_store_decides_the_answer(outcome: str, status: int) -> None:
    assert await knock(Kept(outcome)) == status


async def test_a_body_over_the_limit_is_refused_however_it_comes() -> None:
    kept = Kept()
    assert await knock(kept, body=[b"x" * 400] * 3) == 413
    assert not kept.raw


async def test_a_cut_body_is_not_stored() -> None:
    kept = Kept()
    assert await knock(kept, body=[]) == 413
    assert not kept.raw


async def test_an_empty_notification_wakes_the_poller() -> None:
    kept = Kept()
    assert await knock(kept, body=[b" "]) == 200
    assert kept.events == ["read", "woken", "answered 200"]


async def test_only_posts_and_puts_are_heard() -> None:
    assert await knock(Kept(), method="GET") == 405
    assert await knock(Kept(), method="PUT") == 200


async def test_unreadable_bodies_are_stored_as_they_are() -> None:
    """Intake says what is wrong with them; nothing is thrown away at the door."""
    kept = Kept()
    await knock(kept, body=[b"\xff not json"])
    assert kept.raw == [b"\xff not json"]


def test_a_short_secret_is_refused_and_none_is_printed() -> None:
    with pytest.raises(SecretTooShort, match="32"):
        SubscriptionDoor(connection="ehr", secret="short", receive=Kept().receive)
    assert SECRET not in repr(Kept().door())


@pytest.fixture
async def listening() -> AsyncIterator[tuple[Kept, str]]:
    """The door behind a real socket."""
    kept = Kept()
    door = kept.door()

    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        messages: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def source() -> Any:
            return messages.pop(0)

        async def sink(message: Any) -> None:
            sent.append(message)

        headers = [(name.lower(), value) for name, value in request.raw_headers]
        await door({"type": "http", "method": request.method, "headers": headers}, source, sink)
        return web.Response(status=sent[0]["status"])

    app = web.Application()
    app.router.add_route("*", "/hook", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield kept, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


@pytest.mark.parametrize("profile", ["a", "b"])
async def test_the_ehr_notifies_us_of_a_new_order(
    profile: str, listening: tuple[Kept, str]
) -> None:
    """A Subscription with our secret in its header: the resource arrives, once, under its version."""
    kept, address = listening
    server = EhrServer(profile=PROFILES[profile])
    await server.start()
    channel = {
        "type": "rest-hook",
        "endpoint": address,
        "payload": "application/fhir+json",
        "header": [f"X-Carelane-Secret: {SECRET}"],
    }
    subscription = {
        "resourceType": "Subscription",
        "status": "active",
        "criteria": "ServiceRequest?status=active",
    }
    async with aiohttp.ClientSession(str(server.root)) as admin:
        await admin.post("/admin/resources", json=subscription | {"channel": channel})
        wanted = {
            "resourceType": "ServiceRequest",
            "id": "n1",
            "status": "active",
            "subject": subject(1),
        }
        await admin.post("/admin/resources", json=wanted)
        async with admin.get("/admin/notifications") as log:
            assert await log.json() == [{"type": "ServiceRequest", "id": "n1", "status": 200}]
    (raw,) = kept.raw
    control_id = envelope(raw).control_id
    assert control_id is not None
    assert control_id.startswith("ServiceRequest/n1/")
    assert msgspec.json.decode(raw)["id"] == "n1"
    await server.stop()
