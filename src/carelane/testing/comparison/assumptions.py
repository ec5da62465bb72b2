"""What the comparison rests on: one table of touches for both sides, fixed beforehand, and shares in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

GROUPS = ("referrals", "scheduling", "nurses", "calls", "clinicians")
DAY = 480.0  # open minutes
DAYS = 21  # business days of a month


@dataclass(frozen=True, slots=True)
class Act:
    """One touch that closing a case needs: who does it, and how many minutes of work it is."""

    group: str
    minutes: float


TOUCHES: Mapping[str, tuple[Act, ...]] = {
    "a": (Act("scheduling", 5), Act("scheduling", 4)),
    "b": (Act("calls", 4),),
    "e": (Act("scheduling", 4),),
    "f": (Act("nurses", 8), Act("nurses", 3)),
    "g": (Act("nurses", 3), Act("clinicians", 2)),
    "h": (Act("referrals", 4), Act("clinicians", 6), Act("scheduling", 5), Act("referrals", 2)),
    "i": (Act("referrals", 12), Act("referrals", 4)),
    "j": (Act("nurses", 9), Act("scheduling", 5), Act("nurses", 8)),
    "k": (Act("clinicians", 4), Act("nurses", 5)),
    "l": (Act("calls", 3), Act("nurses", 4)),
    "m": (Act("clinicians", 3), Act("referrals", 3)),
}
"""By workflow the acts that close a case when nothing goes wrong.

Reminders (c) and fills (d) follow from visits; status messages (n) need nobody on either side, and count for neither.
"""


def _share(what: str, default: float) -> float:
    made: float = field(default=default, metadata={"what": what})
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Each is varied by half, up and down. None is a finding."""

    cases: float = _share("cases in a month", 1500)
    urgent: float = _share("share of cases that are urgent", 0.1)
    incomplete: float = _share("share of cases that lack something a person must ask for", 0.15)
    again: float = _share("share of cases that are the same wish by another channel", 0.06)
    misrouted: float = _share("share of cases that a rule leads to the wrong group", 0.04)
    plain: float = _share(
        "share of items in a shared pool that others see to be not theirs and leave alone", 0.5
    )
    forwarded_right: float = _share("share of hand forwards that reach the right group", 0.8)
    forward_minutes: float = _share(
        "minutes to open an item, see that it is another's, pass it on", 1.5
    )
    phone_minutes: float = _share("minutes of a call to a patient, answered or not", 3.0)
    answers_phone: float = _share("chance that a patient answers a call", 0.45)
    text_arrives: float = _share("share of patients whom a text reaches", 0.92)
    answers_text: float = _share("chance that a patient answers a text in time", 0.5)
    calls_per_day: float = _share("calls from patients in a day", 90)
    call_minutes: float = _share("minutes of a call from a patient", 4.0)
    patience_s: float = _share("mean seconds a caller waits before giving up", 120)
    visits_per_day: float = _share("booked visits in a day", 60)
    missed: float = _share("chance that a patient who was not reminded misses a visit", 0.18)
    reminded: float = _share("share of those misses that a reminder which arrived prevents", 0.34)
    high_risk: float = _share("share of visits that a person calls about in any case", 0.08)
    cancelled: float = _share("share of visits that are cancelled beforehand", 0.1)
    accepts: float = _share("chance that an offer of a freed slot is accepted", 0.11)
    offers_a_day: float = _share("offers by text for one slot in a day", 12)
    busy: float = _share("share of their time that staff is planned to be at work", 0.8)

    def scaled(self, name: str, by: float) -> "Assumptions":
        """One assumption changed; a share stays below one."""
        value = getattr(self, name) * by
        whole = getattr(type(self)(), name) > 1
        return replace(self, **{name: value if whole else min(0.99, value)})


def told(assumptions: Assumptions) -> dict[str, dict[str, object]]:
    """Each assumption in words, with its value: printed beside the result."""
    return {
        each.name: {"value": getattr(assumptions, each.name), "is": each.metadata["what"]}
        for each in fields(assumptions)
    }
