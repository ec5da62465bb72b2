"""The door behind patients' links: GET shows the page, POST takes one answer. ASGI, mounted by `compose`.

In this order: the word, whether it was used, the button, the store, and only then thanks (I1). No cookie, no script, no
session: whoever has the link may answer that one message once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from carelane.connect.link.codec import ANSWERS, Press, kept
from carelane.connect.link.page import POLICY, asking, language_of, telling
from carelane.connect.link.wire import (
    Scope,
    Sink,
    Source,
    Turned,
    answer,
    entered,
    form_of,
    header_of,
)
from carelane.facts.answer_links import ANSWER, Seal
from carelane.facts.errors import CarelaneError
from carelane.facts.ports import Receive


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
        language = language_of(header_of(scope, b"accept-language"), self.language)
        status, what = await self._told(scope, source)
        text = asking(language, self.site) if not what else telling(language, self.site, what)
        await answer(sink, status, text, policy=POLICY, head=scope["method"] == "HEAD")

    async def _told(self, scope: Scope, source: Source) -> tuple[int, str]:
        """The status, and which sentence; none where the question itself is shown."""
        found = entered(scope, self.seal, self.now(), use=ANSWER)
        if isinstance(found, Turned):
            return found.status, found.what
        try:
            return await self._about(found, scope, source)
        except CarelaneError:  # nothing can be stored just now, so nothing is taken
            return 503, "sorry"

    async def _about(self, effect: UUID, scope: Scope, source: Source) -> tuple[int, str]:
        if await self.used(effect):
            return 200, "before"
        if scope["method"] != "POST":
            return 200, ""
        button = (await form_of(source)).get("button", "")
        if button not in ANSWERS:
            return 400, ""
        receipt = await self.receive(self.connection, kept(Press(effect=effect, button=button)))
        return (200, "thanks") if receipt.outcome == "accepted" else (200, "before")
