"""The page behind a patient's link: words for everyone, no script, and at most one answer."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from carelane.connect.link.codec import envelope, heard
from carelane.connect.link.door import LinkDoor
from carelane.connect.link.mapping import read
from carelane.connect.link.page import WORDS, language_of
from carelane.facts.answer_links import made
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receipt
from carelane.store.tokens import Tokens

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EFFECT = UUID("019caeda-d193-8a74-bfde-780a43fe1a46")
SEAL = Tokens(b"k" * 32).of


class Kept:
    """What a door keeps; `down` for a store that can't."""

    def __init__(self, *, down: bool = False) -> None:
        self.raws: list[bytes] = []
        self._down = down

    async def receive(self, _connection: str, raw: bytes) -> Receipt:
        """Keep it."""
        if self._down:
            raise CarelaneError("nothing can be stored")
        self.raws.append(raw)
        return Receipt(outcome="accepted", message=None)

    async def used(self, effect: UUID) -> bool:
        """Whether a press on this message's link was kept."""
        return any(press.effect == effect for raw in self.raws if (press := heard(raw)))


async def knock(
    kept: Kept, method: str, query: str, body: bytes = b""
) -> tuple[int, str, dict[str, str]]:
    """One request at the door."""
    door = LinkDoor(connection="links", seal=SEAL, receive=kept.receive, used=kept.used, now=lambda: NOW,
                    site={"clinic": "North & Sons", "phone": "+1-555"})  # fmt: skip
    told: list[Any] = []

    async def source() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def sink(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": method, "query_string": query.encode(), "headers": []}
    await door(scope, source, sink)
    headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return told[0]["status"], told[1]["body"].decode(), headers


def word(days: int = 1) -> str:
    """A link's query."""
    return f"a={made(SEAL, EFFECT, NOW + timedelta(days=days))}"


async def test_looking_shows_three_buttons_and_keeps_nothing() -> None:
    """One heading, a language, a viewport, labelled buttons; no script, no picture, nothing about a patient."""
    kept = Kept()
    status, page, headers = await knock(kept, "GET", word())

    assert (status, kept.raws) == (200, [])
    assert page.count("<h1") == 1
    assert '<html lang="en">' in page
    assert "North &amp; Sons" in page
    assert re.findall(r'name="button" value="([a-z]+)"', page) == ["confirm", "change", "cancel"]
    assert "<script" not in page
    assert "script-src" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


async def test_one_answer_is_taken_and_it_reads_as_a_reply() -> None:
    """The second press, whatever it says, is told so and kept nowhere."""
    kept = Kept()
    assert (await knock(kept, "POST", word(), b"button=cancel"))[0] == 200  # OK
    _, page, _ = await knock(kept, "POST", word(), b"button=confirm")

    assert "answered already" in page
    [raw] = kept.raws
    [draft] = read(raw, received_at=NOW)[0].drafts
    assert draft.type == "message.replied"
    assert draft.keys == {"effect": str(EFFECT)}
    assert draft.payload.reveal()["communication"]["answer"] == "cancel"  # type: ignore[index,call-overload]  # JSON
    assert envelope(raw).control_id == str(EFFECT)


@pytest.mark.parametrize(
    ("method", "query", "body", "status"),
    [
        ("GET", "a=nonsense", b"", 404),
        ("GET", "", b"", 404),
        ("GET", word(days=0), b"", 410),
        ("GET", f"{word()}&{word()}", b"", 404),
        ("POST", word(), b"button=burn", 400),
        ("POST", word(), b"x" * 5000, 400),
        ("DELETE", word(), b"", 405),
    ],
)
async def test_what_is_no_answer_keeps_nothing(
    method: str, query: str, body: bytes, status: int
) -> None:
    """Each says what to do in words."""
    kept = Kept()
    told, page, _ = await knock(kept, method, query, body)

    assert (told, kept.raws) == (status, [])
    assert "+1-555" in page


async def test_where_nothing_can_be_kept_nothing_is_thanked_for() -> None:
    """The patient is asked to try again or call."""
    status, page, _ = await knock(Kept(down=True), "POST", word(), b"button=confirm")

    assert status == 503  # Service Unavailable
    assert "try again" in page


def test_bytes_that_are_no_press_are_rejected() -> None:
    """They never come from our page."""
    assert read(b'{"effect": 1}', received_at=NOW)[0].outcome == "rejected"
    assert envelope(b"").problems


def test_every_language_says_everything() -> None:
    """And whoever asks for another is answered in the site's."""
    assert all(set(one.buttons) == {"confirm", "change", "cancel"} for one in WORDS.values())
    assert language_of("fr-CA,fr;q=0.9", "en") == "fr"
    assert language_of("de", "es") == "es"
    assert language_of("", "xx") == "en"
