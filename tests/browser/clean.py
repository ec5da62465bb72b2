"""What no page may have: a finding of axe, an error of the console, a violation of its own content policy."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.browser.conftest import Desk


async def accessible(page: Page) -> None:
    """No finding of axe."""
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def lawful(page: Page) -> None:
    """No violation of the content policy so far."""
    assert await page.evaluate("() => window.violations") == []


async def clean(desk: Desk, page: Page) -> None:
    """A page of the portal: none of the three."""
    await accessible(page)
    assert desk.problems == []
    await lawful(page)
