"""Releases in a real browser: reviewed, approved by two, and taken back, with the real prover and the real rules."""

import pytest
from playwright.async_api import Browser, Page

from carelane.accounts.passwords import set_password
from carelane.engine.in_force import in_force
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.releases.publish import publish
from tests.browser.clean import clean
from tests.browser.conftest import CLERK, COMPLIANCE, PASSWORD, ROOT, Desk, visit

pytestmark = [pytest.mark.browser, pytest.mark.postgres]
KIRA = "kira.sandoval"
QUESTION = (ROOT / "pathways" / "system" / "question.yaml").read_text("utf-8")


async def _newer(desk: Desk) -> Definition:
    """The next release of questions, published and in force nowhere."""
    text = QUESTION.replace('version: "1.0.0"', 'version: "1.1.0"')
    text = text.replace("title: A question about", "title: One about")
    definition, problems = load(text, place="question.yaml")
    assert definition is not None, problems
    runtime = desk.house.runtime
    async with runtime.worker.transaction() as tx:
        await publish(tx, runtime.organisation, definition, text, now=runtime.now(), by=KIRA)
        runtime.releases = await in_force(tx)
    await set_password(runtime, KIRA, PASSWORD)
    return definition


async def _as(desk: Desk, browser: Browser, person: str) -> Page:
    """Signed in for operations."""
    page = await visit(desk, browser, person)
    await page.select_option("[name=purpose]", "HOPERAT")
    await page.click("button:has-text('Set')")
    return page


@pytest.mark.requirement("R12")
async def test_two_people_put_a_release_in_force_and_one_takes_it_back(
    desk: Desk, browser: Browser
) -> None:
    """Reviewed with its proof and what changes; the same person twice is one; then what held before holds again."""
    newer = await _newer(desk)
    first = await _as(desk, browser, KIRA)
    await first.click(".rail a:has-text('Releases')")
    await clean(desk, first)
    await first.click(f"a[href^='/releases/{newer.digest}']")
    assert "Proved" in await first.inner_text("main")
    assert "One about" in await first.inner_text(".plainlist")
    await clean(desk, first)
    for _ in range(2):
        await first.fill("#why", "Agreed in the board")
        await first.click("button:has-text('Approve for this scope')")
        assert "A second person puts it in force" in await first.inner_text(".notice")
    assert not await _holds(desk, newer)
    second = await _as(desk, browser, COMPLIANCE)
    await second.goto(f"{desk.url}/releases")
    waiting = second.locator("table:has(caption:text('one person approved'))")
    assert "Kira Sandoval" in await waiting.inner_text()
    await waiting.locator("a").first.click()
    await second.fill("#why", "Agreed in the board")
    await second.click("button:has-text('Approve for this scope')")
    assert "In force everywhere" in await second.inner_text(".notice")
    assert await _holds(desk, newer)
    await clean(desk, second)
    await second.fill("#back-1", "A word was wrong")
    await second.click("button:has-text('Take this release back')")
    assert "Version 1.0.0 is in force everywhere again" in await second.inner_text(".notice")
    assert not await _holds(desk, newer)


async def test_who_may_not_approve_has_no_way_to_it(desk: Desk, browser: Browser) -> None:
    """A clerk has no such section and is refused; a reason that is missing, or a place that is not, is said."""
    newer = await _newer(desk)
    clerk = await visit(desk, browser, CLERK)
    assert await clerk.locator(".rail a:has-text('Releases')").count() == 0
    answer = await clerk.goto(f"{desk.url}/releases/{newer.digest}")
    assert answer is not None
    assert answer.status == 403
    kira = await _as(desk, browser, KIRA)
    await kira.goto(f"{desk.url}/releases/{newer.digest}?site=nowhere")
    await kira.evaluate("() => document.querySelector('#why').removeAttribute('required')")
    await kira.click("button:has-text('Approve for this scope')")
    assert await kira.locator("h1").inner_text() != newer.title
    assert not await _holds(desk, newer)


async def _holds(desk: Desk, release: Definition) -> bool:
    async with desk.house.runtime.worker.transaction() as tx:
        rows = await tx.rows("releases.activations")
    return release.digest in {row["release"] for row in rows}
