"""What a person typed into a task's form is theirs: it stays as they left it, whatever else is pressed or happens."""

import pytest
from playwright.async_api import Browser, Page

from tests.browser.clean import clean
from tests.browser.conftest import CLERK, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
FIRST = "#rows a.open >> nth=0"
QUESTION = "#drawer #f-question"


async def claimed(desk: Desk, browser: Browser) -> Page:
    """The clerk's first task, claimed, in the drawer."""
    page = await visit(desk, browser, CLERK)
    await page.click(FIRST)
    await page.click("#drawer [data-key=c]")
    await page.wait_for_selector("#drawer .owner.you")
    return page


async def test_a_refused_form_comes_back_as_it_was_sent(desk: Desk, browser: Browser) -> None:
    """What was emptied since the draft stays empty: it came back, and would have been sent with the next try."""
    page = await claimed(desk, browser)
    await page.fill(QUESTION, "Which side is it?")
    await page.click("#drawer >> text=Save draft")
    await page.wait_for_selector("#drawer .notice.ok >> text=Draft saved")
    await page.fill(QUESTION, "")
    await page.select_option("#drawer #reason", "other")
    await page.click("#drawer .outcomes [value=ask-referrer]")
    await page.wait_for_selector("#drawer .error")

    assert await page.input_value(QUESTION) == ""
    assert await page.input_value("#drawer #reason") == "other"


async def test_what_was_written_into_work_that_ended_meanwhile_is_shown_once_more(
    desk: Desk, browser: Browser
) -> None:
    """Another page of hers was faster: the form is gone, the words of this one are there to be copied."""
    page = await claimed(desk, browser)
    address = await page.get_attribute(FIRST, "href")
    await page.fill(QUESTION, "She asked: which side? <b>")
    faster = await page.context.new_page()
    await faster.goto(f"{desk.url}{address}")
    await faster.select_option("#f-service", "cardiology")
    await faster.click(".outcomes [value=completed]")
    await page.click("#drawer .outcomes [value=ask-referrer]")
    await page.wait_for_selector("#drawer .summary")

    assert "This task was completed by Amara Quill" in await page.inner_text("#drawer .summary")
    assert await page.input_value("#drawer #k-question") == "She asked: which side? <b>"
    assert await page.locator(QUESTION).count() == 0
    await clean(desk, page)
