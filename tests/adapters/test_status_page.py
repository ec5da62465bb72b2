"""The door behind a milestone's link: nothing before the birth date, nothing of a patient in an address, no script."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from carelane.connect.link.page import WORDS
from carelane.connect.link.status_door import ENDED, OFTEN, WRONG, StatusDoor, born_on
from carelane.connect.link.status_page import Line, Told, showing
from carelane.connect.link.status_words import STATUS_WORDS
from carelane.facts.answer_links import ANSWER, STATUS, made
from carelane.facts.errors import CarelaneError
from carelane.store.tokens import Tokens

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EFFECT = UUID("019caeda-d193-8a74-bfde-780a43fe1a46")
SEAL = Tokens(b"k" * 32).of
SITE = {"clinic": "North & Sons", "phone": "+1-555"}
TOLD = Told(
    language="en",
    now="Monday, 9:00 AM",
    due="Friday, 5:00 PM",
    lines=(Line(when="Monday", status="received"),),
)
BODY = b"day=9&month=4&year=1961"


@dataclass(kw_only=True)
class Looked:
    """What stands behind a door: an answer for whoever looks; `down` where nothing can be read."""

    answer: Told | str = TOLD
    down: bool = False
    asked: list[tuple[UUID, date, str]] = field(default_factory=list)

    async def look(self, effect: UUID, born: date, language: str) -> Told | str:
        """Look once."""
        self.asked.append((effect, born, language))
        if self.down:
            raise CarelaneError("nothing can be read")
        return self.answer


async def knock(
    looked: Looked | None, method: str, query: str, body: bytes = b"", *, language: bytes = b""
) -> tuple[int, str, dict[str, str]]:
    """One request at the door; the body comes in pieces."""
    door = StatusDoor(seal=SEAL, look=looked.look if looked else None, now=lambda: NOW, site=SITE)
    told: list[Any] = []
    pieces = [body[:7], body[7:]]

    async def source() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def sink(message: Any) -> None:
        told.append(message)

    headers = [(b"accept-language", language)] if language else []
    scope = {"type": "http", "method": method, "query_string": query.encode(), "headers": headers}
    await door(scope, source, sink)
    named = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], told[1]["body"].decode(), named


def word(days: int = 1, use: str = STATUS) -> str:
    """A link's query."""
    return f"a={made(SEAL, EFFECT, NOW + timedelta(days=days), use=use)}"


async def test_opening_asks_for_the_birth_date_and_looks_at_nothing() -> None:
    """Three labelled fields in the order of the language, one button, and no script."""
    looked = Looked()
    status, page, headers = await knock(looked, "GET", word(), language=b"es")

    assert (status, looked.asked) == (200, [])
    assert '<html lang="es">' in page
    assert page.count("<h1") == 1
    assert re.findall(r'<label for="(\w+)">[^<]+<input id="\w+" name="(\w+)"', page) == [
        ("day", "day"), ("month", "month"), ("year", "year")]  # fmt: skip
    assert "<script" not in page
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"
    assert len((await knock(looked, "HEAD", word()))[1]) == 0


async def test_the_birth_date_shows_how_far_it_is_as_often_as_it_is_said() -> None:
    """A look changes nothing, so a link that is used again is answered again, with what holds then."""
    looked = Looked()
    for _ in range(2):
        status, page, _ = await knock(looked, "POST", word(), BODY)
        assert status == 200  # OK
        assert "We have received your request." in page
    assert looked.asked == [(EFFECT, date(1961, 4, 9), "en")] * 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("a=nonsense", 404),
        ("", 404),
        (f"{word()}&{word()}", 404),
        (word(use=ANSWER), 404),
        (word(days=0), 410),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_no_link_of_now_reaches_no_store(
    method: str, query: str, status: int
) -> None:
    """However often it is guessed: a seal of 96 bits is judged without asking anybody."""
    looked = Looked(down=True)
    told, page, _ = await knock(looked, method, query, BODY)
    assert (told, looked.asked) == (status, [])
    assert "This link has ended" in page
    assert "+1-555" in page


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (WRONG, 403, "That is not the date we have"),
        (OFTEN, 429, "Too many dates were tried"),
        (ENDED, 410, "This link has ended"),
    ],
)
async def test_why_nothing_is_shown_is_said_in_words(answer: str, status: int, words: str) -> None:
    """Only who may try again sees the form again."""
    told, page, _ = await knock(Looked(answer=answer), "POST", word(), BODY)
    assert told == status
    assert words in page
    assert ("<form" in page) is (answer == WRONG)


@pytest.mark.parametrize(
    "body",
    [b"", b"day=31&month=2&year=1961", b"day=9&month=4", b"day=x&month=4&year=1961", b"x" * 5000],
)
async def test_what_is_no_date_is_asked_again_and_is_no_guess(body: bytes) -> None:
    """A slip of the finger does not count."""
    looked = Looked()
    status, page, _ = await knock(looked, "POST", word(), body)
    assert (status, looked.asked) == (400, [])
    assert 'role="alert"' in page


@pytest.mark.parametrize("looked", [Looked(down=True), None])
async def test_where_nothing_can_be_read_the_page_says_so(looked: Looked | None) -> None:
    """The database is away, or nobody may look because the policies are broken."""
    status, page, _ = await knock(looked, "POST", word(), BODY)
    assert status == 503  # Service Unavailable
    assert "try again" in page
    assert (await knock(looked, "DELETE", word()))[0] == 405


def test_words_win_and_phrases_stand_for_codes() -> None:
    """A phrase that repeats the one before says nothing new; what is said is text and never markup."""
    lines = (
        Line(when="Monday", status="received"),
        Line(when="Tuesday", status="needs-lab"),
        Line(when="Wednesday", status="pended"),
        Line(when="Thursday", words="Your <b>visit</b> & more.", status="booked"),
    )
    page = showing(SITE, Told(language="en", now="now", lines=lines, due="Friday", late=True))
    assert re.findall(r"<li><time>(\w+)</time>([^<]+)", page) == [
        ("Monday", "We have received your request."),
        ("Tuesday", "Your request moved one step on."),
        ("Thursday", "Your &lt;b&gt;visit&lt;/b&gt; &amp; more."),
    ]
    assert "was to look at it by Friday, and is late" in page


def test_what_ended_promises_nothing_more_and_what_began_may_have_nothing_to_tell() -> None:
    ended = showing(SITE, Told(language="en", now="now", over="Friday", due="Monday"))
    assert "This ended on Friday." in ended
    assert "Monday" not in ended
    assert "Nothing to tell yet." in ended


def test_a_date_is_one_however_it_is_written() -> None:
    assert born_on({"day": " 09", "month": "4 ", "year": "1961"}) == date(1961, 4, 9)
    assert born_on({"day": "9", "month": "4", "year": "99999"}) is None
    assert born_on({"day": "٩", "month": "4", "year": "1961"}) is None


def test_both_pages_speak_the_same_languages() -> None:
    assert STATUS_WORDS.keys() == WORDS.keys()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_nobody_may_look_nobody_is_asked_for_a_birth_date(method: str) -> None:
    status, page, _ = await knock(None, method, word(), b"day=1&month=2&year=1980")
    assert status == 503
    assert 'name="year"' not in page
