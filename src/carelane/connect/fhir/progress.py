"""How far a poll of one type got: the stored cursor, and how much to ask for at once. Pure; `reading` asks.

The cursor goes by the EHR's clock only, so that ours may be wrong; `read_at` alone is ours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from carelane.connect.fhir.codec import Resource, resource_reference
from carelane.connect.fhir.mapping.reading import control_id
from carelane.connect.fhir.mapping.source import instant

COUNT_MAX: Final = 128
"""The most resources that one page is asked for (`_count`)."""
HELD_MAX: Final = 1000
"""So many unread resources are asked for again by themselves; older ones stay with whoever has their message."""


class Held(msgspec.Struct, frozen=True):
    """A resource that was gone past, and the limit it did not fit into."""

    reference: str
    at: datetime
    bytes_max: int


class Progress(msgspec.Struct, frozen=True):
    """The stored cursor: newest change seen by the EHR's clock, versions received within the overlap, what was held.

    `read_at` is when a poll last came to its end, or the first one began.
    """

    since: datetime
    seen: dict[str, datetime] = {}  # msgspec copies it per instance
    held: dict[str, Held] = {}
    read_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Manner:
    """What the rounds over one type taught about its server: kept in memory, and learnt again after a restart.

    `count` is how many to ask for, `sorts` whether pages came in order, `way` which list of names it gave, and `resume`
    where a bounded round left off: there the next goes on without looking back once more.
    """

    count: int = COUNT_MAX
    sorts: bool = True
    way: int = 0
    resume: datetime | None = None


def fewer(count: int) -> int:
    """How many to ask for after an answer that was too large; 1 stays 1."""
    return max(count // 2, 1)


def more(count: int) -> int:
    """How many to begin the next round with."""
    return min(count * 2, COUNT_MAX)


def name_of(connection: str, kind: str) -> str:
    """Under which name the cursor is kept."""
    return f"fhir.poll.{connection}.{kind}"


def loaded(text: str | None) -> Progress | None:
    """The cursor out of its text."""
    return msgspec.json.decode(text, type=Progress) if text else None


def saved(progress: Progress) -> str:
    """The cursor as text."""
    return msgspec.json.encode(progress).decode()


def updated(resource: Resource) -> datetime | None:
    """When the EHR changed it last, as it says."""
    meta = resource.get("meta")
    return instant(meta.get("lastUpdated") if isinstance(meta, dict) else None)


def known_as(resource: Resource) -> str:
    """A version's name in the cursor: its control id, or by its time where the EHR numbers no versions."""
    at, reference = updated(resource), resource_reference(resource)
    return control_id(resource) or (f"{reference}/{at.isoformat()}" if reference and at else "")


def new_of(progress: Progress, matches: Iterable[Resource]) -> list[Resource]:
    """Those that were not received yet."""
    return [one for one in matches if known_as(one) not in progress.seen]


def in_order(after: datetime | None, matches: Sequence[Resource]) -> bool:
    """Whether a page goes on from `after` in the order of change: only then may the cursor follow it."""
    times = [updated(one) for one in matches]
    given = [at for at in times if at is not None]
    whole = [*([after] if after else []), *given]
    return len(given) == len(times) and whole == sorted(whole)


def received(
    progress: Progress,
    matches: Iterable[Resource],
    overlap: timedelta,
    *,
    upto: datetime | None = None,
) -> Progress:
    """The cursor after matches were received: it gets as far as `upto`; without, only the versions are kept."""
    seen = dict(progress.seen)
    for match in matches:
        key, at = known_as(match), updated(match)
        if key and at:
            seen[key] = at
    if upto is None:
        return msgspec.structs.replace(progress, seen=seen)
    since = max(progress.since, upto)
    recent = {key: at for key, at in seen.items() if at >= since - overlap}
    return msgspec.structs.replace(progress, since=since, seen=recent)


def holding(progress: Progress, resource: Resource, bytes_max: int) -> Progress:
    """The cursor after a resource that does not fit into the limit was handed to a person."""
    held = Held(resource_reference(resource), updated(resource) or progress.since, bytes_max)
    kept = [*progress.held.items(), (known_as(resource) or held.reference, held)][-HELD_MAX:]
    return msgspec.structs.replace(progress, held=dict(kept))


def holding_no_longer(progress: Progress, key: str) -> Progress:
    """The cursor after a held resource was read, or is there no longer."""
    held = {name: one for name, one in progress.held.items() if name != key}
    return msgspec.structs.replace(progress, held=held)
