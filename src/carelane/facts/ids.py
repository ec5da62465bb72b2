"""Derived ids: the same history gives the same ids, also after a restore.

A UUIDv8 (RFC 9562, section 5.8): 48 bits of the fact's time in milliseconds, so that indexes stay
local, then a SHA-256 of what the id is derived from.
"""

import hashlib
from datetime import datetime
from uuid import UUID

_VERSION = 8 << 76
_VARIANT = 2 << 62
_LOW_74 = (1 << 74) - 1


def derive(at: datetime, *parts: object) -> UUID:
    """The id made of `parts` (ids, names, ordinals; never patient data in clear) at time `at`."""
    text = "\x1f".join(map(str, parts))
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:10], "big") & _LOW_74
    millis = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    return UUID(
        int=(millis << 80)
        | _VERSION
        | ((digest >> 62) << 64)
        | _VARIANT
        | (digest & ((1 << 62) - 1))
    )


def name_id(*parts: object) -> UUID:
    """A timeless id for things known by name (an organisation, a pool): a UUIDv8 of the parts alone."""
    text = "\x1f".join(map(str, parts))
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return UUID(int=(digest & ~(0xF << 76) & ~(3 << 62)) | _VERSION | _VARIANT)
