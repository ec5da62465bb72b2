"""Pathways in a real browser: by scope, drawn, with live counts; and a wrong routing filed where it is explained."""

import re

import aiohttp
import pytest
from playwright.async_api import Browser

from carelane.accounts.passwords import set_password
from carelane.worklist.listing import Filters, tasks
from carelane.worklist.viewer import Viewer
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, NURSE, PASSWORD, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
COUNT = ".pathway [data-state=triage]"


@pytest.mark.requirement("R125")
async def test_pathways_stand_by_scope_and_counts_change_while_one_looks(
    desk: Desk, browser: Browser
) -> None:
    """The picture, the table beside it and what stands in the database say the same, and follow it."""
    page = await visit(desk, browser, NURSE)
    await page.goto(f"{desk.url}/pathways")
    row = page.locator("tr", has_text="referral-intake")
    assert "Everywhere" in await row.inner_text()
    assert "Kira Sandoval" in await row.inner_text()
    await clean(desk, page)
    await row.locator("a").click()
    await page.wait_for_function(f"() => document.querySelector('{COUNT}')?.textContent === '4'")
    assert await page.inner_text("[data-open=triage]") == "4"
    await desk.arrive(12, 1)
    desk.house.runtime.bell.ring_here("portal")
    await page.wait_for_function(f"() => document.querySelector('{COUNT}')?.textContent === '5'")
    assert await page.inner_text("[data-open=triage]") == "5"
    assert await page.inner_text("[data-oldest=triage]") != "-"
    assert await page.inner_text("[data-oldest=scheduling]") == "-"
    assert re.search(r"(\d+) of \1 hold", await page.inner_text("#tests + p"))
    await clean(desk, page)


async def test_a_state_is_found_in_the_list_and_in_the_picture(
    desk: Desk, browser: Browser
) -> None:
    """A link opens the state's own words, and from there its place in the picture comes into view."""
    page = await visit(desk, browser, NURSE)
    await page.goto(f"{desk.url}/pathways/critical-result")
    await page.click("a[href='#state-correction']")
    await page.wait_for_selector("#state-correction[open]")
    shown = await page.inner_text("#state-correction")
    assert all(word in shown for word in ("Owner", "Clock", "If not done in time", "call-on-call"))
    await page.click("#state-correction a[href='#at-correction']")
    inside = """() => { const box = document.querySelector('#at-correction').getBoundingClientRect();
      const frame = document.querySelector('.picture').getBoundingClientRect();
      return box.top >= frame.top && box.bottom <= frame.bottom && box.left >= frame.left - 1; }"""
    await page.wait_for_function(inside)
    await clean(desk, page)


async def test_a_pathway_reads_at_320_pixels_and_without_script(
    desk: Desk, browser: Browser
) -> None:
    """Nothing but the picture scrolls sideways; without script the numbers stand in the table."""
    page = await visit(desk, browser, NURSE, width=320, height=640)
    for address in ("/pathways", "/pathways/referral-intake"):
        await page.goto(desk.url + address)
        assert await page.evaluate("() => document.documentElement.scrollWidth") <= 320
    plain = await visit(desk, browser, NURSE, script=False)
    await plain.goto(f"{desk.url}/pathways/referral-intake")
    assert await plain.inner_text("[data-open=triage]") == "4"
    missing = await plain.goto(f"{desk.url}/pathways/no-such")
    assert missing is not None
    assert missing.status == 404


@pytest.mark.requirement("R52")
async def test_a_wrong_routing_is_filed_moved_and_judged(desk: Desk, browser: Browser) -> None:
    """From "why this is here": the rule, why, what is right, where to; its owner finds it among the work."""
    await set_password(desk.house.runtime, "kira.sandoval", PASSWORD)
    page = await visit(desk, browser, NURSE)
    case = await _first_case(desk)
    await page.goto(f"{desk.url}/cases/{case}")
    why = await page.inner_text("#why")
    assert all(
        word in why
        for word in ("Table triage pool row", "Read:", "above missed", "directory version")
    )
    assert "Kira Sandoval, MD and Luca Fenwick" in why
    await page.click("#why summary:has-text('This is wrong')")
    assert (await page.input_value("#wrong-rule")).startswith("table ")
    await page.select_option("#wrong-reason", "wrong-specialty")
    await page.fill("#wrong-text", "This is a heart")
    await page.select_option("#wrong-pool", "urgent-triage")
    await clean(desk, page)
    await page.click("text=File it")
    await page.wait_for_selector(".notice.ok")
    assert "the case was sent on" in await page.inner_text(".notice.ok")
    assert "Said to be wrong by Dev Okafor" in await page.inner_text("#why")
    assert "urgent triage" in (await page.inner_text("#why .here")).lower()
    owner = await visit(desk, browser, "kira.sandoval")
    await owner.click("#rows a.open:has-text('Judge a routing')")
    await owner.wait_for_selector("#drawer h2")
    shown = await owner.inner_text("#drawer")
    assert all(word in shown for word in ("This is a heart", "wrong-specialty", "referral-intake"))
    await owner.fill("#f-found", "Right: a row is missing")
    await owner.click("#drawer .outcomes [value=rule-will-change]")
    await owner.wait_for_url("**/?told=completed**")
    await clean(desk, page)


async def test_who_may_not_move_a_case_may_still_say_that_it_is_wrong(
    desk: Desk, browser: Browser
) -> None:
    """Without the right to send elsewhere there is no pool to choose, and asking for one is denied."""
    page = await visit(desk, browser, CLERK)
    case = await _first_case(desk)
    await page.goto(f"{desk.url}/cases/{case}")
    await page.click("#why summary:has-text('This is wrong')")
    assert await page.locator("#wrong-pool").count() == 0
    await page.select_option("#wrong-reason", "rule-wrong")
    await page.fill("#wrong-text", "Not for us")
    await page.click("text=File it")
    await page.wait_for_selector(".notice.ok")
    async with aiohttp.ClientSession() as client:
        signed = await client.post(
            f"{desk.url}/api/session", json={"person": CLERK, "password": PASSWORD}
        )
        token = {"Authorization": f"Bearer {(await signed.json())['token']}"}
        why = await (await client.get(f"{desk.url}/api/cases/{case}/why", headers=token)).json()
        assert why["corrections"][0]["reason"] == "rule-wrong"
        assert why["decisions"][0]["rules"]
        body = {"reason": "rule-wrong", "text": "x", "pool": "urgent-triage"}
        moved = await client.post(f"{desk.url}/api/cases/{case}/correct", headers=token, json=body)
        assert moved.status == 403


async def _first_case(desk: Desk) -> str:
    """A referral in triage."""
    runtime = desk.house.runtime
    filters = Filters(everyone=True, name="triage-referral")
    [task, *_] = await tasks(runtime, Viewer(person=NURSE, sites=("north",)), filters=filters)
    return str(task.case)
