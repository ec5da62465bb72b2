"""The main job in a real browser: find work, claim it, finish it, take it back; without a single violation."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from tests.browser.conftest import CLERK, COMPLIANCE, ENGINEER, NURSE, Desk, launched, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
FIRST = "#rows a.open >> nth=0"


async def _clean(desk: Desk, page: Page) -> None:
    """No console error and no violation of the content policy so far."""
    assert desk.problems == []
    assert await page.evaluate("() => window.violations") == []


async def _axe(page: Page) -> None:
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.requirement("R21")
async def test_a_task_is_claimed_refused_for_a_missing_field_finished_and_undone(
    desk: Desk, browser: Browser
) -> None:
    """Missing field: summary, inline error, focus on the summary; then success with Undo; the undone work is back."""
    page = await visit(desk, browser, CLERK)
    assert await page.locator("#rows tr").count() == 4
    await page.click(FIRST)
    await page.wait_for_selector("#drawer [data-key=c]")
    await page.click("#drawer [data-key=c]")
    await page.wait_for_selector("#drawer .owner.you")
    await page.wait_for_selector("#rows .owner.you")
    await page.click("#drawer .outcomes [value=completed]")
    await page.wait_for_selector("#drawer .error")
    assert await page.evaluate("() => document.activeElement.classList.contains('summary')")
    assert "Service line" in await page.inner_text("#drawer .summary")
    await _axe(page)
    await page.select_option("#f-service", "orthopaedics")
    await page.click("#drawer .outcomes [value=completed]")
    await page.wait_for_url("**/?told=completed**")
    assert await page.locator("#rows tr").count() == 3
    await page.click("text=Undo")
    await page.wait_for_url("**/?told=undone**")
    assert await page.locator("#rows tr").count() == 4
    await _clean(desk, page)


async def test_who_works_through_a_filtered_list_stays_in_it(desk: Desk, browser: Browser) -> None:
    """Finishing, taking back, claiming: each led to the whole list, and the filter was chosen anew for each patient."""
    page = await visit(desk, browser, CLERK)
    await page.goto(f"{desk.url}/?view=all&name=complete-referral&told=woken")
    await page.click(FIRST)
    await page.wait_for_selector("#drawer #f-service")
    await page.select_option("#f-service", "orthopaedics")
    await page.click("#drawer .outcomes [value=completed]")
    await page.wait_for_url("**/?view=all&name=complete-referral&told=completed&task=*")
    await page.click("text=Undo")
    await page.wait_for_url("**/?view=all&name=complete-referral&told=undone&task=*")
    await _clean(desk, page)


@pytest.mark.invariant("I8")
async def test_who_comes_second_is_told_who_won(desk: Desk, browser: Browser) -> None:
    """Two people claim one version: one has it, the other reads the name."""
    first, second = await visit(desk, browser, CLERK), await visit(desk, browser, "cleo.marsh")
    await second.goto(f"{desk.url}/?view=all")
    address = await first.get_attribute(FIRST, "href")
    await first.click(f"#rows tr:has(a[href='{address}']) [data-claim] button")
    await first.wait_for_selector("#drawer .owner.you")
    if await second.locator(f"#rows tr:has(a[href='{address}']) [data-claim] button").count():
        await second.click(f"#rows tr:has(a[href='{address}']) [data-claim] button")
        await second.wait_for_selector("#drawer .notice.bad")
        assert "Amara Quill claimed this" in await second.inner_text("#drawer .notice.bad")


MOVED = """() => document.activeElement !== window.was && document.activeElement.classList.contains('open')"""


async def test_the_keyboard_alone_opens_claims_and_reaches_the_form(
    desk: Desk, browser: Browser
) -> None:
    """J, Enter, C, E; ? shows the keys; the keys can be switched off."""
    page = await visit(desk, browser, CLERK)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#drawer h2")
    assert await page.evaluate("() => document.activeElement.id") == "task-h"
    await page.keyboard.press("c")
    await page.wait_for_selector("#drawer .owner.you")
    await page.keyboard.press("e")
    assert (await page.evaluate("() => document.activeElement.id")).startswith("f-")
    await page.keyboard.press("Tab")
    await page.click("#task-h")
    await page.keyboard.press("Escape")
    assert await page.locator("#drawer h2").count() == 0
    await page.keyboard.press("?")
    await page.uncheck("[data-keys]")
    await page.click("#help button")
    await page.evaluate("() => { window.was = document.activeElement; }")
    await page.keyboard.press("j")
    assert not await page.evaluate(MOVED), "a key that is switched off moves nobody"
    await _clean(desk, page)


async def test_everything_works_without_script(desk: Desk, browser: Browser) -> None:
    """Links and forms alone: claim, finish, undo."""
    page = await visit(desk, browser, CLERK, script=False)
    await page.click("#rows [data-claim] button >> nth=0")
    await page.select_option("#f-service", "cardiology")
    await page.click(".outcomes [value=completed]")
    assert "Done." in await page.inner_text(".notice.ok")
    await page.click("text=Undo")
    assert "Taken back" in await page.inner_text(".notice.ok")


async def test_new_work_waits_behind_a_pill(desk: Desk, browser: Browser) -> None:
    """A referral arrives while the list is open: it is counted, and shown when asked for."""
    page = await visit(desk, browser, CLERK)
    await desk.arrive(11, 1)
    desk.house.runtime.bell.ring_here("portal")
    await page.wait_for_selector("#fresh .pill", timeout=60_000)
    assert await page.inner_text("#fresh .pill") == "1 new, show"
    await page.click("#fresh .pill")
    await page.wait_for_function("() => document.querySelectorAll('#rows tr').length === 5")
    await _clean(desk, page)


async def test_what_a_colleague_finishes_leaves_the_open_list(desk: Desk, browser: Browser) -> None:
    """Nobody begins what is done already, and nothing else moves."""
    page = await visit(desk, browser, CLERK)
    other = await visit(desk, browser, CLERK)
    await other.click(FIRST)
    await other.wait_for_selector("#drawer #f-service")
    done = await other.get_attribute("#drawer [data-task]", "data-task")
    assert await page.locator(f"#t{done}").count() == 1
    await other.select_option("#f-service", "orthopaedics")
    await other.click("#drawer .outcomes [value=completed]")
    await other.wait_for_url("**/?told=completed**")
    desk.house.runtime.bell.ring_here("portal")
    await page.wait_for_selector(f"#t{done}", state="detached", timeout=60_000)
    assert await page.locator("#rows tr").count() == 3
    await _clean(desk, page)


@pytest.mark.parametrize("person", [CLERK, ENGINEER, COMPLIANCE])
async def test_no_page_has_a_finding_of_axe(desk: Desk, browser: Browser, person: str) -> None:
    """Every section a person may open; no finding, no violation, no console error."""
    page = await visit(desk, browser, person)
    await _axe(page)
    for address in await page.eval_on_selector_all(
        ".rail a", "links => links.map((link) => link.href)"
    ):
        await page.goto(address)
        await _axe(page)
        await _clean(desk, page)
    await page.goto(f"{desk.url}/pathways/referral-intake")
    await _axe(page)


async def test_it_reflows_at_320_pixels_and_targets_are_24(desk: Desk, browser: Browser) -> None:
    """WCAG 1.4.10 and 2.5.8: no sideways scrolling of the page; no small button."""
    page = await visit(desk, browser, CLERK, width=320, height=640)
    await page.click(FIRST)
    await page.wait_for_selector("#drawer h2")
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 320
    small = """() => [...document.querySelectorAll('button, select, input:not([type=hidden]), summary')]
      .map((one) => [one.outerHTML.slice(0, 60), one.getBoundingClientRect()])
      .filter(([, box]) => box.width > 0 && (box.width < 24 || box.height < 24)).map(([what]) => what)"""
    assert await page.evaluate(small) == []


@pytest.mark.invariant("I19")
async def test_a_masked_name_never_leaves_the_server(desk: Desk, browser: Browser) -> None:
    """List, drawer and case hold no family name until it is asked for, by a POST that the access tree records."""
    page = await visit(desk, browser, CLERK)
    assert "Quimbly" not in await page.content()
    await page.click(FIRST)
    await page.wait_for_selector("#drawer h2")
    assert "Quimbly" not in await page.content()
    await page.click("#drawer >> text=Show (recorded)")
    await page.wait_for_function(
        "() => document.querySelector('#drawer').textContent.includes('Quimbly')"
    )
    assert "Quimbly" not in page.url


async def test_after_sign_out_nothing_is_left_and_back_shows_nothing(
    desk: Desk, browser: Browser
) -> None:
    """Storage is empty, and the page behind Back asks to sign in again (ONC d7)."""
    page = await visit(desk, browser, NURSE)
    await page.click("text=Sign out")
    await page.wait_for_url("**/sign-in?why=out")
    stored = "() => sessionStorage.length + Object.keys(localStorage).filter((key) => key !== 'carelane-keys').length"
    assert await page.evaluate(stored) == 0
    await page.go_back()
    assert await page.locator("#rows").count() == 0


async def test_the_screen_goes_blank_when_nobody_is_there(desk: Desk, browser: Browser) -> None:
    """After the idle time the page leads to the sign-in by itself (ONC d5); the clock is the browser's, moved."""
    page = await visit(desk, browser)
    await page.clock.install()
    await page.fill("[name=person]", CLERK)
    await page.fill("[name=password]", "four calm words stand here")
    await page.click("button:has-text('Sign in')")
    await page.wait_for_selector(".rail")
    await page.clock.fast_forward(16 * 60 * 1000)
    await page.wait_for_url("**/sign-in?why=idle")
    assert "15 minutes" in await page.inner_text(".notice")


@pytest.mark.parametrize("width", [1280, 640])
async def test_text_at_twice_its_size_hides_nothing(desk: Desk, width: int) -> None:
    """WCAG 1.4.4: with the browser's text at 200 % no page scrolls sideways and no text is cut off."""
    async with launched("--blink-settings=defaultFontSize=32") as browser:
        page = await visit(desk, browser, CLERK, width=width, height=900)
        assert (
            await page.evaluate("() => getComputedStyle(document.documentElement).fontSize")
            == "32px"
        )
        await page.click(FIRST)
        await page.wait_for_selector("#drawer h2")
        case = await page.get_attribute("#drawer >> text=The whole case", "href")
        await _whole(page, width)
        for address in (
            f"{desk.url}{case}",
            f"{desk.url}/find",
            f"{desk.url}/break-glass",
            f"{desk.url}/downtime",
        ):
            await page.goto(address)
            await _whole(page, width)
        await _clean(desk, page)


async def _whole(page: Page, width: int) -> None:
    """Nothing is wider than the page, and nothing that hides its overflow has any."""
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= width, page.url
    cut = """() => [...document.querySelectorAll('main *, aside *, nav *')].filter((one) => {
      const hides = ['hidden', 'clip'].includes(getComputedStyle(one).overflowX);
      const box = one.getBoundingClientRect();
      return hides && box.width > 2 && one.textContent.trim() && one.scrollWidth > one.clientWidth + 1;
    }).map((one) => one.outerHTML.slice(0, 80))"""
    assert await page.evaluate(cut) == [], page.url


@pytest.mark.requirement("R21")
async def test_every_page_reflows_at_320_pixels(desk: Desk, browser: Browser) -> None:
    """WCAG 1.4.10: each section and a case, not the list alone."""
    page = await visit(desk, browser, CLERK, width=320, height=640)
    links = await page.eval_on_selector_all(".rail a", "links => links.map((link) => link.href)")
    await page.click(FIRST)
    case = await page.get_attribute("#drawer >> text=The whole case", "href")
    for address in (*links, f"{desk.url}{case}", f"{desk.url}/pathways/referral-intake"):
        await page.goto(address)
        assert await page.evaluate("() => document.documentElement.scrollWidth") <= 320, address
