"""The sheet for a downtime: all open work, also what sleeps; a sheet that is full says so and names the next."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser

from carelane.portal.pages import downtime
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, PASSWORD, Desk, signed_in, together, visit

pytestmark = pytest.mark.postgres
CASE = re.compile("case ([0-9a-f]{8})")
NEXT = re.compile('href="(/downtime[^"]*after=[^"]+)"')


@together
async def client(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    """The clerk's browser, without a browser."""
    async with signed_in(desk, CLERK) as session:
        yield session


async def read(client: aiohttp.ClientSession, path: str) -> str:
    """A page's text."""
    async with client.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


async def bearer(client: aiohttp.ClientSession) -> dict[str, str]:
    """The clerk's token."""
    async with client.post("/api/session", json={"person": CLERK, "password": PASSWORD}) as answer:
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}


async def open_tasks(client: aiohttp.ClientSession, view: str = "all") -> list[dict[str, Any]]:
    """The clerk's list, by the API."""
    headers = await bearer(client)
    tasks: list[dict[str, Any]] = []
    after = ""
    while True:
        asked = {"view": view, "limit": "100", "after": after}
        async with client.get("/api/tasks", params=asked, headers=headers) as answer:
            told = await answer.json()
        tasks += told["tasks"]
        if not (after := told["after"]):
            return tasks


def signs(tasks: list[dict[str, Any]]) -> list[str]:
    """What the sheet calls each one's case."""
    return [each["case"].replace("-", "")[-8:] for each in tasks]


async def test_the_sheet_shows_all_open_work(desk: Desk, client: aiohttp.ClientSession) -> None:
    """More than one page of the list: a hospital that is down has no other way to see the rest."""
    await desk.arrive(100, 110)
    known = signs(await open_tasks(client))
    text = await read(client, "/downtime?view=all")
    assert len(known) > 100
    assert CASE.findall(text) == known
    assert "End of the list" in text
    assert not NEXT.search(text)


async def test_a_full_sheet_says_that_it_is_not_all_and_names_the_next(
    desk: Desk, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downtime, "SHEET", 100)
    await desk.arrive(100, 110)
    shown, path = [], "/downtime?view=all"
    while path:
        text = await read(client, path)
        shown += CASE.findall(text)
        found = NEXT.search(text)
        assert ("These are 100 tasks, not all." in text) is bool(found)
        assert ("End of the list" in text) is not bool(found)
        path = found[1].replace("&amp;", "&") if found else ""
    assert len(shown) > 100
    assert shown == signs(await open_tasks(client))


async def test_what_sleeps_in_the_list_is_on_the_sheet(client: aiohttp.ClientSession) -> None:
    """During a downtime nothing wakes it."""
    task = (await open_tasks(client, "pools"))[-1]
    url, said = f"/api/tasks/{task['id']}/snooze", {"version": task["version"], "hours": 1}
    async with client.post(url, json=said, headers=await bearer(client)) as answer:
        assert answer.status == 200
    assert task["id"] not in [each["id"] for each in await open_tasks(client, "pools")]
    text = await read(client, "/downtime?view=all")
    assert signs([task])[0] in CASE.findall(text)
    assert text.count("snoozed until") == 1


@pytest.mark.browser
async def test_it_is_printed_at_a_time_of_the_clock_that_its_work_is_due_by(
    desk: Desk, browser: Browser
) -> None:
    """A stamp in UTC over times of the site made work look hours late on paper."""
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/downtime")
    head = await page.inner_text("header.head")
    assert "all times are by the clock of America/New_York" in head
    assert "UTC" not in head
    await clean(desk, page)
