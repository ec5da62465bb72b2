"""Time zones from the pinned `tzdata` package: named by its release and the same everywhere.

The system's own zone files are not asked: two hosts of one site must not disagree about a clock.
"""

from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

_FALLBACK = "UTC"


@lru_cache(maxsize=1)
def zone_data() -> str:
    """The release of the zone data in use, such as `tzdata 2026.6`; stored with each clock."""
    return f"tzdata {version('tzdata')}"


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    text = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split())


def zone_known(name: str) -> bool:
    """Whether the zone is in the IANA list."""
    return name in _names()


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone; an unknown name reads as UTC (`calendar.check` refuses it before it is used)."""
    known = name if zone_known(name) else _FALLBACK
    place = files("tzdata").joinpath("zoneinfo")
    for part in known.split("/"):
        place = place.joinpath(part)
    with place.open("rb") as data:
        return ZoneInfo.from_file(data, key=known)
