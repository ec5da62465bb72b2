"""HL7 times (DTM, section 2.A.22) as UTC instants and as FHIR texts.

`YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]`; a time without offset is in the connection's zone.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

_DTM = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?\d*(?:\.(\d{1,9}))?([+-]\d{4})?")


def instant(text: str, zone: tzinfo) -> datetime | None:
    """The UTC instant, at the start of what is left out; None where it can't be read."""
    found = _DTM.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    fraction = int((found.group(7) or "0").ljust(6, "0")[:6])
    try:
        local = datetime(
            year,
            month or 1,
            day or 1,
            hour,
            minute,
            second,
            fraction,
            tzinfo=_offset(found.group(8)) or zone,
        )
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def fhir_time(text: str, zone: tzinfo) -> str | None:
    """A FHIR dateTime with the precision of the source; None where it can't be read."""
    found = _DTM.fullmatch(text.strip())
    at = instant(text, zone)
    if found is None or at is None:
        return None
    if found.group(4) is None:
        return "-".join(part for part in found.groups()[:3] if part)
    return iso(at)


def iso(at: datetime) -> str:
    """A UTC instant as FHIR writes it."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def fhir_date(text: str, zone: tzinfo) -> str | None:
    """A FHIR date: the day as written, without a time."""
    found = _DTM.fullmatch(text.strip())
    if found is None or instant(text, zone) is None:
        return None
    return "-".join(part for part in found.groups()[:3] if part)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
