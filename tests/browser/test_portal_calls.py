"""The call centre's desk: a call becomes work that stands there at once, the caller is found, and both end the call."""

import json
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page

from carelane.compose.connections import envelopes, readers
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import keep_one
from tests.browser.conftest import OTHER, Desk, visit

pytestmark = [pytest.mark.postgres, pytest.mark.browser]
CENTRE = "call-centre"
SHOWN = "[data-total={}]"


async def rings(desk: Desk, person: int) -> None:
    """Somebody of the referrals at the desk calls; who took the call noted that they want to be called back."""
    runtime = desk.house.runtime
    at = datetime.now(UTC)  # noqa: TID251  # the house of these tests has the machine's clock
    patient = {
        "numbers": [{"authority": "NORTH", "value": f"M55500{person}"}],
        "family": f"Quimbly{person}",
        "phone": f"5550100{person}",
    }
    note = {
        "id": f"call-{person}", "sent_at": at.isoformat(), "patient": patient, "kind": "callback",
        "note": "About a bill.", "agent": OTHER,
    }  # fmt: skip
    raw = json.dumps(note).encode()
    await keep_one(runtime, envelopes(runtime.directory)[CENTRE](raw), CENTRE, raw, site="north")
    await interpret(runtime, readers(runtime.directory), CENTRE)
    await drain(runtime)
    runtime.bell.ring_here("portal")


async def total(page: Page, name: str) -> int:
    """A number of the panel."""
    return int(await page.inner_text(SHOWN.format(name)))


@pytest.mark.requirement("R21", "R158")
async def test_a_call_becomes_work_on_the_panel_and_is_done_from_it(
    desk: Desk, browser: Browser
) -> None:
    """It waits behind the pill while one looks; shown, counted, claimed and finished without leaving the panel."""
    page = await visit(desk, browser, OTHER)
    await page.goto(f"{desk.url}/?view=pools&owner={CENTRE}")
    before = {name: await total(page, name) for name in ("open", "unclaimed")}
    await rings(desk, 2)
    await page.wait_for_selector("#fresh .pill", timeout=60_000)
    await page.click("#fresh .pill")
    await page.wait_for_selector("#rows tr:has-text('Call the patient')")
    assert {name: await total(page, name) for name in before} == {
        name: number + 1 for name, number in before.items()
    }
    await page.click("#rows tr:has-text('Call the patient') [data-claim] button")
    await page.wait_for_selector("#drawer .owner.you")
    await page.fill("#f-talked", "The bill was sent again.")
    await page.click("#drawer .outcomes [value=reached]")
    await page.wait_for_url(f"**/?view=pools&owner={CENTRE}&told=completed**")
    assert {name: await total(page, name) for name in before} == before


@pytest.mark.requirement("R21")
async def test_who_calls_is_found_with_all_that_runs_for_them(desk: Desk, browser: Browser) -> None:
    """By name and phone, while they are on the line: each of their cases, where it stands, and the way into it."""
    await rings(desk, 2)
    page = await visit(desk, browser, OTHER)
    await page.click(".rail a:has-text('Find')")
    await page.fill("[name=family]", "Quimbly2")
    await page.fill("[name=phone]", "55501002")
    await page.click("main button:has-text('Find')")
    found = page.locator("section.card")
    assert await found.count() == 1
    cases = await found.locator("li").all_inner_texts()
    assert len(cases) == 2
    assert any("Callback" in one for one in cases)
    await found.locator("a", has_text="Callback").click()
    assert "call you" in (await page.inner_text("main")).lower()
    assert "5550" not in page.url
