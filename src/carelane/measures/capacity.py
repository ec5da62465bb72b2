"""Free time of the next 14 days, and how far away the third free slot is, as the EHR last told of its slots. Pure.

The EHR stays the system of record: a slot counts as it said last; one that it never told of does not count. No patient
is in a slot that is free.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from carelane.measures.figures import Row

AHEAD = timedelta(days=14)
THIRD = 3
_DAY = 86_400


def free(rows: Iterable[Row], at: datetime) -> list[Row]:
    """Slots that were free when last heard of and start after `at`, soonest first, with where and what they are for."""
    found = [made for row in rows if (made := _slot(row)) is not None and made["at"] > at]
    return sorted(found, key=lambda row: (row["at"], str(row["subject"])))


def capacity(slots: Iterable[Row], at: datetime, zones: Mapping[str, str]) -> Iterator[Row]:
    """Those of the next 14 days, each on its day by the site's clock; `value` is its minutes."""
    for slot in slots:
        if slot["at"] < at + AHEAD:
            local = slot["at"].astimezone(ZoneInfo(zones.get(slot["site"], "UTC")))
            yield {**slot, "day": local.date().isoformat(), "value": slot["minutes"]}


def third_next(slots: Iterable[Row], at: datetime) -> Iterator[Row]:
    """Of each site, service line and kind of visit the third free slot; `value` is how many days away it starts."""
    seen: dict[tuple[str, str, str], int] = {}
    for slot in slots:
        key = (slot["site"], slot["service_line"], slot["visit"])
        seen[key] = seen.get(key, 0) + 1
        if seen[key] == THIRD:
            yield {**slot, "value": (slot["at"] - at).total_seconds() / _DAY}


def _slot(row: Row) -> Row | None:
    read = row["read"] or {}
    start, minutes = read.get("slot_start"), read.get("slot_minutes")
    if not row["free"] or not isinstance(start, str):
        return None
    starts = datetime.fromisoformat(start)
    line = read.get("specialty") or read.get("service") or row["service_line"]
    return {
        "subject": row["subject"], "pathway": row["pathway"], "site": read.get("place") or row["site"], "at": starts,
        "opened_at": row["told_at"], "service_line": line,
        "visit": read.get("kind") or "any", "minutes": minutes if isinstance(minutes, int) else None,
        "source": row.get("source", ""),
    }  # fmt: skip
