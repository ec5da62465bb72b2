"""Clocks as values: start, the next thing that happens, pause, resume, recompute (SEMANTICS 6).

Calendar arithmetic is in `pathways.calendar`; which clock fires when is in `expiry`. A running stretch of a clock
that was paused or recomputed is the last interval, still empty: [from, from).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from carelane.cases.model import Clock, Interval, Late
from carelane.facts.replacing import replace
from carelane.pathways.calendar import Calendar, count_back, due_at, elapsed
from carelane.pathways.definition import ClockKind, ClockSpec, Level
from carelane.pathways.guard import Value
from carelane.pathways.zones import zone_data

_WALL = ClockKind.WALL
_NOTHING = timedelta(0)
_REMIND_MIN = timedelta(minutes=10)
_REMIND_MAX = timedelta(hours=24)
_WALL_CALENDAR = Calendar(zone="UTC", hours=((),) * 7)


class Bound(NamedTuple):
    """The late-bound half of a clock: the site's calendar with name and version, and the site's setting."""

    calendar: Calendar = _WALL_CALENDAR
    name: str = ""
    version: int = 0
    setting: timedelta | None = None


WALL = Bound()


def bind(spec: ClockSpec, late: Late, site: str) -> Bound:
    """What this clock needs of the site; a plain wall clock needs nothing."""
    setting = late.setting(spec.setting, site) if spec.setting else None
    if spec.kind is _WALL and spec.back is None:
        return Bound(setting=setting) if setting is not None else WALL
    name, version, calendar = late.calendar(site)
    return Bound(calendar=calendar, name=name, version=version, setting=setting)


def start(  # noqa: PLR0913  # each says one thing, by name
    spec: ClockSpec,
    levels: tuple[Level, ...],
    values: Mapping[str, Value | None],
    *,
    now: datetime,
    bound: Bound,
    afresh: bool = False,
) -> Clock:
    """A clock for a state being entered. It starts at the source's time where the pathway says so.

    A safety clock's start in the future counts as now: a sender's fast clock gives nobody more time.
    `afresh` is a re-entry: it starts now, or it would be over before it began.
    """
    begin = now if afresh else _begin(spec, values, now)
    budget = _budget(spec, bound)
    warn: datetime | None = None
    if budget is None:
        due = _counted_back(spec, values, now, bound)
    else:
        due = due_at(spec.kind, begin, budget, bound.calendar)
    if spec.latest is not None:
        due = min(due, now + spec.latest)
    if spec.warn is not None and budget is not None:
        warn = due_at(spec.kind, begin, spec.warn, bound.calendar)
    elif spec.warn is not None:
        warn = max(now, due - spec.warn)
    clock = Clock(
        kind=spec.kind,
        started_at=begin,
        due_at=due,
        next_at=due if warn is None or warn > due else warn,
        warn_at=warn,
        safety=spec.safety,
        budget=budget,
        calendar=bound.name,
        calendar_version=bound.version,
        zone_data=zone_data() if bound.name else "",
    )
    return replace(clock, next_at=next_at(clock, levels, bound.calendar)) if levels else clock


def _begin(spec: ClockSpec, values: Mapping[str, Value | None], now: datetime) -> datetime:
    given = values.get(spec.start) if spec.start else None
    if not isinstance(given, datetime):
        return now
    return min(given, now) if spec.safety else given


def _budget(spec: ClockSpec, bound: Bound) -> timedelta | None:
    """The site's budget, or the pathway's own; None where the due time counts back from a date."""
    if spec.back is not None:
        return None
    if bound.setting is None:
        return spec.due
    return bound.setting if spec.most is None else min(bound.setting, spec.most)


def _counted_back(
    spec: ClockSpec, values: Mapping[str, Value | None], now: datetime, bound: Bound
) -> datetime:
    back = spec.back
    if back is None:
        return now  # neither `due` nor `back`: `load` refuses it; at once is the safe reading
    target = values.get(back.before)
    if not isinstance(target, date):
        return now + back.if_past
    return count_back(
        target,
        by=back.by,
        if_past=back.if_past,
        now=now,
        kind=spec.kind,
        calendar=bound.calendar,
    )


def running_since(clock: Clock) -> datetime:
    """When the running stretch began."""
    last = clock.intervals[-1] if clock.intervals else None
    return last.from_at if last is not None and last.from_at == last.to_at else clock.started_at


def level_at(clock: Clock, level: Level, calendar: Calendar) -> datetime:
    """When this level is due: so long after the clock's start, in the clock's own kind of time."""
    return due_at(clock.kind, running_since(clock), level.after - clock.accrued, calendar)


def next_at(clock: Clock, levels: tuple[Level, ...], calendar: Calendar) -> datetime:
    """The earliest thing that happens to a running clock: warning, next level or due."""
    earliest = clock.due_at
    if clock.warn_at is not None and not clock.warned and clock.warn_at < earliest:
        earliest = clock.warn_at
    for level in levels:
        if level.level > clock.level:
            earliest = min(earliest, level_at(clock, level, calendar))
    return earliest


def pause(
    clock: Clock,
    *,
    now: datetime,
    by: datetime,
    reason: str,
    calendar: Calendar = _WALL_CALENDAR,
) -> Clock:
    """Stop counting until `by`: what ran so far is kept as an interval, and `due_at` is the pause's own end."""
    since = running_since(clock)
    ran = Interval(from_at=since, to_at=max(now, since))
    return replace(
        clock,
        accrued=clock.accrued + elapsed(clock.kind, since, now, calendar),
        intervals=(*_finished(clock), ran),
        paused_at=now,
        pause_reason=reason,
        due_at=by,
        next_at=by,
        warn_at=None,
        generation=clock.generation + 1,
    )


def resume(clock: Clock, levels: tuple[Level, ...], *, now: datetime, bound: Bound) -> Clock:
    """Count on from here, in a new interval; what was used stays used."""
    left = max((clock.budget or _NOTHING) - clock.accrued, _NOTHING)
    running = replace(
        clock,
        intervals=(*clock.intervals, Interval(from_at=now, to_at=now)),
        paused_at=None,
        pause_reason="",
        due_at=due_at(clock.kind, now, left, bound.calendar),
        generation=clock.generation + 1,
        calendar=bound.name or clock.calendar,
        calendar_version=bound.version or clock.calendar_version,
    )
    return replace(running, next_at=next_at(running, levels, bound.calendar))


def recompute(clock: Clock, levels: tuple[Level, ...], *, bound: Bound) -> Clock:
    """The same obligation on a new version of the calendar; nothing that fired fires again."""
    if clock.paused_at is not None or clock.budget is None:
        return replace(clock, calendar_version=bound.version, generation=clock.generation + 1)
    due = due_at(clock.kind, running_since(clock), clock.budget - clock.accrued, bound.calendar)
    moved = replace(
        clock,
        due_at=due,
        calendar=bound.name,
        calendar_version=bound.version,
        generation=clock.generation + 1,
    )
    return replace(moved, next_at=next_at(moved, levels, bound.calendar))


def kept(clock: Clock, levels: tuple[Level, ...], *, bound: Bound) -> Clock:
    """The same clock under another release's levels: start, pauses, budget and due time stay."""
    if clock.paused_at is not None:
        return clock
    return replace(clock, next_at=next_at(clock, levels, bound.calendar))


def convert(  # noqa: PLR0913  # each says one thing, by name
    clock: Clock,
    spec: ClockSpec,
    levels: tuple[Level, ...],
    values: Mapping[str, Value | None],
    *,
    now: datetime,
    bound: Bound,
) -> Clock:
    """The obligation as another release has it: what has passed counts, in the new kind of time."""
    fresh = start(spec, levels, values, now=now, bound=bound)
    if spec.start or spec.back is not None:  # it counts from a date, whatever ran so far
        return replace(fresh, generation=clock.generation + 1, level=clock.level)
    budget = _budget(spec, bound) or _NOTHING
    ran = _finished(clock)
    accrued = sum(
        (elapsed(spec.kind, each.from_at, each.to_at, bound.calendar) for each in ran), _NOTHING
    )
    since, left = running_since(clock), max(budget - accrued, _NOTHING)
    paused = clock.paused_at is not None
    running = replace(
        clock,
        kind=spec.kind,
        due_at=clock.due_at if paused else due_at(spec.kind, since, left, bound.calendar),
        warn_at=None if paused or spec.warn is None else _warns(spec, since, accrued, bound),
        safety=spec.safety,
        budget=budget,
        accrued=accrued,
        generation=clock.generation + 1,
        calendar=fresh.calendar,
        calendar_version=fresh.calendar_version,
        zone_data=fresh.zone_data,
    )
    return running if paused else replace(running, next_at=next_at(running, levels, bound.calendar))


def _warns(spec: ClockSpec, since: datetime, accrued: timedelta, bound: Bound) -> datetime:
    """When it warns, counted from the same start as its due time."""
    left = max((spec.warn or _NOTHING) - accrued, _NOTHING)
    return due_at(spec.kind, since, left, bound.calendar)


def again(clock: Clock, *, now: datetime, bound: Bound) -> Clock:
    """The next round of a clock that repeats until somebody acknowledges: same level, new due time."""
    budget = clock.budget or timedelta(minutes=15)
    due = due_at(clock.kind, now, budget, bound.calendar)
    return replace(
        clock,
        due_at=due,
        next_at=due,
        warned=True,
        generation=clock.generation + 1,
    )


def remind(clock: Clock, *, now: datetime) -> Clock:
    """The next round of a parked case's clock, in wall time: nothing of the pathway is asked."""
    due = now + min(max(clock.budget or _REMIND_MIN, _REMIND_MIN), _REMIND_MAX)
    return replace(
        clock,
        due_at=due,
        next_at=due,
        warned=True,
        paused_at=None,
        generation=clock.generation + 1,
    )


def _finished(clock: Clock) -> tuple[Interval, ...]:
    return tuple(each for each in clock.intervals if each.from_at != each.to_at)
