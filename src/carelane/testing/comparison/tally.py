"""What is counted of one month under one policy, and the figures that come of it."""

from dataclasses import dataclass

IN_TIME = 0.5  # minutes: 30 seconds
Figures = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts."""

    cases: int = 0
    closed: int = 0
    touches: int = 0
    forwards: int = 0
    busy: float = 0.0
    calls: int = 0
    abandoned: int = 0
    in_time: int = 0
    urgent: int = 0
    urgent_waited: float = 0.0
    slots: int = 0
    used: int = 0
    expected: int = 0
    missed: int = 0
    freed: int = 0
    filled: int = 0
    reminded: int = 0

    def answered(self, minutes: float) -> None:
        """A call was taken after so long."""
        self.in_time += minutes <= IN_TIME


def figures(tally: Tally) -> Figures:
    """Shares are of what they name; touches count exception work, reminders and offers by hand too."""
    return {
        "closed": float(tally.closed),
        "touches_per_case": _share(tally.touches, tally.closed),
        "forwards_per_case": _share(tally.forwards, tally.closed),
        "minutes_per_case": _share(tally.busy, tally.closed),
        "urgent_wait_minutes": _share(tally.urgent_waited, tally.urgent),
        "no_show_rate": _share(tally.missed, tally.expected),
        "calls_abandoned": _share(tally.abandoned, tally.calls),
        "calls_answered_in_30_s": _share(tally.in_time, tally.calls),
        "slots_used": _share(tally.used, tally.slots),
        "freed_slots_filled": _share(tally.filled, tally.freed),
    }


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
