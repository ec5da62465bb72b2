"""The door behind patients' links: GET shows the page, POST takes one answer. ASGI, mounted by `compose`.

In this order: the word, whether it was used, the button, the store, and only then thanks (I1). No cookie, no script, no
session: whoever has the link may answer that one message once.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from carelane.connect.link.codec import ANSWERS, Press, kept
from carelane.connect.link.page import POLICY, asking, language_of, telling
from carelane.facts.answer_links import Ended, Seal, opened
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receive

Scope = MutableMapping[str, Any]
Source = Callable[[], Awaitable[MutableMapping[str, Any]]]
Sink = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WORD: Final = "a"
BODY_BYTES_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDoor:
    """One connection's door. `used` says whether a message has been answered by its link; `site` fills the page."""

    connection: str
    seal: Seal = field(repr=False)
    receive: Receive
    used: Callable[[UUID], Awaitable[bool]]
    now: Callable[[], datetime]
    site: Mapping[str, str]
    language: str = "en"

    async def __call__(self, scope: Scope, source: Source, sink: Sink) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        language = language_of(_header(scope, b"accept-language"), self.language)
        status, what = await self._told(scope, source)
        text = asking(language, self.site) if not what else telling(language, self.site, what)
        await _answer(sink, status, text, head=scope["method"] == "HEAD")

    async def _told(self, scope: Scope, source: Source) -> tuple[int, str]:
        """The status, and which sentence; none where the question itself is shown."""
        if scope["method"] not in {"GET", "HEAD", "POST"}:
            return 405, "sorry"
        found = opened(self.seal, _word(scope), self.now())
        if found is None:
            return 404, "ended"
        if isinstance(found, Ended):
            return 410, "ended"
        try:
            return await self._about(found, scope, source)
        except CarelaneError:  # nothing can be stored just now, so nothing is taken
            return 503, "sorry"

    async def _about(self, effect: UUID, scope: Scope, source: Source) -> tuple[int, str]:
        if await self.used(effect):
            return 200, "before"
        if scope["method"] != "POST":
            return 200, ""
        button = await _button(source)
        if button not in ANSWERS:
            return 400, ""
        receipt = await self.receive(self.connection, kept(Press(effect=effect, button=button)))
        return (200, "thanks") if receipt.outcome == "accepted" else (200, "before")


def _word(scope: Scope) -> str:
    asked = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
    words = asked.get(WORD, [])
    return words[0] if len(words) == 1 else ""


def _header(scope: Scope, name: bytes) -> str:
    given = [value for key, value in scope["headers"] if key.lower() == name]
    return bytes(given[0]).decode("latin-1") if given else ""


async def _button(source: Source) -> str:
    body = bytearray()
    while True:
        message = await source()
        if message["type"] == "http.disconnect":
            return ""
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return ""
        if not message.get("more_body", False):
            return (parse_qs(body.decode("latin-1")).get("button") or [""])[0]


async def _answer(sink: Sink, status: int, text: str, *, head: bool) -> None:
    body = text.encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", POLICY.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex"),
    ]
    await sink({"type": "http.response.start", "status": status, "headers": headers})
    await sink({"type": "http.response.body", "body": b"" if head else body})
