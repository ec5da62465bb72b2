"""The page that shows how far a case is, in a real browser: each language and ending, small, large, dark."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from carelane.connect.link.status_door import ENDED, OFTEN, WRONG, StatusDoor
from carelane.connect.link.status_page import Line, Told
from carelane.connect.link.status_words import STATUS_WORDS
from carelane.facts.answer_links import STATUS, made
from carelane.store.tokens import Tokens
from tests.browser.conftest import WATCH, launched, listening, together

pytestmark = pytest.mark.browser
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EFFECT = UUID("019caeda-d193-8a74-bfde-780a43fe1a46")
SEAL = Tokens(b"k" * 32).of
SITE = {"clinic": "Northgate Health and Rehabilitation Centre", "phone": "+1-555-010-0100"}
PHONE = {"width": 320, "height": 568}
TOUCH_PX = 44
TWICE = "--blink-settings=defaultFontSize=32"
"""What a reader sets who wants all text twice as large; a browser's own is 16."""
INSIDE = """() => [...document.querySelectorAll('main *')].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.left < 0 || box.right > innerWidth || one.scrollWidth > one.clientWidth + 1;
}).map((one) => one.tagName)"""
BORN = {"day": "9", "month": "4", "year": "1961"}


def told(language: str) -> Told:
    """A case with a few milestones."""
    return Told(
        language=language,
        now="Monday, November 23, 7:00 AM",
        due="Wednesday, November 25, 5:00 PM",
        lines=(
            Line(when="Monday, November 16", status="received"),
            Line(when="Tuesday, November 17", words="Your doctor has ordered an examination."),
            Line(when="Friday, November 20", status="booked"),
        ),
    )


@dataclass(kw_only=True)
class Served:
    """A door that is served, and what it answers next."""

    url: str = ""
    answer: Told | str = ENDED
    asked: list[date] = field(default_factory=list)

    async def look(self, _effect: UUID, born: date, _language: str) -> Told | str:
        """Look once."""
        self.asked.append(born)
        return self.answer

    def address(self, *, until: datetime = NOW + timedelta(days=1)) -> str:
        """A patient's link."""
        return f"{self.url}/status?a={made(SEAL, EFFECT, until, use=STATUS)}"


@together
async def served() -> AsyncIterator[Served]:
    kept = Served()
    async with listening(StatusDoor(seal=SEAL, look=kept.look, now=lambda: NOW, site=SITE)) as url:
        kept.url = url
        yield kept


async def clean(page: Page) -> None:
    """No finding of axe in the light or the dark, nothing beside the screen or cut off, no violation of the policy."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate(INSIDE) == []
    assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    assert await page.evaluate("() => window.violations") == []


async def enter(page: Page) -> None:
    """The birth date, as a reader finds the fields: by their labels."""
    words = STATUS_WORDS[await page.get_attribute("html", "lang") or ""]
    for name, value in BORN.items():
        await page.get_by_label(words.parts[name], exact=True).fill(value)
    await page.get_by_role("button", name=words.show).click()


@pytest.mark.parametrize(
    ("language", "text"), [*((each, "") for each in sorted(STATUS_WORDS)), ("fr", TWICE)]
)
async def test_every_page_can_be_read_on_a_phone(
    served: Served, language: str, text: str, tmp_path: Path
) -> None:
    """The question, a wrong date, how far it is, too often, ended: small, at twice the size, light and dark."""
    words = STATUS_WORDS[language]
    async with launched(*filter(None, [text])) as browser:
        context = await browser.new_context(viewport=PHONE, locale=language)  # type: ignore[arg-type]  # a size
        page = await context.new_page()
        await page.add_init_script(f"({WATCH})()")
        answer = await page.goto(served.address())
        assert answer is not None
        assert answer.status == 200
        await clean(page)
        for control in await page.locator("button, input").all():
            box = await control.bounding_box()
            assert box is not None
            assert box["height"] >= TOUCH_PX
        await page.screenshot(path=tmp_path / "asked.png", full_page=True)
        for why, sentence in ((WRONG, words.wrong), (OFTEN, words.often), (ENDED, words.ended)):
            served.answer = why
            await page.goto(served.address())
            await enter(page)
            said = await page.inner_text("[role=alert], [role=status]")
            assert sentence.partition("{")[0] in said
            await clean(page)
        served.answer = told(language)
        await page.goto(served.address())
        await enter(page)
        lines = await page.locator("li").all_inner_texts()
        assert [one.splitlines()[1] for one in lines] == [
            words.phrases["received"], "Your doctor has ordered an examination.", words.phrases["booked"]]  # fmt: skip
        assert await page.locator("h2").all_inner_texts() == [
            words.happened,
            words.comes,
            words.whom,
        ]
        await clean(page)
        await page.screenshot(path=tmp_path / "shown.png", full_page=True)
        await page.goto(served.address(until=NOW))
        assert words.ended.partition("{")[0] in await page.inner_text("[role=status]")
        await context.close()


async def test_it_is_read_by_keyboard_and_without_script(served: Served, browser: Browser) -> None:
    """Tab goes through month, day, year and the button; Enter in a field is enough; the date is in no address."""
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]  # a size
    page = await context.new_page()
    served.answer = told("en")
    await page.goto(served.address())
    for value in ("4", "9", "1961"):
        await page.keyboard.press("Tab")
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("ol")
    assert served.asked == [date(1961, 4, 9)]
    assert "1961" not in page.url
    assert await page.get_attribute("a[href^='tel:']", "href") == "tel:+15550100100"
    await context.close()
