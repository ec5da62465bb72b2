"""The audit of a period, by page and by API: what does not fit is said, and can be gone on to."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import psycopg
import pytest

from carelane.portal.api import operating as api
from carelane.portal.pages import operating as pages
from tests.browser.conftest import COMPLIANCE, PASSWORD, Desk, signed_in, together

pytestmark = pytest.mark.postgres
NEXT = re.compile('href="(/audit[^"]*after=[^"]+)"')
PLACE = re.compile("<tr><td>([0-9]+|waiting)</td>")
FEW = 7


@together
async def client(desk: Desk) -> AsyncIterator[aiohttp.ClientSession]:
    """The compliance officer's browser, without a browser."""
    async with signed_in(desk, COMPLIANCE) as session:
        yield session


Superuser = psycopg.Connection[tuple[Any, ...]]


def kept(superuser: Superuser) -> int:
    """How many leaves there are, all of the last hour; reading makes none in this tree, signing in does."""
    [[count]] = superuser.execute("select count(*) from audit_leaf").fetchall()
    return int(count)


@pytest.mark.requirement("R113")
async def test_a_page_that_is_full_says_so_and_goes_on(
    client: aiohttp.ClientSession, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It showed the oldest of the period and ended in silence: what was done last was never seen."""
    monkeypatch.setattr(pages, "_LEAVES", FEW)
    path, shown = "/audit?hours=8", 0
    while path:
        async with client.get(path) as answer:
            text = await answer.text()
        shown += len(PLACE.findall(text))
        found = NEXT.search(text)
        assert (f"These are {FEW} leaves, not all" in text) is bool(found)
        assert found is None or "hours=8" in found[1]
        path = found[1].replace("&amp;", "&") if found else ""
    assert shown == kept(superuser) > 2 * FEW


@pytest.mark.requirement("R113")
async def test_the_api_tells_where_the_next_page_begins(
    client: aiohttp.ClientSession, superuser: Superuser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_LEAVES", FEW)
    said = {"person": COMPLIANCE, "password": PASSWORD}
    async with client.post("/api/session", json=said) as answer:
        bearer = {"Authorization": f"Bearer {(await answer.json())['token']}"}
    leaves: list[Any] = []
    after = ""
    while True:
        async with client.get("/api/audit", params={"after": after}, headers=bearer) as answer:
            told = await answer.json()
        assert len(told["leaves"]) <= FEW
        leaves += told["leaves"]
        if not (after := told["after"]):
            break
    assert len(leaves) == kept(superuser)
    assert [each["at"] for each in leaves] == sorted(each["at"] for each in leaves)
