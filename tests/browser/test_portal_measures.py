"""Measures in a real browser: who may see them, tables with their definitions, narrowed, and as CSV."""

import csv
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from playwright.async_api import Browser

from carelane.compose.connections import envelopes, readers
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import keep_one
from carelane.store.shapes import decode_payload
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, COMPLIANCE, ENGINEER, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
ARRIVED = "milestones"


@pytest.mark.requirement("R17")
async def test_an_informatician_reads_figures_with_how_they_are_counted(
    desk: Desk, browser: Browser, superuser: "psycopg.Connection[Any]"
) -> None:
    """From the rail to one measure of one site; what was looked at stands in the access tree."""
    page = await visit(desk, browser, ENGINEER)
    await page.click(".rail a:has-text('Measures')")
    table = page.locator(f"section[aria-labelledby=of-{ARRIVED}]")
    assert "referral-intake" in await table.locator("tbody").inner_text()
    assert await table.locator("th[scope=col]").all_inner_texts() == [
        "Pathway", "Status", "Count", "Out of", "Half within", "Nine in ten within",
    ]  # fmt: skip
    assert not await table.locator("details p").is_visible()
    await table.locator("summary").click()
    assert await table.locator("details p").is_visible()
    await clean(desk, page)
    await page.select_option("[name=of]", ARRIVED)
    await page.select_option("[name=by]", "site")
    await page.select_option("[name=site]", "north")
    await page.click("button:has-text('Show')")
    assert await page.locator("section").count() == 1
    assert set(await page.locator("tbody th").all_inner_texts()) == {"north"}
    await clean(desk, page)
    rows = superuser.execute("select body from access_leaf order by seq").fetchall()
    leaves = [decode_payload(bytes(row[0])) for row in rows]
    looked = [each["actor"] for each in leaves if "'measures'" in str(each)]
    assert looked == [{"kind": "person", "name": ENGINEER}] * 2


async def freed(desk: Desk, *days: int) -> None:
    """The EHR tells of free times so many days ahead."""
    runtime, now = desk.house.runtime, desk.house.runtime.now()
    for number, ahead in enumerate(days):
        starts = now + timedelta(days=ahead, minutes=1)
        slot = {
            "resourceType": "Slot", "id": str(number), "status": "free", "start": starts.isoformat(),
            "end": (starts + timedelta(minutes=30)).isoformat(),
            "serviceType": [{"coding": [{"code": "cardiology"}]}],
            "meta": {"lastUpdated": now.isoformat(), "versionId": "1"},
        }  # fmt: skip
        raw = json.dumps(slot).encode()
        await keep_one(runtime, envelopes(runtime.directory)["ehr"](raw), "ehr", raw)
    await interpret(runtime, readers(runtime.directory), "ehr")
    await drain(runtime)


@pytest.mark.requirement("R39")
async def test_how_far_away_care_is_stands_on_the_front_page(desk: Desk, browser: Browser) -> None:
    """The third free time, not the first; from there to the measure; not for who may see no figures."""
    page = await visit(desk, browser, ENGINEER)
    near = "[data-near=third_next]"
    assert await page.inner_text(near) == "not known"
    await freed(desk, 1, 2, 6, 9)
    await page.goto(desk.url)
    assert await page.inner_text(near) == "6.0 d"
    assert await page.locator("[data-near=appointments]").count() == 1
    await clean(desk, page)
    await page.click(near)
    await page.wait_for_url("**/measures?of=third_next")
    clerk = await visit(desk, browser, CLERK)
    assert await clerk.locator("[data-near]").count() == 0


async def test_figures_can_be_taken_along_as_csv(desk: Desk, browser: Browser) -> None:
    """The button gives what the page shows, one figure in a line."""
    page = await visit(desk, browser, COMPLIANCE)
    await page.goto(f"{desk.url}/measures?of={ARRIVED}")
    async with page.expect_download() as waiting:
        await page.click("button:has-text('Download CSV')")
    file = await (await waiting.value).path()
    rows = list(csv.DictReader(StringIO(file.read_text(encoding="utf-8"))))
    assert {row["measure"] for row in rows} == {ARRIVED}
    assert sum(int(row["n"]) for row in rows if "referral-intake" in row["by"]) > 0
    assert desk.problems == []


async def test_who_may_not_see_figures_has_no_way_to_them(desk: Desk, browser: Browser) -> None:
    """A clerk has no such section; the address itself is refused, page and CSV alike."""
    page = await visit(desk, browser, CLERK)
    assert await page.locator(".rail a:has-text('Measures')").count() == 0
    for address in ("/measures", "/measures/figures.csv"):
        answer = await page.goto(desk.url + address)
        assert answer is not None
        assert answer.status == 403


async def test_measures_read_at_320_pixels_and_without_script(desk: Desk, browser: Browser) -> None:
    """Nothing scrolls sideways on a phone; the form works by its address alone."""
    page = await visit(desk, browser, ENGINEER, width=320, height=640)
    await page.goto(f"{desk.url}/measures")
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 320
    await clean(desk, page)
    plain = await visit(desk, browser, ENGINEER, script=False)
    await plain.goto(f"{desk.url}/measures?days=7&of=&site=north&by=pathway")
    assert await plain.locator("section details").count() > 5
