"""Who owns a wait, by when, who is told on the way, and what stops its clock. Frozen data.

Part of `definition`, which the rest of the house imports.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from carelane.pathways.declared import SINCE_2


class OwnerKind(StrEnum):
    """Who owns a step."""

    POOL = "pool"
    ROLE = "role"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Pool, role or person (`last_actor`).

    `table` names a table output that names the pool instead; without an answer `name` holds.
    `otherwise` is who owns when the person is unknown or gone: a pool if `Definition.pools` has the
    name, else a role.
    """

    kind: OwnerKind
    name: str
    table: str = ""
    otherwise: str = ""


class ClockKind(StrEnum):
    """What time a clock counts (SEMANTICS 6)."""

    WALL = "wall"
    BUSINESS = "business"  # opening hours of the site's calendar
    BUSINESS_DAYS = "business-days"  # dates: Monday to Friday less holidays
    CALENDAR_DAYS = "calendar-days"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBack:
    """A due time counted back from a date or instant input."""

    before: str
    by: timedelta
    if_past: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRule:
    """What stops a clock: a named state inside the block being open, or an event until another one.

    Exactly one of `state` and `event` is set. The pause ends when the state is left, when `until`
    comes, or after `resume_by` of wall time, whichever is first.
    """

    reason: str
    resume_by: timedelta
    state: str = ""
    event: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSpec:
    """A state's clock. Exactly one of `due` and `back` is set.

    `start` is an input holding the start (a result's verification), or empty for entry. `due`,
    `warn` and the levels' `after` count from the start, in the clock's own kind of time. Days are
    24 h in `wall`, and dates in the day kinds. `setting` names a site setting that may
    replace `due`, up to `most`. `latest` bounds a start that lies in the future: due at most so long after entry
    (wall time).
    """

    kind: ClockKind
    due: timedelta | None = None
    back: CountBack | None = None
    warn: timedelta | None = None
    safety: bool = False
    start: str = ""
    latest: timedelta | None = None
    setting: str = ""
    most: timedelta | None = field(default=None, metadata=SINCE_2)
    pauses: tuple[PauseRule, ...] = field(default=(), metadata=SINCE_2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level: so long after the clock's start, this role, pool or `last_actor` is told."""

    level: int
    after: timedelta
    to: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The state is entered with its clock paused: why, and the longest (wall time) it may last."""

    reason: str
    resume_by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A bounded counter, added to by an outcome, or by `enter`."""

    name: str
    add: str
    max: int
