"""Freed slots: how many above the notice floor were filled, offers for each fill, and offers for each cohort. Pure.

Above the floor is what the pathway offered at all. Filled: booked out of an offer. Nobody may be left without an offer
for long, and what nobody took must have come to a person before its time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carelane.measures.figures import Row, percentile

_COHORTS = ("service_line", "language", "visit", "urgency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Shares are of the openings above the floor that are over; None where there are none."""

    openings: int
    above_floor: int
    running: int
    filled: int
    share: float | None
    taken_otherwise: int  # by the desk, or by somebody who asked for that time
    by_hand: int
    unfilled: int
    unfilled_without_person: int
    offers: int
    accepted: int
    acceptance: float | None
    offers_per_fill: float | None
    waiting: int
    without_offer: int
    longest_without_offer_s: float | None
    cohorts: Mapping[
        str, Mapping[str, float | int]
    ]  # `language en`: patients, offers, offers for each


def filled(openings: Iterable[Row], waiting: Sequence[Row], to_at: datetime) -> Filled:
    """Judge every opening of the period, and everybody who waited."""
    whole = list(openings)
    above = [row for row in whole if row["offered"]]
    ends = Counter(str(row["outcome"]) for row in above)
    running = ends[""]
    offers, accepted = (sum(row[name] for row in waiting) for name in ("offers", "accepted"))
    alone = [_alone(row, to_at) for row in waiting]
    return Filled(
        openings=len(whole), above_floor=len(above), running=running, filled=ends["filled"],
        share=_share(ends["filled"], len(above) - running), taken_otherwise=ends["gone"],
        by_hand=ends["filled-by-hand"], unfilled=ends["unfilled"],
        unfilled_without_person=sum(row["outcome"] == "unfilled" and not row["by_hand"] for row in whole),
        offers=offers, accepted=accepted, acceptance=_share(accepted, offers),
        offers_per_fill=_share(offers, ends["filled"]), waiting=len(waiting),
        without_offer=sum(not row["offers"] for row in waiting), longest_without_offer_s=percentile(alone, 1.0),
        cohorts=dict(sorted(_cohorts(waiting).items())),
    )  # fmt: skip


def _alone(row: Row, to_at: datetime) -> float:
    """How long somebody waited until the first offer, or without any."""
    until: datetime = row["first_at"] or row["closed_at"] or to_at
    began: datetime = row["opened_at"]
    return (until - began).total_seconds()


def _cohorts(waiting: Sequence[Row]) -> dict[str, dict[str, float | int]]:
    found: dict[str, dict[str, float | int]] = {}
    for row in waiting:
        for name in _COHORTS:
            mine = found.setdefault(f"{name} {row[name] or 'not said'}", {"patients": 0, "offers": 0})  # fmt: skip
            mine["patients"] += 1
            mine["offers"] += row["offers"]
    for mine in found.values():
        mine["each"] = round(mine["offers"] / mine["patients"], 2)
    return found


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
