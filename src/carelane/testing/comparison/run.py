"""What a run itself counted takes the place of what is otherwise assumed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from carelane.testing.comparison.assumptions import TOUCHES, Assumptions

Said = Mapping[str, Any]
_SATURDAY = 5
_DRAWN = {"accepts": "accepts", "answers_call": "answers_phone", "replies": "answers_text"}


def of_run(told: Said, judged: Said) -> tuple[Assumptions, Sequence[Said]]:
    """The assumptions with the run's own shares, and its arrivals. `told` is the hospital's, `judged` Carelane's."""
    arrivals = [each for each in told.get("arrivals") or () if each["workflow"] in TOUCHES]
    draws, visits = told.get("draws") or {}, told.get("visits") or {}
    found: dict[str, float] = {ours: draws[theirs] for theirs, ours in _DRAWN.items() if theirs in draws}  # fmt: skip
    if "comes" in draws:
        found["missed"] = 1 - draws["comes"]
    if arrivals:
        found["cases"] = len(arrivals)
        found["misrouted"] = min(0.99, _misrouted(judged) / len(arrivals))
        days = _business_days(arrivals)
        if visits.get("booked"):
            found["visits_per_day"] = visits["booked"] / days
    return replace(Assumptions(), **found), arrivals


def _misrouted(judged: Said) -> float:
    return float((judged.get("misroutes") or {}).get("counted", 0))


def _business_days(arrivals: Sequence[Said]) -> int:
    days = sorted(date.fromisoformat(str(each["at"])[:10]) for each in arrivals)
    span = range((days[-1] - days[0]).days + 1)
    return max(1, sum((days[0] + timedelta(days=n)).weekday() < _SATURDAY for n in span))


def counted(told: Said, judged: Said) -> dict[str, object]:
    """What the run counted of Carelane's own side, to stand beside what the model says of it."""
    entries = (judged.get("workflows") or {}).values()
    cases, total = (sum(each["touches"][part] for each in entries) for part in ("cases", "total"))
    visits = told.get("visits") or {}
    due = visits.get("came", 0) + visits.get("missed", 0)
    return {
        "touches_per_case": round(total / cases, 3) if cases else None,
        "by_workflow": {name: each["touches"]["mean"] for name, each in (judged.get("workflows") or {}).items()},
        "no_show_rate": round(visits["missed"] / due, 3) if due and "missed" in visits else None,
    }  # fmt: skip
