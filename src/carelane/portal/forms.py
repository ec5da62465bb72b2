"""Reading forms: the token first, then fields as text; the values of a task's form by the type it declares."""

import contextlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar.exceptions import PermissionDeniedException

from carelane.facts.fact import Json
from carelane.pathways.definition import TaskKind
from carelane.pathways.literals import instant_of
from carelane.portal.desk import Asked, session_of

FIELD = "f-"  # prefix of a task's own form fields
NUMBER_MAX = 2**31 - 1  # PostgreSQL's integer


@dataclass(frozen=True, slots=True)
class Form:
    """The fields that were sent, never printed."""

    values: Mapping[str, str] = field(repr=False)

    def text(self, name: str, default: str = "") -> str:
        """One field, trimmed; never cut (`legible` and the services refuse what is too long)."""
        return self.values.get(name, default).strip()

    def number(self, name: str, default: int = 0) -> int:
        """One field as a whole number; the default where it is none, or none that a row can hold."""
        try:
            found = int(self.text(name))
        except ValueError:
            return default
        return found if abs(found) <= NUMBER_MAX else default

    def id(self, name: str) -> UUID | None:
        """One field as one of our ids."""
        try:
            return UUID(self.text(name))
        except ValueError:
            return None

    def of_task(self, kind: TaskKind, zone: ZoneInfo) -> dict[str, Json]:
        """The task's own fields that were filled in; a box is true or absent, a time is by the site's clock."""
        given = {each.name: (each.type, self.text(FIELD + each.name)) for each in kind.form}
        return {name: _typed(type_, text, zone) for name, (type_, text) in given.items() if text}


def _typed(type_: str, text: str, zone: ZoneInfo) -> Json:
    if type_ == "boolean":
        return True
    if type_ == "instant":
        with contextlib.suppress(
            ValueError
        ):  # what is no time is refused by name, as it was written
            at = datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=zone)).isoformat()
    return text


def clock_of(value: Json, zone: ZoneInfo) -> str:
    """A stored instant as a browser's field for a time wants it: on that wall clock, without an offset."""
    at = instant_of(str(value)) if value else None
    try:
        return at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes") if at else ""
    except OverflowError:  # the last hours of the year 9999, by a clock that is ahead
        return ""


async def form_of(request: Asked) -> Form:
    """The form of a signed-in person.

    Raises:
        PermissionDeniedException: it does not carry the session's token.
    """
    token = session_of(request).form_token
    form = await open_form(request)
    if not hmac.compare_digest(form.text("token").encode(), token.encode()):
        raise PermissionDeniedException(
            "The form is out of date. Open the page again and repeat it there."
        )
    return form


async def open_form(request: Asked) -> Form:
    """A form from anybody: the sign-in's."""
    data = await request.form()
    return Form({name: str(value) for name, value in data.items()})
