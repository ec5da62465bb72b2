"""Finding a patient: what was filled in stays, nothing of it is passed over, and who is not shown is not denied."""

import pytest
from playwright.async_api import Browser

from carelane.casebook import page as casebook_page
from carelane.casebook import search
from carelane.portal.pages import finding
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
HITS = "main section"


async def test_what_was_looked_for_stays_and_nothing_of_it_is_passed_over(
    desk: Desk, browser: Browser
) -> None:
    """A caller without a phone number: "none" was left out, and everybody fitted who had the rest."""
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/find")
    for name, text in (("given", "Zoe"), ("birth_date", "1980-01-01"), ("phone", "none")):
        await page.fill(f"main [name={name}]", text)
    await page.click("main button:has-text('Find')")
    assert "can't be read" in await page.inner_text("[role=alert]")
    assert await page.locator(HITS).count() == 0
    assert await page.input_value("main [name=given]") == "Zoe"
    await clean(desk, page)

    await page.fill("main [name=phone]", "")
    await page.click("main button:has-text('Find')")
    assert await page.locator(HITS).count() == 8
    assert await page.input_value("main [name=birth_date]") == "1980-01-01"
    assert page.url == f"{desk.url}/find"
    await clean(desk, page)


async def test_who_is_not_shown_is_not_said_to_have_no_case(
    desk: Desk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More fit than are shown: it says so. And each who is shown has their cases, however many all have together."""
    monkeypatch.setattr(casebook_page, "CASES_MAX", 2)
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/find")
    await page.fill("main [name=given]", "Zoe")
    await page.fill("main [name=birth_date]", "1980-01-01")
    await page.click("main button:has-text('Find')")
    assert await page.locator(f"{HITS} a:has-text('Referral intake')").count() == 8
    assert "No cases" not in await page.inner_text("main")

    monkeypatch.setattr(search, "FOUND_MAX", 3)
    monkeypatch.setattr(finding, "FOUND_MAX", 3)
    await page.click("main button:has-text('Find')")
    assert await page.locator(HITS).count() == 3
    assert "these are the first 3" in await page.inner_text("[role=alert]")
    await clean(desk, page)
