"""What the payer decides: seeded, so that the same claim gets the same answer in every run. Pure.

A share is approved at once, some are pended and decided within or after the payer's own time, some denied, some need
more documents first; some services always do. A revised claim with documents is approved; three of five appeals are.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias

from carelane.testing.payer.claims import Held, documents_of

ANSWERS: Final = (
    "approved", "partial", "denied", "pended", "information-requested", "contact-payer", "not-required",
)  # fmt: skip
FINAL: Final = ("approved", "partial", "denied")
SILENT: Final = "silent"
"""Pended, and never decided: the payer is past its own time until somebody makes it decide."""

WITH_DOCUMENTS: Final = frozenset({"27447", "75574"})
"""Services that are never decided without a document: a joint's replacement, CT of the heart."""

Dice: TypeAlias = Callable[[str], float]
"""A number from 0 to below 1 for a question, the same each time."""
_Shares: TypeAlias = Sequence[tuple[str, int]]

_FIRST: Final[_Shares] = (
    ("approved", 46), ("pended", 24), (SILENT, 3), ("denied", 10), ("information-requested", 9), ("partial", 6),
    ("contact-payer", 1), ("not-required", 1),
)  # fmt: skip
_LATER: Final[_Shares] = (("approved", 70), ("denied", 20), ("partial", 10))
_APPEAL: Final[_Shares] = (("approved", 60), ("denied", 40))
_APPEALS: Final = frozenset({"1", "2"})


def decide(seed: int, held: Held, now: datetime) -> None:
    """Set the answer of a claim that has just come."""

    def dice(question: str) -> float:
        asked = f"{seed}/{held.number}/{held.service}/{question}".encode()
        return int.from_bytes(sha256(asked).digest()[:6]) / 2**48

    documents = documents_of(held)
    if held.service in WITH_DOCUMENTS and not documents:
        put(held, "information-requested", now)
        return
    shares = _APPEAL if held.certification in _APPEALS else _FIRST
    supplied = held.certification == "S" and documents
    put(held, "approved" if supplied else _drawn(dice("now"), shares), now, dice=dice)


def put(held: Held, answer: str, now: datetime, *, dice: Dice | None = None) -> None:
    """Give a claim an answer; one that is pended gets the instant at which it is decided, a silent one none."""
    held.then, held.settles_at = "", None
    held.answer = "pended" if answer == SILENT else answer
    if answer == "pended" and dice is not None:
        held.then = _drawn(dice("then"), _LATER)
        held.settles_at = now + _wait(dice("when"), expedited=held.expedited)


def settle(held: Held) -> None:
    """A pended claim is decided."""
    held.answer, held.settles_at = held.then or "approved", None


def _wait(share: float, *, expedited: bool) -> timedelta:
    """Nine in ten answer within the payer's own time: 72 hours expedited, 7 calendar days else."""
    longest = timedelta(hours=80) if expedited else timedelta(days=7, hours=18)
    return timedelta(hours=2) + longest * share


def _drawn(share: float, shares: _Shares) -> str:
    left = share * sum(weight for _, weight in shares)
    for name, weight in shares:
        left -= weight
        if left < 0:
            return name
    return shares[-1][0]
