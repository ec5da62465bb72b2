"""How work is handed out: what Carelane does, and what a shared pool does. All else is the same on both sides."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The only differences between the two sides."""

    routed: bool  # by rule to the group that does it; else one queue, and forwarded by hand
    urgent_first: bool  # else oldest first
    folds: bool  # the same wish by another channel is one case
    asks_by_text: bool  # what is missing is asked for by text first, by phone only then
    reminds_by_text: (
        bool  # and by phone whoever is at high risk; else everybody by phone, as time allows
    )
    offers_by_text: bool  # freed slots; else by phone, as time allows


WITH = Policy(
    routed=True, urgent_first=True, folds=True, asks_by_text=True, reminds_by_text=True, offers_by_text=True
)  # fmt: skip
WITHOUT = Policy(
    routed=False, urgent_first=False, folds=False, asks_by_text=False, reminds_by_text=False, offers_by_text=False
)  # fmt: skip
