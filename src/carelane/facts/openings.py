"""Open times read at their source for one person's page: what is asked, what comes, in which order it is shown.

Nothing of it is stored or logged. No patient stands in it: a time is the record's, and free for anybody.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Protocol, TypeAlias

PARTS: Final = ("reference", "start", "minutes", "kind")
KINDS: Final = ("in-person", "video", "home")
NO_CONNECTION: Final = "no-connection"
NO_ANSWER: Final = "no-answer"
REFUSED: Final = "refused"
PAST: Final = "in the past"
TOO_EARLY: Final = "sooner than the preparation takes"
OTHER_LINE: Final = "of another service line"
SHOWN_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A free time. `lines` are the service codes as the record has them; `provider` and `place` may be unknown."""

    reference: str
    start: datetime
    minutes: int
    kind: str = "in-person"
    lines: tuple[str, ...] = ()
    provider: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which times are asked for: from, before, and the service codes by which the source may narrow."""

    since: datetime
    until: datetime
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What the record says now, and by which connection; `more`: there are times that were not read."""

    connection: str
    read_at: datetime
    found: tuple[Opening, ...] = ()
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoOpenings:
    """Why there is nothing to show."""

    cause: str


Answer: TypeAlias = Openings | NoOpenings


class OpeningReader(Protocol):
    """Reads at the source, once, within a time limit of its own. Never raises for what the other side does."""

    async def openings(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """The open times of this site's record as they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What is shown, those of `today` first, and how many were left out for which reason."""

    today: tuple[Opening, ...] = ()
    later: tuple[Opening, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    beyond: int = 0  # that fit and are not shown: the list has an end


def arranged(
    openings: Sequence[Opening],
    why_not: Callable[[Opening], str],
    *,
    now: datetime,
    earliest: datetime,
    zone: tzinfo,
) -> Arranged:
    """The times that fit: those of today (by the site's zone) first, then soonest first; each once.

    `why_not` says why a time does not fit, empty where it does. One in the past, or before `earliest`, never fits.
    """
    once = {each.reference: each for each in openings}.values()
    why = {each.reference: _why(each, why_not, now, earliest) for each in once}
    fit = sorted(
        (each for each in once if not why[each.reference]),
        key=lambda each: (each.start, each.provider, each.reference),
    )
    day = now.astimezone(zone).date()
    shown = fit[:SHOWN_MAX]
    return Arranged(
        today=tuple(each for each in shown if each.start.astimezone(zone).date() == day),
        later=tuple(each for each in shown if each.start.astimezone(zone).date() != day),
        left_out=dict(sorted(Counter(reason for reason in why.values() if reason).items())),
        beyond=len(fit) - len(shown),
    )


def _why(one: Opening, why_not: Callable[[Opening], str], now: datetime, earliest: datetime) -> str:
    if one.start <= now:
        return PAST
    return TOO_EARLY if one.start < earliest else why_not(one)
