"""The drawer shows the work of the row that is chosen, and no other's: who acts there acts on this patient."""

import asyncio

import pytest
from playwright.async_api import Browser, Route

from tests.browser.clean import clean, lawful
from tests.browser.conftest import CLERK, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
ROWS = "#rows a.open"


async def test_a_late_answer_does_not_put_another_rows_work_under_the_chosen_one(
    desk: Desk, browser: Browser
) -> None:
    """Two rows in quick succession: the first one's answer comes last, and is not shown."""
    page = await visit(desk, browser, CLERK)
    first, second = [await page.locator(ROWS).nth(n).get_attribute("href") for n in (0, 1)]
    asked, held = asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        asked.set()
        await held.wait()
        await route.continue_()

    await page.route(f"**{first}", late)
    await page.click(f"{ROWS} >> nth=0")
    await asked.wait()
    await page.click(f"{ROWS} >> nth=1")
    await page.wait_for_selector("#drawer [data-task]")
    held.set()
    await page.wait_for_load_state("networkidle")

    shown = await page.get_attribute("#drawer [data-task]", "data-task")
    assert second == f"/tasks/{shown}"
    assert await page.locator("tr.chosen").get_attribute("id") == f"t{shown}"


async def test_where_the_chosen_rows_work_does_not_come_nothing_can_be_acted_on(
    desk: Desk, browser: Browser
) -> None:
    """It left the work of the row before, with its buttons, beside a row that was marked as chosen."""
    page = await visit(desk, browser, CLERK)
    await page.click(f"{ROWS} >> nth=0")
    await page.wait_for_selector("#drawer [data-task]")
    await page.route("**/tasks/*", lambda route: route.abort())
    await page.click(f"{ROWS} >> nth=1")
    await page.wait_for_selector("#drawer >> text=Carelane did not answer")
    assert await page.locator("#drawer button").count() == 0
    await page.unroute_all()
    await page.click(f"{ROWS} >> nth=1")
    await page.wait_for_selector("#drawer [data-task]")
    await lawful(page)


async def test_an_answer_to_a_claim_does_not_take_the_place_of_the_row_chosen_since(
    desk: Desk, browser: Browser
) -> None:
    """The claim is done and its row says so; the drawer stays with the work that was opened meanwhile."""
    page = await visit(desk, browser, CLERK)
    held = asyncio.Event()

    async def late(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**/claim", late)
    await page.click("#rows [data-claim] button >> nth=0")
    await page.click(f"{ROWS} >> nth=1")
    await page.wait_for_selector("#drawer [data-task]")
    second = await page.get_attribute("#drawer [data-task]", "data-task")
    held.set()
    await page.wait_for_selector("#rows .owner.you")

    assert await page.get_attribute("#drawer [data-task]", "data-task") == second
    assert await page.locator("tr.chosen").get_attribute("id") == f"t{second}"


async def test_a_row_stays_in_the_list_while_the_server_fails(desk: Desk, browser: Browser) -> None:
    """What can't be read anew just now is still to be done."""
    page = await visit(desk, browser, CLERK)
    await page.route("**/row", lambda route: route.fulfill(status=503, body=""))
    async with page.expect_response("**/row"):
        await page.click("#rows [data-claim] button >> nth=0")
    await page.wait_for_selector("#drawer .owner.you")
    assert await page.locator("#rows tr").count() == 4
    await lawful(page)


async def test_work_that_ends_while_it_is_open_says_so_before_anybody_acts_on_it(
    desk: Desk, browser: Browser
) -> None:
    """It was finished elsewhere: whoever has it open, and only reads, is told."""
    page = await visit(desk, browser, CLERK)
    await page.clock.install()
    await page.reload()  # what the page waits for is by that clock only once it is loaded with it
    await page.click(f"{ROWS} >> nth=0")
    await page.wait_for_selector("#drawer #f-service")
    task = await page.get_attribute("#drawer [data-task]", "data-task")
    async with page.expect_response("**/events/*") as same:
        await page.clock.fast_forward(21_000)
    assert await (await same.value).json() == {"version": 1, "over": False}
    assert await page.locator("#drawer [role=alert]").count() == 0

    other = await visit(desk, browser, CLERK)
    await other.goto(f"{desk.url}/tasks/{task}")
    await other.select_option("#f-service", "cardiology")
    await other.click(".outcomes [value=completed]")
    await other.wait_for_url("**told=completed**")
    await page.clock.fast_forward(21_000)
    await page.wait_for_selector("#drawer [role=alert] >> text=This task ended meanwhile.")
    await page.wait_for_selector(f"#t{task}", state="detached")
    await clean(desk, page)
