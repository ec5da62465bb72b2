"""Derived ids: the same history gives the same ids, also after a restore.

A UUIDv8 (RFC 9562, section 5.8): 48 bits of the fact's time in milliseconds, so that indexes stay
local, then a SHA-256 of what the id is derived from.
"""

from datetime import datetime
from hashlib import sha256
from uuid import UUID, SafeUUID

from msgspec.json import encode

_VERSION = 8 << 76
_VARIANT = 2 << 62
_HIGH_12, _LOW_62 = ((1 << 12) - 1) << 62, (1 << 62) - 1  # of a digest, around the variant
_LOW_48 = (1 << 48) - 1
_set_number = UUID.__dict__["int"].__set__  # the slots' own: a UUID never changes once it is made
_set_safety = UUID.__dict__["is_safe"].__set__
_UNKNOWN = SafeUUID.unknown


def derive(at: datetime, *parts: object) -> UUID:
    """The id made of `parts` (ids, names, ordinals; never patient data in clear) at time `at`."""
    digest = int.from_bytes(sha256(_joined(parts)).digest()[:10], "big")
    millis = int(at.timestamp() * 1000) & _LOW_48
    return _made(
        (millis << 80) | _VERSION | ((digest & _HIGH_12) << 2) | _VARIANT | (digest & _LOW_62)
    )


def name_id(*parts: object) -> UUID:
    """A timeless id for things known by name (an organisation, a pool): a UUIDv8 of the parts alone."""
    digest = int.from_bytes(sha256(_joined(parts)).digest()[:16], "big")
    return _made((digest & ~(0xF << 76) & ~(3 << 62)) | _VERSION | _VARIANT)


def from_bytes(raw: bytes | bytearray | memoryview) -> UUID:
    """The id of sixteen bytes, as a database sends it."""
    return _made(int.from_bytes(raw, "big"))


def _joined(parts: tuple[object, ...]) -> bytes:
    return b"\x1f".join(
        [encode(part)[1:-1] if part.__class__ is UUID else str(part).encode() for part in parts]
    )


def _made(number: int) -> UUID:
    """A UUID without the checks of its constructor, which cost more than the hash."""
    made = object.__new__(UUID)
    _set_number(made, number)
    _set_safety(made, _UNKNOWN)
    return made
