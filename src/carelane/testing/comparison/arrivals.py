"""What comes to the door in a month, the same for both sides: cases, calls, visits. By seed, or as a run told them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from carelane.testing.comparison.assumptions import DAY, DAYS, TOUCHES, Assumptions
from carelane.testing.comparison.chance import Chance

PHONE_CALLS = 3  # attempts before a case goes on without an answer
OFFERS_MAX = 60  # of one slot
_SATURDAY, _OPENS = 5, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One piece of work. Minutes count open time from the first morning."""

    number: int
    workflow: str
    at: float
    urgent: bool
    incomplete: bool
    again: bool
    misrouted: bool
    texts_back: bool
    answers: tuple[bool, ...]  # each attempt to reach the patient by phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call from a patient, with how long it lasts and how long the caller waits for an answer."""

    at: float
    minutes: float
    patience: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One booked visit; what its patient does, reminded or not, and what those do who are offered its slot."""

    number: int
    at: float
    high_risk: bool
    misses: bool  # if not reminded
    prevented: bool  # a reminder would bring them
    answers_phone: bool
    text_arrives: bool
    freed_at: float | None  # cancelled then
    offers: tuple[
        bool, ...
    ]  # whether each further patient who is asked takes the slot, however asked
    second_misses: bool  # whether that patient misses it


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """All of it."""

    cases: Sequence[Case]
    calls: Sequence[Call]
    visits: Sequence[Visit]


def month(seed: int, given: Assumptions, arrivals: Sequence[Mapping[str, Any]] = ()) -> Month:
    """The month of this seed. `arrivals` are those of a run: then only what nobody counted is drawn."""
    chance = Chance(seed, "month")
    stems = list(_told(arrivals)) if arrivals else list(_drawn(chance, given))
    stems.sort(key=lambda one: float(one["at"]))
    cases = [_case(seed, number, stem, given) for number, stem in enumerate(stems)]
    calls = [_call(chance, given) for _ in range(round(given.calls_per_day * DAYS))]
    visits = [_visit(seed, number, given) for number in range(round(given.visits_per_day * DAYS))]
    return Month(cases=cases, calls=sorted(calls, key=lambda one: one.at), visits=visits)


def _drawn(chance: Chance, given: Assumptions) -> Iterable[dict[str, Any]]:
    letters = sorted(TOUCHES)
    for _ in range(round(given.cases)):
        yield {"workflow": letters[chance.below(len(letters))], "at": chance.share() * DAY * DAYS}


def _told(arrivals: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """A run's own arrivals in open minutes: what came at night or on a weekend waits for the morning."""
    first = min(datetime.fromisoformat(each["at"]) for each in arrivals).date()
    for each in arrivals:
        if each["workflow"] in TOUCHES:
            at = _open_minute(datetime.fromisoformat(each["at"]), first.toordinal())
            marks = {name: bool(each.get(name)) for name in ("urgent", "incomplete", "again")}
            yield {"workflow": each["workflow"], "at": at, **marks}


def _open_minute(at: datetime, first: int) -> float:
    days = range(first, at.date().toordinal())
    whole = sum((day - 1) % 7 < _SATURDAY for day in days)
    if at.weekday() >= _SATURDAY:
        return whole * DAY
    minutes = (at.hour - _OPENS) * 60 + at.minute + at.second / 60
    return whole * DAY + min(max(minutes, 0.0), DAY)


def _case(seed: int, number: int, stem: Mapping[str, Any], given: Assumptions) -> Case:
    draw = Chance(seed, f"case {number}")
    urgent, incomplete, again, misrouted = (
        draw.happens(share)
        for share in (given.urgent, given.incomplete, given.again, given.misrouted)
    )
    return Case(
        number=number, workflow=stem["workflow"], at=stem["at"], urgent=stem.get("urgent", urgent),
        incomplete=stem.get("incomplete", incomplete), again=stem.get("again", again), misrouted=misrouted,
        texts_back=draw.happens(given.answers_text),
        answers=tuple(draw.happens(given.answers_phone) for _ in range(PHONE_CALLS)),
    )  # fmt: skip


def _call(chance: Chance, given: Assumptions) -> Call:
    day, minute = chance.below(DAYS), chance.share() * (DAY - 30)
    return Call(at=day * DAY + minute, minutes=chance.spread(given.call_minutes),
                patience=chance.spread(given.patience_s / 60))  # fmt: skip


def _visit(seed: int, number: int, given: Assumptions) -> Visit:
    draw = Chance(seed, f"visit {number}")
    at = (2 + draw.below(DAYS - 2)) * DAY + draw.share() * DAY
    freed = max(0.0, at - draw.share() * 5 * DAY) if draw.happens(given.cancelled) else None
    return Visit(
        number=number, at=at, high_risk=draw.happens(given.high_risk), misses=draw.happens(given.missed),
        prevented=draw.happens(given.reminded), answers_phone=draw.happens(given.answers_phone),
        text_arrives=draw.happens(given.text_arrives), freed_at=freed,
        offers=tuple(draw.happens(given.accepts) for _ in range(OFFERS_MAX)),
        second_misses=draw.happens(given.missed),
    )  # fmt: skip
