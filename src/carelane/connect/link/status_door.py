"""The door behind a milestone's link: GET asks for the birth date, POST shows how far the case is. ASGI.

In this order: the word, the form, and only then the store. It takes no answer and changes nothing, so a link may be
opened again until it ends, and shows what holds then. No cookie, no script, no session, nothing in the address but the
word; the birth date comes in the body.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from carelane.connect.link.page import language_of
from carelane.connect.link.status_page import SAYING, STATUS_POLICY, Told, checking, saying, showing
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
from carelane.facts.answer_links import STATUS, Seal
from carelane.facts.errors import CarelaneError

ENDED, OFTEN, WRONG = "ended", "often", "wrong"
"""Why nothing is shown: there is nothing any more, too many dates were tried, or this one is not the patient's."""
_STATUSES: Final[Mapping[str, int]] = {ENDED: 410, OFTEN: 429, WRONG: 403}
Look = Callable[[UUID, date, str], Awaitable[Told | str]]
"""By the message, a birth date and a language: what its case shows, or why nothing is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDoor:
    """One connection's door. `look` is None where nothing may be looked at."""

    seal: Seal = field(repr=False)
    look: Look | None
    now: Callable[[], datetime]
    site: Mapping[str, str]
    language: str = "en"

    async def __call__(self, scope: Scope, source: Source, sink: Sink) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        language = language_of(header_of(scope, b"accept-language"), self.language)
        status, text = await self._told(scope, source, language)
        await answer(sink, status, text, policy=STATUS_POLICY, head=scope["method"] == "HEAD")

    async def _told(self, scope: Scope, source: Source, language: str) -> tuple[int, str]:
        found = entered(scope, self.seal, self.now(), use=STATUS)
        if isinstance(found, Turned):
            return found.status, saying(language, self.site, found.what)
        if self.look is None:
            return 503, saying(language, self.site, "sorry")
        if scope["method"] != "POST":
            return 200, checking(language, self.site)
        born = born_on(await form_of(source))
        if born is None:
            return 400, checking(language, self.site, wrong=True)
        return await self._looked(self.look, found, born, language)

    async def _looked(self, look: Look, effect: UUID, born: date, language: str) -> tuple[int, str]:
        try:
            told = await look(effect, born, language)
        except CarelaneError:  # nothing can be read just now, or the look not be written down
            told = "sorry"
        if isinstance(told, Told):
            return 200, showing(self.site, told)
        status = _STATUSES.get(told, 503)
        if told in SAYING:
            return status, saying(language, self.site, told)
        return status, checking(language, self.site, wrong=True)


def born_on(form: Mapping[str, str]) -> date | None:
    """The date of a form's three fields; None where it is none: such a try is not counted."""
    said = [form.get(name, "").strip() for name in ("year", "month", "day")]
    if not all(each.isascii() and each.isdigit() for each in said):
        return None
    try:
        return date(*map(int, said))
    except (ValueError, OverflowError):
        return None
