"""A filter that means nothing is refused by name, with what it takes; it never shows everything, or a page again."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import psycopg
import pytest
from playwright.async_api import Browser
from yarl import URL

from tests.browser.conftest import CLERK, COMPLIANCE, ENGINEER, PASSWORD, Desk, together, visit

pytestmark = pytest.mark.postgres
BROKEN = (
    *((CLERK, f"/api/tasks?{given}") for given in (
        "urgency=banana", "urgency=4", "urgency=-1", "view=everything", "opened_after=yesterday",
        "opened_after=2026-11-30T08:00:00", "opened_after=2026-11-30T08:00:00+00:00", "after=zzz", "after=1~x~y",
        "after=9~2026-11-30T08:00:00Z~00000000-0000-0000-0000-000000000007",
        "after=1~2026-11-30T08:00:00Z~00000000-0000-0000-0000-000000000007~", "limit=-1", "limit=0", "limit=101",
        "limit=%C2%B2", "limit=ten")),
    *((CLERK, f"/api/cases?{given}") for given in ("open=banana", "after=zzz", "after=2026-11-30~7")),
    *((COMPLIANCE, f"/api/audit?{given}") for given in ("from=yesterday", "to=2026-11-30", "after=zzz",
                         "from=2026-11-30T00:00:00Z&to=2026-11-29T00:00:00Z")),
)  # fmt: skip
PAGES = (
    *((CLERK, f"/?{given}") for given in ("urgency=banana", "view=everything", "after=zzz", "rows=&after=zzz")),
    (CLERK, "/downtime?urgency=banana"),
    *((ENGINEER, f"/measures?{given}") for given in ("days=banana", "site=banana", "by=banana", "of=banana")),
    *((COMPLIANCE, f"/audit?{given}") for given in ("hours=banana", "case=banana", "after=zzz")),
)  # fmt: skip


@together
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A program without cookies."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def bearers(client: aiohttp.ClientSession, desk: Desk) -> dict[str, dict[str, str]]:
    """A token for each person of these tests."""
    found = {}
    for person in (CLERK, COMPLIANCE, ENGINEER):
        said = {"person": person, "password": PASSWORD}
        async with client.post(f"{desk.url}/api/session", json=said) as answer:
            found[person] = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    return found


async def test_what_means_nothing_is_refused_by_name(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    headers = await bearers(client, desk)
    for person, path in BROKEN:
        answer = await client.get(URL(f"{desk.url}{path}", encoded=True), headers=headers[person])
        problem: dict[str, Any] = await answer.json()
        name = path.partition("?")[2].partition("=")[0]
        assert (path, answer.status, problem["code"]) == (path, 400, "parameter")
        assert problem["place"] == name
        assert "It takes" in problem["remedy"]
        assert "banana" not in await answer.text()
    for person, path in PAGES:
        answer = await client.get(f"{desk.url}{path}", headers=headers[person])
        assert (path, answer.status) == (path, 400)
        assert "It takes" in await answer.text()


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/api/tasks?urgancy=3", "urgency"),
        ("/api/tasks?view=all&Limit=5", "limit"),
        ("/api/tasks?Quimbly=3", ""),
        ("/api/cases?opened=true", "open"),
        ("/api/cases?limit=5", ""),
        ("/api/handovers?view=all", ""),
    ],
)
async def test_a_name_that_the_call_does_not_know_is_refused_with_the_known_ones(
    desk: Desk, client: aiohttp.ClientSession, path: str, place: str
) -> None:
    """Misspelled, of another call, or of none; what was sent is not said again."""
    answer = await client.get(f"{desk.url}{path}", headers=(await bearers(client, desk))[CLERK])
    problem: dict[str, Any] = await answer.json()
    assert (answer.status, problem["code"], problem["place"]) == (400, "unknown-parameter", place)
    assert "Quimbly" not in await answer.text()
    if path.startswith("/api/tasks"):
        assert "`urgency`" in problem["remedy"]
        assert "`limit`" in problem["remedy"]


async def test_a_page_takes_what_a_browser_or_a_link_adds(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    headers = (await bearers(client, desk))[CLERK]
    answer = await client.get(f"{desk.url}/?view=all&utm_source=mail", headers=headers)
    assert answer.status == 200


async def test_each_page_begins_where_the_one_before_ended(
    desk: Desk, client: aiohttp.ClientSession
) -> None:
    """By the key that the API gave, as it gave it; what is empty filters nothing."""
    headers = (await bearers(client, desk))[CLERK]
    seen: list[str] = []
    after = ""
    while True:
        asked = {"limit": "3", "after": after, "urgency": "", "view": "", "opened_after": ""}
        page = await (
            await client.get(f"{desk.url}/api/tasks", params=asked, headers=headers)
        ).json()
        seen += [each["id"] for each in page["tasks"]]
        if not (after := page["after"]):
            break
    whole = await (await client.get(f"{desk.url}/api/tasks", headers=headers)).json()
    assert seen == [each["id"] for each in whole["tasks"]]
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        asked = {"opened_after": edge}
        assert (
            await client.get(f"{desk.url}/api/tasks", params=asked, headers=headers)
        ).status < 500


async def test_a_page_whose_rows_are_all_hidden_is_followed_by_what_comes_after(
    desk: Desk, client: aiohttp.ClientSession, superuser: psycopg.Connection[tuple[Any, ...]]
) -> None:
    """The engineer sees Carelane's own work only; it stands last here, behind the patients' rows."""
    every = await bearers(client, desk)
    url = f"{desk.url}/api/tasks?view=all"
    last = (await (await client.get(url, headers=every[CLERK])).json())["tasks"][-1]["id"]
    superuser.execute(
        "update task set pathway = case when id = %s then 'effect-attention' else 'referral-intake' end",
        (last,),
    )
    shown: list[list[str]] = []
    after = ""
    while True:
        asked = {"view": "all", "limit": "3", "after": after}
        answer = await client.get(f"{desk.url}/api/tasks", params=asked, headers=every[ENGINEER])
        page = await answer.json()
        shown.append([each["id"] for each in page["tasks"]])
        if not (after := page["after"]):
            break
    assert [row for rows in shown for row in rows] == [last]
    assert shown[:2] == [[], []]


@pytest.mark.browser
async def test_a_damaged_filter_is_said_plainly(desk: Desk, browser: Browser) -> None:
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/?view=pools&urgency=banana")
    assert "can't be read" in await page.inner_text("h1")
    assert "It takes 0, 1, 2 or 3" in await page.inner_text(".notice.bad")
    await page.click("main a:has-text('To the worklist')")
    assert await page.inner_text("h1") == "Worklist"
