"""Not in the project: serves the portal of the browser tests and takes pictures."""
import asyncio, sys
import pytest
from tests.browser.conftest import *
from tests.browser.conftest import visit, CLERK, NURSE, ENGINEER, COMPLIANCE
pytestmark=[pytest.mark.browser, pytest.mark.postgres]
async def test_shots(desk, browser):
    out="/tmp/ex/shots"; Path(out).mkdir(exist_ok=True)
    await set_password(desk.house.runtime, "kira.sandoval", PASSWORD)
    page = await visit(desk, browser, NURSE)
    await page.screenshot(path=f"{out}/worklist.png")
    await page.click("#rows a.open >> nth=0")
    await page.wait_for_selector("#drawer h2")
    await page.screenshot(path=f"{out}/drawer.png")
    href = await page.get_attribute("#drawer a[href^='/cases/']","href")
    await page.goto(desk.url+href)
    await page.screenshot(path=f"{out}/case.png", full_page=True)
    if await page.locator("text=This is wrong").count():
        await page.click("summary:has-text('This is wrong')")
        await page.screenshot(path=f"{out}/case-wrong.png", full_page=True)
        await page.select_option("#wrong-reason","wrong-specialty")
        await page.fill("#wrong-text","Knees go to orthopaedics")
        if await page.locator("#wrong-pool").count():
            await page.select_option("#wrong-pool","referral-triage-cardiology")
        await page.click("text=File it")
        await page.wait_for_load_state()
        await page.screenshot(path=f"{out}/case-filed.png", full_page=True)
    await page.goto(desk.url+"/pathways"); await page.screenshot(path=f"{out}/pathways.png", full_page=True)
    await page.goto(desk.url+"/pathways/referral-intake"); await page.screenshot(path=f"{out}/pathway.png", full_page=True)
    await page.goto(desk.url+"/pathways/critical-result"); await page.screenshot(path=f"{out}/pathway-critical.png", full_page=True)
    await page.emulate_media(media="print"); await page.screenshot(path=f"{out}/pathway-print.png", full_page=True)
    narrow = await visit(desk, browser, NURSE, width=390, height=844)
    await narrow.screenshot(path=f"{out}/narrow.png")
    await narrow.goto(desk.url+"/pathways/referral-intake"); await narrow.screenshot(path=f"{out}/narrow-pathway.png")
    await narrow.goto(desk.url+href); await narrow.screenshot(path=f"{out}/narrow-case.png", full_page=True)
    other = await visit(desk, browser, "kira.sandoval")
    await other.screenshot(path=f"{out}/kira.png")
    if await other.locator("#rows a.open").count():
        await other.goto(desk.url+"/?view=all")
        await other.screenshot(path=f"{out}/kira-all.png")
    print(desk.problems)
