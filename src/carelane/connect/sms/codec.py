"""What passes between us and a gateway, whatever its dialect: calls, answers, callbacks. Pure.

Patient data (number, text) is never in a repr.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Protocol, TypeAlias
from uuid import UUID

from carelane.facts.ports import Sent, Verdict

RETRY_AFTER_MAX: Final = timedelta(hours=24)
BAD_NUMBER: Final = "bad-number"
FORMAT: Final = "SMS"
_E164 = re.compile(r"^\+[1-9]\d{6,14}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a gateway knows us by. `callback` is the address of our door, as the gateway calls it."""

    name: str
    secret: str = field(repr=False)
    sender: str
    callback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """One text to one number (E.164); `effect` is the id that comes back in receipts."""

    effect: UUID
    to: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An HTTP request, its address below the gateway's base."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A gateway's answer; header names are lower-case. `whole` is false when the body broke off or was too large."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """No answer. `sent` is false only when certainly nothing reached the gateway."""

    cause: str
    sent: bool

    def as_sent(self) -> Sent:
        """The verdict of a request without an answer."""
        return Sent(verdict=Verdict.UNKNOWN if self.sent else Verdict.RETRY, cause=self.cause)


Reply: TypeAlias = Answer | Lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request that came to our door: the address as the gateway called it, headers in lower case, and the body."""

    url: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a callback says: a receipt (`status` is `delivered`, `failed` or empty for on its way) or a patient's text.

    `control` is the gateway's number of this very callback. `keyword` is what the gateway itself took the text for:
    `stop`, `start`, `help`. `cause` is a stable code of a failed delivery.
    """

    control: str
    trigger: str
    effect: UUID | None = None
    reference: str = ""
    status: str = ""
    cause: str = ""
    number: str = field(default="", repr=False)
    text: str | None = field(default=None, repr=False)
    keyword: str = ""
    at: datetime | None = None


class Dialect(Protocol):
    """One gateway's way to say it. Nothing here raises for what a gateway does."""

    name: str

    def call(self, message: TextMessage, account: Account) -> Call:
        """The request that sends a text."""

    def judge(self, answer: Answer) -> Sent:
        """What an answer means."""

    def authentic(self, callback: Callback, secret: str, *, now: datetime) -> bool:
        """Whether a callback was signed with our secret."""

    def stored(self, callback: Callback) -> bytes:
        """The bytes to keep of a callback: all that `hear` needs, and as they came."""

    def hear(self, raw: bytes) -> Heard | None:
        """What kept bytes say, or None where they can't be read."""


def number_of(text: str) -> str:
    """A number as a gateway writes it, with or without `+`, as E.164; empty where it is none."""
    plus = "+" + "".join(sign for sign in text if sign in "0123456789")
    return plus if _E164.match(plus) else ""


def effect_of(text: object) -> UUID | None:
    """Our effect's id, where a gateway gave it back."""
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def by_status(status: int) -> Verdict:
    """What a status alone says. After a server error nobody knows whether the text went out."""
    if status in {401, 403, 404, 408, 425, 429, 503}:
        return Verdict.RETRY
    return Verdict.UNKNOWN if status >= 500 or status < 400 else Verdict.REFUSED  # noqa: PLR2004  # RFC 9110, 15


def retry_after(value: str | None, *, now: datetime) -> datetime | None:
    """When a Retry-After header lets us try again (seconds or an HTTP date), at most a day ahead."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), RETRY_AFTER_MAX)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at, now), now + RETRY_AFTER_MAX)
