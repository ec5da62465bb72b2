"""What a person typed into a task's form is theirs: it stays as they left it, whatever else is pressed or happens."""

import pytest
from playwright.async_api import Browser, Dialog, Page

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


async def test_what_is_typed_before_claiming_and_revealing_stays(
    desk: Desk, browser: Browser
) -> None:
    """Both answer with the form anew; nobody types it twice. On a page of its own as in the drawer."""
    page = await visit(desk, browser, CLERK)
    address = await page.get_attribute(FIRST, "href")
    for at in (None, f"{desk.url}{address}"):
        await (page.goto(at) if at else page.click(FIRST))
        await page.fill("#f-question", "Which side is it?")
        await page.select_option("#reason", "other")
        await page.click(".task >> text=Show (recorded)")
        await page.wait_for_selector(".task >> text=Quimbly")
        assert await page.input_value("#f-question") == "Which side is it?"
        assert await page.input_value("#reason") == "other"
        await page.click(".task [data-key=c]")
        await page.wait_for_selector(".task .owner.you")
        assert await page.input_value("#f-question") == "Which side is it?"
        await page.click(".task >> text=Release")
        await page.wait_for_url("**/?told=released**")
    await clean(desk, page)


async def test_what_is_typed_is_kept_as_a_draft_before_it_leaves_the_screen(
    desk: Desk, browser: Browser
) -> None:
    """Another row, a closed drawer, another page, a quiet while: each comes back to what was written."""
    page = await claimed(desk, browser)
    await page.fill(QUESTION, "Which side?")
    await page.click("#rows a.open >> nth=1")
    await page.wait_for_selector("#drawer .owner:not(.you)")
    await page.click(FIRST)
    await page.wait_for_selector("#drawer .owner.you")
    assert await page.input_value(QUESTION) == "Which side?"

    await page.fill(QUESTION, "Which knee?")
    async with page.expect_response("**/draft"):
        await page.keyboard.press("Tab")
        await page.click("#drawer [data-close]")
    await page.click(FIRST)
    await page.wait_for_selector("#drawer h2")
    assert await page.input_value(QUESTION) == "Which knee?"

    await page.fill(QUESTION, "Which hip?")
    await page.click("#drawer >> text=the whole case")
    await page.wait_for_url("**/cases/**")
    await page.go_back()
    await page.click(FIRST)
    await page.wait_for_selector("#drawer h2")
    assert await page.input_value(QUESTION) == "Which hip?"
    await clean(desk, page)


async def test_who_types_for_longer_than_a_session_lasts_stays_signed_in(
    desk: Desk, browser: Browser
) -> None:
    """The page tells the server that somebody is there; and when nobody is, it keeps the draft before it signs out."""
    page = await claimed(desk, browser)
    await page.clock.install()
    await page.clock.fast_forward(2 * 60 * 1000)
    async with page.expect_response("**/here") as told:
        await page.type(QUESTION, "Which")
    assert (await told.value).status == 204
    async with page.expect_response("**/draft"):
        await page.clock.fast_forward(16 * 60 * 1000)
    await page.wait_for_url("**/sign-in?why=idle")

    again = await visit(desk, browser, CLERK)
    await again.click(FIRST)
    await again.wait_for_selector("#drawer .owner.you")
    assert await again.input_value(QUESTION) == "Which"


async def test_a_text_that_no_draft_keeps_is_not_left_without_being_asked(
    desk: Desk, browser: Browser
) -> None:
    """A question in a case's thread, when its name is shown; and what was typed into work that nobody has claimed."""
    page = await visit(desk, browser, CLERK)
    asked: list[str] = []

    async def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stay)
    await page.click(FIRST)
    await page.fill(QUESTION, "Which side?")
    async with page.expect_event("dialog"):
        await page.click("#drawer >> text=the whole case", no_wait_after=True)
    assert await page.input_value(QUESTION) == "Which side?"
    await page.click("#drawer [data-key=c]")
    await page.wait_for_selector("#drawer .owner.you")
    await page.click("#drawer >> text=the whole case")
    await page.wait_for_url("**/cases/**")
    await page.fill("#text", "Who has the letter?")
    async with page.expect_event("dialog"):
        await page.click("main >> text=Show (recorded)", no_wait_after=True)
    assert await page.input_value("#text") == "Who has the letter?"
    await page.click("button:has-text('Note')")
    await page.wait_for_selector(".entry >> text=Who has the letter?")
    assert asked == ["beforeunload"] * 2
    await clean(desk, page)
