"""The chart beside a task in a real browser: opened by a person, in words where the record is away."""

from typing import Any

import psycopg
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from carelane.accounts.passwords import set_password
from carelane.compose.house import House
from carelane.compose.serve import desk_of
from carelane.connect.fhir.chart import FhirChart
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.hl7v2.codec import envelope
from carelane.connect.hl7v2.mapping.reading import read
from carelane.engine.drain import drain
from carelane.intake.interpret import interpret
from carelane.intake.receive import keep_one
from carelane.portal.app import build
from carelane.testing.conformance.over_fhir import signed_client
from carelane.testing.doorstep import standing
from carelane.testing.ehr.history import history
from carelane.testing.ehr.profiles import PROFILES
from carelane.testing.ehr.server import EhrServer
from carelane.testing.messages import discharge
from tests.browser.conftest import PASSWORD, Desk, visit
from tests.flows.documents.writing import ChartOf, patient_of

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
BORN = "1951-09-07"


@pytest.mark.requirement("R55")
async def test_the_chart_is_opened_beside_the_note_and_away_is_said(
    house: House, browser: Browser, superuser: "psycopg.Connection[Any]"
) -> None:
    """One click: first the record is away, then it is there; no finding of axe, no violation of the content policy."""
    runtime, raw = house.runtime, discharge(1, person=1)
    await keep_one(runtime, envelope(raw), "mllp", raw, site="north")
    await interpret(runtime, {"mllp": read}, "mllp")
    await drain(runtime)
    [(task, owner)] = superuser.execute(
        "select id, owner_name from task where name = 'write-note' and closed_at is null"
    ).fetchall()
    await set_password(runtime, owner, PASSWORD)
    ehr = EhrServer(profile=PROFILES["a"])
    client = signed_client(ehr, await ehr.start())
    chart = FhirChart(connection="ehr", client=client, local=Local(), limit_s=5)
    async with standing(build(desk_of(house, ChartOf(chart=chart)))) as url:
        desk = Desk(house=house, url=url)
        page = await visit(desk, browser, owner)
        await page.goto(f"{url}/tasks/{task}")
        ehr.faults.add({"mode": "503", "count": 1, "kind": "Patient"})
        await page.click("text=Read it in the record")
        await page.wait_for_selector("#chart .notice.bad")
        assert "does not answer" in await page.inner_text("#chart")
        ehr.put(patient_of(1, born=BORN))
        for resource in history({"reference": "Patient/hp1", "type": "Patient"}, key="1"):
            ehr.put(resource)
        await page.click("text=Read it in the record")
        await page.wait_for_selector("#note-text")
        shown = await page.inner_text("#chart")
        assert "Penicillin: hives" in shown
        assert "Still missing: Assessment, Plan and follow-up" in shown
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert desk.problems == []
        assert await page.evaluate("() => window.violations") == []
    await chart.close()
    await ehr.stop()
