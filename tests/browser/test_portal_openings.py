"""The record's open times beside a task in a real browser: shown and chosen by a click, nothing typed is lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from carelane.accounts.passwords import set_password
from carelane.compose.house import House
from carelane.compose.serve import desk_of
from carelane.connect.fhir.openings import FhirOpenings
from carelane.facts.openings import Answer, Wish
from carelane.portal.app import build
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.doorstep import standing
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from tests.browser.conftest import PASSWORD, Desk, visit
from tests.browser.requesting import requested

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
CLERK = "bo.tarrant"


class TimesOf:
    """The portal's reader: one EHR, whatever the site."""

    def __init__(self, reader: FhirOpenings) -> None:
        self.reader = reader

    async def openings(self, wish: Wish, *, site: str, now: Any) -> Answer:
        """Ask it."""
        del site
        return await self.reader.read(wish, now=now)


def free(ehr: EhrServer, key: str, at: Any, minutes: int) -> None:
    """A free slot of cardiology."""
    ehr.put({
        "resourceType": "Slot", "id": key, "status": "free", "schedule": {"reference": "Schedule/cardiology"},
        "serviceType": [{"coding": [{"code": "cardiology"}]}], "start": at.isoformat(),
        "end": (at + timedelta(minutes=minutes)).isoformat(),
    })  # fmt: skip


async def pictures(page: Page, tmp_path: Path) -> None:
    """The page as people see it, wide and on a phone: nothing reaches past its edge."""
    for name, width in (("wide", 1280), ("phone", 360)):
        await page.set_viewport_size({"width": width, "height": 900})
        reach = await page.evaluate("() => document.documentElement.scrollWidth")
        assert reach <= width, (name, reach)
        await page.screenshot(path=tmp_path / f"times-{name}.png", full_page=True)


@pytest.mark.requirement("R33")
@pytest.mark.parametrize("scripted", [True, False])
async def test_a_time_is_chosen_by_keyboard_and_what_was_typed_stays(
    house: House,
    browser: Browser,
    superuser: "psycopg.Connection[Any]",
    tmp_path: Path,
    scripted: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """With the page's script and without: away is said, then the list, one key fills four fields, the note is kept."""
    task = await requested(house, superuser, visit="procedure")
    await set_password(house.runtime, CLERK, PASSWORD)
    now = house.runtime.now()
    ehr = EhrServer(profile=PROFILES["a"])
    client = signed_client(ehr, await ehr.start())
    reader = FhirOpenings(connection="ehr", client=client, limit_s=5)
    for number, days in enumerate((1, 4, 5)):
        free(ehr, f"s{number}", now + timedelta(days=days), 60)
    free(ehr, "short", now + timedelta(days=6), 20)
    async with standing(build(desk_of(house, times=TimesOf(reader)))) as url:
        desk = Desk(house=house, url=url)
        page = await visit(desk, browser, CLERK, script=scripted)
        await page.goto(f"{url}/tasks/{task}")
        await page.fill("#f-note", "Prefers mornings")
        ehr.faults.add({"mode": "503", "count": 1, "kind": "Slot"})
        await page.click("text=Show open times")
        await page.wait_for_selector("#openings .notice.bad")
        assert "by hand" in await page.inner_text("#openings")
        await page.click("text=Read them again")
        await page.wait_for_selector(".times button")
        said = await page.inner_text("#openings")
        assert "fasting lab" in said
        assert "Left out: 1 of another kind or too short" in said
        assert await page.locator(".times button").count() == 2
        if scripted:
            await pictures(page, tmp_path)
            found = await Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert await page.evaluate("() => window.violations") == []
        await page.locator(".times button").first.focus()
        await page.keyboard.press("Enter")
        await page.wait_for_selector("text=The time is filled in")
        assert await page.input_value("#f-slot") == "Slot/s1"
        assert await page.input_value("#f-slot_minutes") == "60"
        assert await page.input_value("#f-slot_kind") == "in-person"
        assert await page.input_value("#f-note") == "Prefers mornings"
        assert len(await page.input_value("#f-slot_start")) == len("2026-12-01T14:00")
        await page.click("button[value=agreed]")
        await page.wait_for_url("**/?told=completed*")
        assert desk.problems == []
        await page.context.close()  # the worklist's stream would keep the portal from ending
    [(state,)] = superuser.execute("select state from step where closed_at is null").fetchall()
    assert state == "asking-slot"
    await reader.close()
    await ehr.stop()
