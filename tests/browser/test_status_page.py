"""The page that shows how far a case is, in a real browser: each language and ending, small, large, dark."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page

from carelane.connect.link.status_door import ENDED, OFTEN, WRONG, StatusDoor
from carelane.connect.link.status_page import Line, Told
from carelane.connect.link.status_words import STATUS_WORDS
from carelane.facts.answer_links import STATUS
from tests.browser.conftest import launched, listening, together
from tests.browser.phone import NOW, SEAL, SITE, TWICE, query, readable, reading, touchable

pytestmark = pytest.mark.browser
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
        return f"{self.url}/status?{query(use=STATUS, until=until)}"


@together
async def served() -> AsyncIterator[Served]:
    kept = Served()
    async with listening(StatusDoor(seal=SEAL, look=kept.look, now=lambda: NOW, site=SITE)) as url:
        kept.url = url
        yield kept


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
    async with (
        launched(*filter(None, [text])) as browser,
        reading(browser, language) as page,
    ):
        answer = await page.goto(served.address())
        assert answer is not None
        assert answer.status == 200
        await readable(page)
        await touchable(page, "button, input")
        await page.screenshot(path=tmp_path / "asked.png", full_page=True)
        for why, sentence in ((WRONG, words.wrong), (OFTEN, words.often), (ENDED, words.ended)):
            served.answer = why
            await page.goto(served.address())
            await enter(page)
            said = await page.inner_text("[role=alert], [role=status]")
            assert sentence.partition("{")[0] in said
            await readable(page)
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
        await readable(page)
        await page.screenshot(path=tmp_path / "shown.png", full_page=True)
        await page.goto(served.address(until=NOW))
        assert words.ended.partition("{")[0] in await page.inner_text("[role=status]")


async def test_it_is_read_by_keyboard_and_without_script(served: Served, browser: Browser) -> None:
    """Tab goes through month, day, year and the button; Enter in a field is enough; the date is in no address."""
    served.answer = told("en")
    async with reading(browser, script=False) as page:
        await page.goto(served.address())
        for value in ("4", "9", "1961"):
            await page.keyboard.press("Tab")
            await page.keyboard.type(value)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("ol")
        assert served.asked == [date(1961, 4, 9)]
        assert "1961" not in page.url
        assert await page.get_attribute("a[href^='tel:']", "href") == "tel:+15550100100"
