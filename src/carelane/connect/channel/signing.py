"""How a channel proves that a message is its own: an HMAC over time and body, with a secret that both sides have.

Header `X-Carelane-Signature: t=UNIX,v1=HEX`, HEX the HMAC-SHA256 of `UNIX.BODY`. A time more than five minutes off is
refused, so that an old request can't be played again.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

HEADER: Final = "x-carelane-signature"
SKEW: Final = timedelta(minutes=5)
SECRET_LENGTH_MIN: Final = 32
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def signature(body: bytes, secret: str, at: datetime) -> str:
    """The header's value."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={_digest(body, secret, seconds)}"


def authentic(header: str, body: bytes, secret: str, *, now: datetime) -> bool:
    """Whether the body was signed with the secret, just now."""
    found = _FORM.fullmatch(header)
    if found is None:
        return False
    seconds = int(found[1])
    recent = abs(now.timestamp() - seconds) <= SKEW.total_seconds()
    return recent and hmac.compare_digest(found[2], _digest(body, secret, seconds))


def _digest(body: bytes, secret: str, seconds: int) -> str:
    return hmac.digest(secret.encode(), b"%d." % seconds + body, hashlib.sha256).hex()
