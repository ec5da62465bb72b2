"""The word in a link by which a patient answers one message: which message, until when, and our seal over both. Pure.

It names neither a patient nor a visit, so that it may stand in an address. Whoever has it may answer that one message,
once, until it ends; what it says is checked by the organisation's keyed hash.
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
DOMAIN: Final = "answer-link"
_ID, _TIME, _SEAL = 16, 4, 12
_BYTES: Final = _ID + _TIME + _SEAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The link was ours; its time is over."""

    effect: UUID


def made(seal: Seal, effect: UUID, until: datetime) -> str:
    """The word for a message's link: 43 letters."""
    seconds = int(until.timestamp())
    raw = effect.bytes + seconds.to_bytes(_TIME, "big") + _sealed(seal, effect, seconds)
    return urlsafe_b64encode(raw).decode().rstrip("=")


def opened(seal: Seal, word: str, now: datetime) -> UUID | Ended | None:
    """Which message a word is about; None where it is not ours. Never raises."""
    try:
        raw = urlsafe_b64decode(f"{word}=")
    except (Error, ValueError):
        return None
    if len(raw) != _BYTES or made_of(raw) != word:
        return None
    effect = from_bytes(raw[:_ID])
    seconds = int.from_bytes(raw[_ID : _ID + _TIME], "big")
    if not hmac.compare_digest(raw[_ID + _TIME :], _sealed(seal, effect, seconds)):
        return None
    return effect if now < datetime.fromtimestamp(seconds, UTC) else Ended(effect=effect)


def made_of(raw: bytes) -> str:
    """The one way to write these bytes: another spelling of a word is no word."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _sealed(seal: Seal, effect: UUID, seconds: int) -> bytes:
    return bytes.fromhex(seal(DOMAIN, str(effect), str(seconds)))[:_SEAL]
