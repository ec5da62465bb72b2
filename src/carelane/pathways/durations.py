"""Durations as text: `5m`, `2h`, `3d`, `1h30m`; read by clocks and guards, shown to people."""

import re
from datetime import timedelta

DURATION_DAYS_MAX = 3660
_FORM = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?", re.ASCII)


def duration(text: str) -> timedelta | None:
    """The duration, or None when the text is none; largest unit first, at most ten years."""
    match = _FORM.fullmatch(text)
    if not text or match is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    value = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return value if value.days <= DURATION_DAYS_MAX else None


def duration_text(value: timedelta) -> str:
    """The shortest text that reads back as the same duration; negative ones begin with a minus."""
    seconds = abs(int(value.total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    sign = "-" if value < timedelta(0) else ""
    return sign + "".join(parts) if parts else "0m"
