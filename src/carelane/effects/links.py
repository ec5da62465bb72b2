"""The links that a message to a patient carries: to answer it, and to see how far its case is.

Nothing is kept of a link: the word says which message it came with, and `facts.answer_links` checks our seal on it. The
pages are of connections of kind `link`; where the site names no address for one, its blank is filled with the portal's.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from carelane.effects.known import WEEK
from carelane.effects.wording import starts_at
from carelane.engine.runtime import Runtime
from carelane.facts.answer_links import ANSWER, STATUS, made
from carelane.facts.fact import Payload

STATUS_FOR: Final = timedelta(days=30)
"""How long a milestone's link opens. The next milestone brings a link of its own."""


def links_of(runtime: Runtime, effect: UUID, content: Payload) -> Mapping[str, str]:
    """By blank, the links of one message that is about to leave."""
    return dict(_links(runtime, effect, content))


def _links(runtime: Runtime, effect: UUID, content: Payload) -> Iterator[tuple[str, str]]:
    rules, now = runtime.directory.messages, runtime.now()
    if rules.answers:
        until = starts_at(content) or now + WEEK
        yield "answer", _link(runtime, rules.answers, effect, until, use=ANSWER)
    if rules.status:
        yield "status", _link(runtime, rules.status, effect, now + STATUS_FOR, use=STATUS)


def _link(runtime: Runtime, page: str, effect: UUID, until: datetime, *, use: str) -> str:
    word = made(runtime.vault.tokens.of, effect, until, use=use)
    return f"{page}?{urlencode({'a': word})}"
