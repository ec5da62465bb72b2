"""What the API refuses says to a program which field is meant and what to send; all below /api is JSON."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.browser.conftest import CLERK, PASSWORD, Desk, together

pytestmark = pytest.mark.postgres
SECRET = "Quimbly"
FOR_PEOPLE = ("Go back", "Reload", "open the page", "Open it", "drafts")


@together
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A program without cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def bearer(client: aiohttp.ClientSession, desk: Desk) -> dict[str, str]:
    """The clerk's token."""
    said = {"person": CLERK, "password": PASSWORD}
    async with client.post(f"{desk.url}/api/session", json=said) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def told(answer: aiohttp.ClientResponse) -> tuple[int, str, str, dict[str, Any]]:
    """Status, code, place and the problem, which gives a program something to do, and nothing that was sent."""
    problem: dict[str, Any] = await answer.json()
    assert {"code", "message", "remedy", "place"} <= set(problem)
    assert problem["remedy"]
    assert not any(each in problem["remedy"] for each in FOR_PEOPLE), problem
    assert SECRET not in await answer.text()
    return answer.status, problem["code"], problem["place"], problem


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        ({"password": "x"}, "field-missing", "person"),
        ({"person": 7, "password": "x"}, "field-unfit", "person"),
        ({"person": "a", "password": "x", "purpose": SECRET}, "field-unfit", "purpose"),
        ([SECRET], "field-unfit", ""),
        (None, "field-unfit", ""),
    ],
)
async def test_a_body_is_refused_by_the_field_that_does_not_fit(
    desk: Desk, client: aiohttp.ClientSession, body: object, code: str, place: str
) -> None:
    answer = await client.post(f"{desk.url}/api/session", json=body)
    status, got, where, problem = await told(answer)
    assert (status, got, where) == (400, code, place)
    if code == "field-missing":
        assert f"`{place}`" in problem["remedy"]


async def test_a_member_that_a_body_does_not_have_is_refused_with_the_known_ones(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """Passed over, `outcom` would leave the default standing; where no body is asked for, none of it would count."""
    headers = await bearer(client, desk)
    async with client.get(f"{desk.url}/api/tasks?name=complete-referral", headers=headers) as found:
        task = (await found.json())["tasks"][0]
    said = {"person": CLERK, "password": PASSWORD}
    for path, body, place in (
        ("session", {**said, "purpos": "TREAT"}, "purpose"),
        (f"tasks/{task['id']}/snooze", {"version": task["version"], "hour": 3}, "hours"),
        (f"tasks/{task['id']}/claim", {"version": task["version"], SECRET: 1}, ""),
        (f"cases/{task['case']}/thread", {"kind": "note", "text": "x", "texts": ""}, "text"),
        ("effects/redrive", {"go": True, "conection": "ehr"}, "connection"),
        (f"handovers/{task['id']}/accept", {"version": 1}, ""),
    ):
        async with client.post(f"{desk.url}/api/{path}", json=body, headers=headers) as answer:
            status, code, where, problem = await told(answer)
        assert (path, status, code, where) == (path, 400, "unknown-member", place)
        assert f"`{place}`" in problem["remedy"] or not place
    async with client.get(f"{desk.url}/api/tasks/{task['id']}", headers=headers) as found:
        assert (await found.json())["version"] == task["version"]


async def test_everything_below_api_is_json(desk: Desk, client: aiohttp.ClientSession) -> None:
    """What is not there, what is done another way, what another site sent, and who did not sign in."""
    for method, path, status, code in (
        ("GET", "/api/nope", 404, "not-found"),
        ("GET", "/api/nope/further", 404, "not-found"),
        ("GET", "/api/tasks/nope", 404, "not-found"),
        ("DELETE", "/api/tasks", 405, "method"),
        ("GET", "/api/tasks", 401, "sign-in"),
    ):
        async with client.request(method, f"{desk.url}{path}") as answer:
            got = await told(answer)
            assert (path, *got[:2]) == (path, status, code)
    foreign = {"origin": "https://elsewhere.example"}
    async with client.post(f"{desk.url}/api/session", json={}, headers=foreign) as answer:
        assert (await told(answer))[:2] == (403, "forged")
    async with client.get(f"{desk.url}/api/openapi.json") as answer:
        assert "/api/tasks" in (await answer.json(content_type=None))["paths"]
    async with client.get(f"{desk.url}/apiary") as answer:
        assert (answer.status, answer.content_type) == (404, "text/html")


async def test_a_version_that_is_missing_or_not_the_tasks_is_named(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    headers = await bearer(client, desk)
    async with client.get(f"{desk.url}/api/tasks?name=complete-referral", headers=headers) as found:
        task = (await found.json())["tasks"][0]
    url = f"{desk.url}/api/tasks/{task['id']}"
    for verb, body in (
        ("claim", {}),
        ("claim", {"version": 99}),
        ("complete", {"outcome": "completed"}),
    ):
        async with client.post(f"{url}/{verb}", json=body, headers=headers) as answer:
            status, code, place, problem = await told(answer)
        assert (status, code, place) == (409, "outdated", "version")
        assert problem["version"] == task["version"]
        assert "nobody has it" not in problem["message"]
    claimed = task["version"] + 1  # by the first try to complete it
    for verb, body, place in (
        ("complete", {"version": task["version"], "outcome": SECRET}, "outcome"),
        ("complete", {"version": task["version"], "outcome": "ask-referrer"}, "version"),
        ("complete", {"version": claimed, "outcome": "ask-referrer"}, "question"),
        ("snooze", {"version": claimed}, "hours"),
    ):
        async with client.post(f"{url}/{verb}", json=body, headers=headers) as answer:
            assert (await told(answer))[2] == place, (verb, await answer.json())
    misspelled = {"version": claimed, "outcome": "completed", "form": {"servise": "neurology"}}
    async with client.post(f"{url}/complete", json=misspelled, headers=headers) as answer:
        status, code, place, problem = await told(answer)
    assert (status, code, place) == (422, "form-unknown", "service")
    assert "`service`" in problem["remedy"]
    case = f"{desk.url}/api/cases/{task['case']}"
    for part, body, place in (
        ("thread", {"kind": SECRET, "text": "x"}, "kind"),
        ("thread", {"kind": "note", "text": "x" * 4001}, "text"),
        ("thread", {"kind": "question", "text": "x"}, "to"),
        ("correct", {"reason": "rule-wrong", "text": "x", "rule": SECRET}, "rule"),
    ):
        async with client.post(f"{case}/{part}", json=body, headers=headers) as answer:
            assert (await told(answer))[2] == place, await answer.json()
