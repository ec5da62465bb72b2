"""One limit for what a person writes, on pages and by the API: refused, never cut, and what was typed is shown."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from carelane.worklist.fitting import TEXT_MAX
from tests.browser.conftest import CLERK, PASSWORD, Desk, together

pytestmark = pytest.mark.postgres
END = "the-very-end"
LONG = "x" * TEXT_MAX + END
TOKEN = re.compile('name="token" value="([^"]+)"')


@together
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser's cookies, without a browser."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def bearer(client: aiohttp.ClientSession, desk: Desk) -> dict[str, str]:
    """The clerk's token."""
    said = {"person": CLERK, "password": PASSWORD}
    async with client.post(f"{desk.url}/api/session", json=said) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def held(
    client: aiohttp.ClientSession, desk: Desk, headers: dict[str, str]
) -> dict[str, Any]:
    """A task that the clerk has, with a field for words."""
    async with client.get(f"{desk.url}/api/tasks?name=complete-referral", headers=headers) as found:
        task: dict[str, Any] = (await found.json())["tasks"][0]
    url, version = f"{desk.url}/api/tasks/{task['id']}", {"version": task["version"]}
    async with client.post(f"{url}/claim", json=version, headers=headers) as claimed:
        return {**task, **await claimed.json(), "url": url}


async def test_the_api_refuses_a_long_text_by_its_field_and_keeps_the_draft_before(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    headers = await bearer(client, desk)
    task = await held(client, desk, headers)
    for form, status in (
        ({"question": "x" * TEXT_MAX}, 200),
        ({"question": LONG}, 422),
        ({"question": "x" * 900_000}, 422),
        ({"question": [LONG]}, 422),
    ):
        async with client.post(
            f"{task['url']}/draft", json={"form": form}, headers=headers
        ) as told:
            problem = await told.json()
            assert told.status == status, problem
            if status != 200:
                assert (problem["code"], problem["place"]) == ("text-length", "question")
                assert str(TEXT_MAX) in problem["remedy"]
    async with client.get(task["url"], headers=headers) as found:
        draft = {each["name"]: each["value"] for each in (await found.json())["form"]}
    assert draft["question"] == "x" * TEXT_MAX


async def test_a_page_refuses_a_long_text_and_shows_it_again(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """In a task's form, finished or as a draft; in the thread; and where a rule is said to be wrong."""
    task = await held(client, desk, await bearer(client, desk))
    await client.post(f"{desk.url}/sign-in", data={"person": CLERK, "password": PASSWORD})
    async with client.get(f"{desk.url}/tasks/{task['id']}") as page:
        found = TOKEN.search(await page.text())
    assert found
    sent = {"token": found[1], "version": str(task["version"])}
    for verb in ("draft", "complete"):
        form = {**sent, "f-question": LONG, "outcome": "ask-referrer"}
        async with client.post(f"{desk.url}/tasks/{task['id']}/{verb}", data=form) as answer:
            text = await answer.text()
        assert answer.status == 422
        assert f"{END}</textarea>" in text
        assert f"Write at most {TEXT_MAX} characters" in text
        assert "needed for this outcome" not in text
    for part, form in (("thread", {"kind": "note"}), ("correct", {"reason": "rule-wrong"})):
        url = f"{desk.url}/cases/{task['case']}/{part}"
        async with client.post(url, data={**sent, **form, "text": LONG}) as answer:
            text = await answer.text()
        assert answer.status == 422
        assert f"{END}</textarea>" in text
    async with client.post(
        f"{desk.url}/tasks/{task['id']}/escalate", data={**sent, "reason": LONG}
    ) as no:
        assert no.status == 422
        assert "too long" in await no.text()
