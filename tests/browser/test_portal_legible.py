"""What no text can hold is refused at the door, for every route, with a place and a remedy; nothing of it is said."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tests.browser.conftest import CLERK, PASSWORD, Desk, together

pytestmark = pytest.mark.postgres
DEEP = '{"version": 1, "form": {"told_how": ' + "[" * 3000 + "]" * 3000 + "}}"
SECRET = "Quimbly"


@together
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A program without cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def bearer(client: aiohttp.ClientSession, desk: Desk, person: str = CLERK) -> dict[str, str]:
    """A token of a person's own."""
    said = {"person": person, "password": PASSWORD}
    async with client.post(f"{desk.url}/api/session", json=said) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def told(answer: aiohttp.ClientResponse) -> tuple[int, dict[str, Any]]:
    """Status and problem, which says what it must and nothing that was sent."""
    problem: dict[str, Any] = await answer.json()
    assert {"code", "message", "remedy", "place"} <= set(problem)
    assert problem["message"]
    assert problem["remedy"]
    assert SECRET not in await answer.text()
    return answer.status, problem


@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", f"{SECRET}%00", "%FF"])
async def test_an_address_that_no_text_holds_is_refused(
    desk: Desk, client: aiohttp.ClientSession, text: str
) -> None:
    """In each filter of each list, in a name that is none of ours, and in the way itself."""
    headers = await bearer(client, desk)
    for path, name in (*(("/api/tasks", each) for each in ("pathway", "site", "name", "owner", "service")),
                       ("/api/cases", "pathway"), ("/api/audit", "actor")):  # fmt: skip
        address = URL(f"{desk.url}{path}?{name}={text}", encoded=True)
        status, problem = await told(await client.get(address, headers=headers))
        assert (status, problem["code"], problem["place"]) == (400, "unreadable-text", name)
    odd = URL(f"{desk.url}/api/tasks?{SECRET}={text}", encoded=True)
    assert (await told(await client.get(odd, headers=headers)))[1]["place"] == ""
    page = URL(f"{desk.url}/pathways/{text}", encoded=True)
    assert (await client.get(page, headers=headers)).status == 400


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        (r'{"person": "Quimbly\u0000", "password": "x"}', "unreadable-text", "person"),
        (r'{"person": "a", "password": "x", "Quimbly\u0000": 1}', "unreadable-text", ""),
        (r'{"person": "\ud800", "password": "x"}', "not-json", ""),
        (b'{"person": "\xed\xa0\x80", "password": "x"}', "not-json", ""),
        (b'{"person": "Quimbly', "not-json", ""),
        ("[" * 3000 + "]" * 3000, "too-deep", ""),
        ('{"person": ' + "[" * 40 + "]" * 40 + "}", "too-deep", "person"),
    ],
)
async def test_a_body_that_no_text_holds_is_refused_before_anybody_signed_in(
    desk: Desk, client: aiohttp.ClientSession, body: str | bytes, code: str, place: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = await client.post(f"{desk.url}/api/session", data=body, headers=headers)
    status, problem = await told(answer)
    assert (status, problem["code"], problem["place"]) == (400, code, place)


async def test_a_form_that_no_text_holds_is_refused(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """By the API with its place; by a page with a notice. The numbers that no database takes are refused too."""
    headers = await bearer(client, desk)
    listed = await (await client.get(f"{desk.url}/api/tasks", headers=headers)).json()
    draft = f"{desk.url}/api/tasks/{listed['tasks'][0]['id']}/draft"
    typed = {**headers, "content-type": "application/json"}
    for body, code, place in (
        (DEEP, "too-deep", ""),
        (r'{"version": 1, "form": {"Quimbly": "\u0000"}}', "unreadable-text", "form"),
    ):
        status, problem = await told(await client.post(draft, data=body, headers=typed))
        assert (status, problem["code"], problem["place"]) == (400, code, place)
    page = await client.post(f"{desk.url}/sign-in", data={"person": "a\0", "password": "x"})
    assert page.status == 400
    assert "Leave NUL out" in await page.text()
    for verb in ("claim", "complete"):
        huge = {"version": 10**30, "outcome": "complete"}
        url = draft.replace("/draft", f"/{verb}")
        assert (await client.post(url, json=huge, headers=headers)).status == 400


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nx"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="person"\r\n\r\n\xff\xfe\r\n--b--\r\n',
        ),
        ("application/x-www-form-urlencoded; charset=x-none", b"person=%FF&password=\xff"),
        ("application/json", b"{}"),
    ],
)
async def test_a_broken_form_is_no_fault_of_ours(
    desk: Desk, client: aiohttp.ClientSession, kind: str, body: bytes
) -> None:
    url = f"{desk.url}/sign-in"
    answer = await client.post(url, data=body, headers={"content-type": kind})
    assert answer.status in {400, 401, 422}
