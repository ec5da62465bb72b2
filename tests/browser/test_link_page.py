"""The page behind a patient's link in a real browser: each language and ending, small, large, dark, by keyboard."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser

from carelane.connect.link.codec import heard
from carelane.connect.link.door import LinkDoor
from carelane.connect.link.page import WORDS
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receipt
from tests.browser.conftest import launched, listening, together
from tests.browser.phone import NOW, SEAL, SITE, TWICE, query, readable, reading, touchable

pytestmark = pytest.mark.browser


@dataclass(kw_only=True)
class Links:
    """A door that is served, and what it kept."""

    url: str = ""
    raws: list[bytes] = field(default_factory=list)
    down: bool = False

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
        return f"{self.url}/a?{query(until=until)}"

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
        reading(browser, language) as page,
    ):
        answer = await page.goto(links.address())
        assert answer is not None
        assert answer.status == 200
        assert await page.get_attribute("html", "lang") == language
        if text:
            assert await page.evaluate("() => getComputedStyle(document.body).fontSize") == "36px"
        await readable(page)
        await touchable(page, "button")
        links.down = True
        await page.get_by_role("button", name=words.buttons["confirm"]).click()
        assert words.sorry.partition("{")[0] in await page.inner_text("[role=status]")
        await readable(page)
        links.down = False
        await page.goto(links.address())
        await page.get_by_role("button", name=words.buttons["confirm"]).click()
        assert await page.inner_text("[role=status]") == words.thanks
        await readable(page)
        await page.goto(links.address())
        assert words.before.partition("{")[0] in await page.inner_text("[role=status]")
        await readable(page)
        await page.goto(links.address(until=NOW - timedelta(seconds=1)))
        assert words.ended.partition("{")[0] in await page.inner_text("[role=status]")
        await readable(page)
    assert links.pressed() == ["confirm"]


@pytest.mark.requirement("R21")
async def test_it_is_answered_by_keyboard_and_without_script(
    links: Links, browser: Browser
) -> None:
    """Tab goes through the buttons in their order, the one that has the focus is seen to have it, Enter answers."""
    async with reading(browser, script=False) as page:
        await page.goto(links.address())
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        focused = page.locator("button:focus-visible")
        assert await focused.get_attribute("value") == "change"
        await page.keyboard.press("Enter")
        await page.wait_for_selector("[role=status]")
        assert await page.inner_text("[role=status]") == WORDS["en"].thanks
        assert links.pressed() == ["change"]


async def test_looking_answers_nothing_and_a_phone_number_can_be_called(
    links: Links, browser: Browser
) -> None:
    """Whoever opens links by itself, a mail filter or a preview, answers nothing for the patient."""
    async with reading(browser) as page:
        await page.goto(links.address())
        await page.reload()
        assert links.raws == []
        assert await page.get_attribute("a[href^='tel:']", "href") == "tel:+15550100100"
