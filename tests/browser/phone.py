"""A patient's small phone in front of a page behind a link: what every such page is tried on and held to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from playwright.async_api import Browser, Page

from carelane.facts.answer_links import ANSWER, made
from carelane.store.tokens import Tokens
from tests.browser.clean import accessible, lawful
from tests.browser.conftest import WATCH

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EFFECT = UUID("019caeda-d193-8a74-bfde-780a43fe1a46")
SEAL = Tokens(b"k" * 32).of
SITE = {"clinic": "Northgate Health and Rehabilitation Centre", "phone": "+1-555-010-0100"}
TWICE = "--blink-settings=defaultFontSize=32"
"""What a reader sets who wants all text twice as large; a browser's own is 16."""
_WIDTH_PX, _HEIGHT_PX, _TOUCH_PX = 320, 568, 44
_OUTSIDE = """() => [...document.querySelectorAll('main *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.left < 0 || box.right > innerWidth || one.scrollWidth > one.clientWidth + 1;
}).map((one) => one.tagName)"""


def query(*, use: str = ANSWER, until: datetime = NOW + timedelta(days=1)) -> str:
    """What stands in the address of a patient's link."""
    return f"a={made(SEAL, EFFECT, until, use=use)}"


@asynccontextmanager
async def reading(
    browser: Browser, language: str = "en", *, script: bool = True
) -> AsyncIterator[Page]:
    """A phone's page in this language; what the browser complains of is a finding."""
    context = await browser.new_context(
        viewport={"width": _WIDTH_PX, "height": _HEIGHT_PX}, locale=language, java_script_enabled=script
    )  # fmt: skip
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if script:
        await page.add_init_script(f"({WATCH})()")
    yield page
    assert errors == []
    await context.close()


async def readable(page: Page) -> None:
    """No finding in the light or the dark, nothing beside the screen or cut off, no violation of the policy."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await accessible(page)
    assert await page.evaluate(_OUTSIDE) == []
    assert await page.evaluate("() => document.documentElement.scrollWidth") == _WIDTH_PX
    await lawful(page)


async def touchable(page: Page, controls: str) -> None:
    """Each of these controls is high enough for a finger."""
    for control in await page.locator(controls).all():
        box = await control.bounding_box()
        assert box is not None
        assert box["height"] >= _TOUCH_PX
