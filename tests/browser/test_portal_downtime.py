"""The sheet for when nothing answers: everybody is on it, or it says who is not; its times are of one clock."""

import pytest
from playwright.async_api import Browser

from carelane.portal.pages import downtime
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
ROWS = "tbody th[scope=row]"


async def test_the_sheet_has_all_open_work_and_not_a_page_of_it(
    desk: Desk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was on a second page was on no paper, and nothing said so."""
    monkeypatch.setattr(downtime, "PAGE", 2)
    page = await visit(desk, browser, CLERK)
    rows = await page.locator("#rows tr").count()
    await page.goto(f"{desk.url}/downtime")
    assert await page.locator(ROWS).count() == rows == 4
    assert await page.locator("[role=alert]").count() == 0
    await clean(desk, page)

    monkeypatch.setattr(downtime, "ROWS_MAX", 2)
    await page.reload()
    assert await page.locator(ROWS).count() == 2
    assert "These are the 2 most urgent." in await page.inner_text("[role=alert]")
    await clean(desk, page)


async def test_it_is_printed_at_a_time_of_the_clock_that_its_work_is_due_by(
    desk: Desk, browser: Browser
) -> None:
    """A stamp in UTC over times of the site made work look hours late on paper."""
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/downtime")
    head = await page.inner_text("header.head")
    assert "all times are by the clock of America/New_York" in head
    assert "UTC" not in head
