"""The word in a patient's link: which message of ours it came with, until when, and our seal over both. Pure.

It names neither a patient nor a visit, so that it may stand in an address; what it says is checked by the
organisation's keyed hash. Each use has a seal of its own: by ANSWER that one message is answered, once; by STATUS
the case that the message was about is looked at. A word for the one opens nothing of the other.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from carelane.facts.ids import from_bytes

Seal = Callable[[str, str, str], str]
"""A keyed hash in hex of a domain and two parts (`store.tokens.Tokens.of`)."""
ANSWER: Final = "answer-link"
STATUS: Final = "status-link"
_ID, _TIME, _SEAL = 16, 4, 12
_BYTES: Final = _ID + _TIME + _SEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The link was ours; its time is over."""

    effect: UUID


def made(seal: Seal, effect: UUID, until: datetime, *, use: str = ANSWER) -> str:
    """The word for a message's link: 43 letters."""
    seconds = int(until.timestamp())
    raw = effect.bytes + seconds.to_bytes(_TIME, "big") + _sealed(seal, use, effect, seconds)
    return urlsafe_b64encode(raw).decode().rstrip("=")


def opened(seal: Seal, word: str, now: datetime, *, use: str = ANSWER) -> UUID | Ended | None:
    """Which message a word is about; None where it is not ours, or for another use. Never raises."""
    try:
        raw = urlsafe_b64decode(f"{word}=")
    except (Error, ValueError):
        return None
    if len(raw) != _BYTES or made_of(raw) != word:
        return None
    effect = from_bytes(raw[:_ID])
    seconds = int.from_bytes(raw[_ID : _ID + _TIME], "big")
    if not hmac.compare_digest(raw[_ID + _TIME :], _sealed(seal, use, effect, seconds)):
        return None
    return effect if now < datetime.fromtimestamp(seconds, UTC) else Ended(effect=effect)


def made_of(raw: bytes) -> str:
    """The one way to write these bytes: another spelling of a word is no word."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _sealed(seal: Seal, use: str, effect: UUID, seconds: int) -> bytes:
    return bytes.fromhex(seal(use, str(effect), str(seconds)))[:_SEAL]
