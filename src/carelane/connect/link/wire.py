"""What the doors behind patients' links share: which link is taken, a short form, an answer nobody keeps. ASGI."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from carelane.facts.answer_links import Ended, Seal, opened

Scope = MutableMapping[str, Any]
Source = Callable[[], Awaitable[MutableMapping[str, Any]]]
Sink = Callable[[MutableMapping[str, Any]], Awaitable[None]]
WORD: Final = "a"
BODY_BYTES_MAX: Final = 4096
_METHODS: Final = frozenset({"GET", "HEAD", "POST"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A request that gets no further: the HTTP status, and the name of the sentence that the page says."""

    status: int
    what: str


def entered(scope: Scope, seal: Seal, now: datetime, *, use: str) -> UUID | Turned:
    """Which message the link of a request is about, for this use."""
    if scope["method"] not in _METHODS:
        return Turned(status=405, what="sorry")
    found = opened(seal, word_of(scope), now, use=use)
    if found is None:
        return Turned(status=404, what="ended")
    if isinstance(found, Ended):
        return Turned(status=410, what="ended")
    return found


def word_of(scope: Scope) -> str:
    """The word of the link; empty where there is none, or more than one."""
    asked = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
    words = asked.get(WORD, [])
    return words[0] if len(words) == 1 else ""


def header_of(scope: Scope, name: bytes) -> str:
    """A header's first value."""
    given = [value for key, value in scope["headers"] if key.lower() == name]
    return bytes(given[0]).decode("latin-1") if given else ""


async def form_of(source: Source) -> Mapping[str, str]:
    """The fields of a posted form, each once; none of a body that is cut off or too long."""
    body = bytearray()
    while True:
        message = await source()
        if message["type"] == "http.disconnect":
            return {}
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return {}
        if not message.get("more_body", False):
            found = parse_qs(body.decode("latin-1"))
            return {name: values[0] for name, values in found.items()}


async def answer(sink: Sink, status: int, text: str, *, policy: str, head: bool) -> None:
    """A page that is kept by nobody, found by no search, and tells no other site where the reader was."""
    body = text.encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex"),
    ]
    await sink({"type": "http.response.start", "status": status, "headers": headers})
    await sink({"type": "http.response.body", "body": b"" if head else body})
