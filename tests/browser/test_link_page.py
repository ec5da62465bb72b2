"""The page behind a patient's link in a real browser: each language and ending, small, large, dark, by keyboard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from carelane.connect.link.codec import heard
from carelane.connect.link.door import LinkDoor
from carelane.connect.link.page import WORDS
from carelane.facts.answer_links import made
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receipt
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


@dataclass(kw_only=True)
class Links:
    """A door that is served, and what it kept."""

    url: str = ""
    raws: list[bytes] = field(default_factory=list)
    down: bool = False
    problems: list[str] = field(default_factory=list)

    async def receive(self, _connection: str, raw: bytes) -> Receipt:
        """Keep it."""
        if self.down:
            raise CarelaneError("nothing can be stored")
        self.raws.append(raw)
        return Receipt(outcome="accepted", message=None)

    async def used(self, effect: UUID) -> bool:
        """Whether a press on this message's link was kept."""
        return any(press.effect == effect for raw in self.raws if (press := heard(raw)))

    def address(self, *, until: datetime = NOW + timedelta(days=1)) -> str:
        """A patient's link."""
        return f"{self.url}/a?a={made(SEAL, EFFECT, until)}"

    def pressed(self) -> list[str]:
        """The buttons of what was kept."""
        return [press.button for raw in self.raws if (press := heard(raw))]


@together
async def links() -> AsyncIterator[Links]:
    kept = Links()
    door = LinkDoor(
        connection="links", seal=SEAL, receive=kept.receive, used=kept.used, now=lambda: NOW, site=SITE
    )  # fmt: skip
    async with listening(door) as url:
        kept.url = url
        yield kept


@asynccontextmanager
async def reading(links: Links, browser: Browser, language: str = "en") -> AsyncIterator[Page]:
    """A phone's page in this language; what the browser complains of is a finding."""
    context = await browser.new_context(viewport=PHONE, locale=language)  # type: ignore[arg-type]  # a size
    page = await context.new_page()
    page.on("pageerror", lambda error: links.problems.append(f"error {error}"))
    await page.add_init_script(f"({WATCH})()")
    yield page
    await context.close()


async def clean(links: Links, page: Page) -> None:
    """No finding of axe in the light or the dark, nothing beside the screen or cut off, no violation of the policy."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate(INSIDE) == []
    assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    assert await page.evaluate("() => window.violations") == []
    assert links.problems == []


@pytest.mark.parametrize(
    ("language", "text"), [*((each, "") for each in sorted(WORDS)), ("fr", TWICE)]
)
async def test_every_sentence_can_be_read_on_a_phone(
    links: Links, language: str, text: str
) -> None:
    """The question, thanks, said before, ended, and sorry: small, at twice the size, light and dark."""
    words = WORDS[language]
    async with (
        launched(*filter(None, [text])) as browser,
        reading(links, browser, language) as page,
    ):
        answer = await page.goto(links.address())
        assert answer is not None
        assert answer.status == 200
        assert await page.get_attribute("html", "lang") == language
        if text:
            assert await page.evaluate("() => getComputedStyle(document.body).fontSize") == "36px"
        await clean(links, page)
        for button in await page.locator("button").all():
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= TOUCH_PX
        links.down = True
        await page.get_by_role("button", name=words.buttons["confirm"]).click()
        assert words.sorry.partition("{")[0] in await page.inner_text("[role=status]")
        await clean(links, page)
        links.down = False
        await page.goto(links.address())
        await page.get_by_role("button", name=words.buttons["confirm"]).click()
        assert await page.inner_text("[role=status]") == words.thanks
        await clean(links, page)
        await page.goto(links.address())
        assert words.before.partition("{")[0] in await page.inner_text("[role=status]")
        await clean(links, page)
        await page.goto(links.address(until=NOW - timedelta(seconds=1)))
        assert words.ended.partition("{")[0] in await page.inner_text("[role=status]")
        await clean(links, page)
    assert links.pressed() == ["confirm"]


@pytest.mark.requirement("R21")
async def test_it_is_answered_by_keyboard_and_without_script(
    links: Links, browser: Browser
) -> None:
    """Tab goes through the buttons in their order, the one that has the focus is seen to have it, Enter answers."""
    context = await browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]  # a size
    page = await context.new_page()
    await page.goto(links.address())
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    focused = page.locator("button:focus-visible")
    assert await focused.get_attribute("value") == "change"
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[role=status]")
    assert await page.inner_text("[role=status]") == WORDS["en"].thanks
    assert links.pressed() == ["change"]
    await context.close()


async def test_looking_answers_nothing_and_a_phone_number_can_be_called(
    links: Links, browser: Browser
) -> None:
    """Whoever opens links by itself, a mail filter or a preview, answers nothing for the patient."""
    async with reading(links, browser) as page:
        await page.goto(links.address())
        await page.reload()
        assert links.raws == []
        assert await page.get_attribute("a[href^='tel:']", "href") == "tel:+15550100100"
