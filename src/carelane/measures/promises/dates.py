"""Duties in business days: decisions on referrals within three, contact after a discharge within two. Pure.

The discharge clock is worked out here a second time, day by day and from the rule alone, so that a mistake in the
calendar's arithmetic doesn't hide behind itself: Monday to Friday less holidays, whatever the site's hours, due at the
end of the last day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from carelane.directory.snapshot import CalendarRow, Snapshot
from carelane.measures.figures import Row, percentile

_DAY = timedelta(days=1)
_SATURDAY = 5
TRIAGE_DAYS, CONTACT_DAYS = 3, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Cases that came to a decision: how many have one, how many got it late or wait past its time, and how long."""

    cases: int
    decided: int
    ended: int  # ended otherwise before: cancelled, answered by a report
    late: int
    median_s: float | None
    p90_s: float | None
    late_cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """Clocks that count dates: how many, how many say another due time than the rule, how many were kept."""

    clocks: int
    wrong: int
    kept: int
    missed: int
    running: int
    wrong_steps: tuple[str, ...] = ()


def last_moment(start: datetime, days: int, calendar: CalendarRow) -> datetime:
    """The last second of so many business days after the date of `start`, by the site's own clock."""
    zone = ZoneInfo(calendar.zone)
    day, left = start.astimezone(zone).date(), days
    while left:
        day += _DAY
        left -= _counts(day, calendar)
    return datetime.combine(day, time(23, 59, 59), tzinfo=zone).astimezone(UTC)


def _counts(day: date, calendar: CalendarRow) -> bool:
    return day.weekday() < _SATURDAY and day not in calendar.holidays


def decided(
    rows: Iterable[Row], snapshot: Snapshot, to_at: datetime, *, days: int = TRIAGE_DAYS
) -> Decided:
    """Judge every decision that somebody waited for."""
    waited: list[float] = []
    late: list[str] = []
    cases = ended = 0
    for row in rows:
        cases += 1
        calendar = snapshot.calendar_of(row["site"])
        due = last_moment(row["since"], days, calendar) if calendar else row["since"] + days * _DAY
        until = row["decided_at"] or row["closed_at"] or to_at
        if row["decided_at"] is not None:
            waited.append((until - row["since"]).total_seconds())
        elif row["closed_at"] is not None:
            ended += 1
        if until > due:
            late.append(str(row["case_id"]))
    return Decided(cases=cases, decided=len(waited), ended=ended, late=len(late), median_s=percentile(waited, 0.5),
                   p90_s=percentile(waited, 0.9), late_cases=tuple(late))  # fmt: skip


def clocked(
    rows: Iterable[Row], snapshot: Snapshot, to_at: datetime, *, days: int = CONTACT_DAYS
) -> Clocked:
    """Judge every clock; one that is not over yet is neither kept nor missed."""
    wrong: list[str] = []
    clocks = kept = missed = running = 0
    for row in rows:
        clocks += 1
        calendar = snapshot.calendar_of(row["site"])
        due = last_moment(row["started_at"], days, calendar) if calendar else row["due_at"]
        if row["due_at"].replace(microsecond=0) != due:
            wrong.append(str(row["step"]))
        gone = row["closed_at"] is not None and row["done_at"] is None and row["how"] != "expired"
        if row["done_at"] is not None and row["done_at"] <= due:
            kept += 1
        elif due < to_at and not (gone and row["closed_at"] <= due):
            missed += 1
        else:
            running += not gone
    return Clocked(clocks=clocks, wrong=len(wrong), kept=kept, missed=missed, running=running,
                   wrong_steps=tuple(wrong))  # fmt: skip
