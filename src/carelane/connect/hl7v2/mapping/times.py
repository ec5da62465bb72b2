"""HL7 times (DTM, section 2.A.22) as UTC instants and as FHIR texts.

`YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]`; a time without offset is in the connection's zone.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_DTM = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?\d*(?:\.(\d{1,9}))?([+-]\d{4})?")


@lru_cache(maxsize=512)
def instant(text: str, zone: tzinfo) -> datetime | None:
    """The UTC instant, at the start of what is left out; None where it can't be read."""
    found = _DTM.fullmatch(text.strip())
    return _instant(found, zone) if found else None


def _instant(found: re.Match[str], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second, decimals, offset = found.groups("0")
    fraction = int(decimals.ljust(6, "0")[:6])
    try:
        local = datetime(
            int(year),
            int(month) or 1,
            int(day) or 1,
            int(hour),
            int(minute),
            int(second),
            fraction,
            tzinfo=zone if offset == "0" else _offset(offset),
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=512)
def fhir_time(text: str, zone: tzinfo) -> str | None:
    """A FHIR dateTime with the precision of the source; None where it can't be read."""
    found = _DTM.fullmatch(text.strip())
    at = _instant(found, zone) if found else None
    if found is None or at is None:
        return None
    if found.group(4) is None:
        return "-".join(part for part in found.groups()[:3] if part)
    return iso(at)


def iso(at: datetime) -> str:
    """A UTC instant as FHIR writes it."""
    return f"{at.astimezone(UTC).isoformat(timespec='seconds')[:-6]}Z"


@lru_cache(maxsize=512)
def fhir_date(text: str, zone: tzinfo) -> str | None:
    """A FHIR date: the day as written, without a time."""
    found = _DTM.fullmatch(text.strip())
    if found is None or _instant(found, zone) is None:
        return None
    return "-".join(part for part in found.groups()[:3] if part)


@lru_cache(maxsize=256)
def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
