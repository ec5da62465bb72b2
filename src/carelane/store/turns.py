"""Turns: the only lock a decision takes (SEMANTICS 1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.errors import LockNotAvailable

from carelane.facts.errors import CarelaneError
from carelane.store.database import Tx

_DUE_LEAST = 16


class TurnBusy(CarelaneError):
    """Somebody else is deciding on this subject; the caller's transaction is void, try again or store the fact."""

    code = "turn-busy"


async def take(tx: Tx, now: datetime, *, limit: int) -> list[UUID]:
    """Take the turns of subjects with waiting facts, urgent first, then of those whose clocks or held facts are due.

    Those taken by others are skipped. However many wait, some that are due are always among them.
    """
    waiting, due = await tx.together(
        ("engine.turns", {"limit": limit}), ("engine.due_turns", {"limit": limit, "now": now})
    )
    dues = due[: max(limit - len(waiting), _DUE_LEAST)]
    return list(dict.fromkeys(subject for (subject,) in (*waiting, *dues)))


async def of(tx: Tx, subject: UUID, *, wait_ms: int) -> None:
    """Take one subject's turn, or raise `TurnBusy` after the wait."""
    waits = ("engine.lock_timeout", {"value": f"{wait_ms}ms"})
    try:
        await tx.together(waits, ("engine.turn", {"subject": subject}))
    except LockNotAvailable:
        raise TurnBusy("the subject's turn is taken") from None


async def both(tx: Tx, subjects: Sequence[UUID], *, wait_ms: int) -> None:
    """Take several turns in id order: a merge."""
    for subject in sorted(set(subjects)):
        await of(tx, subject, wait_ms=wait_ms)
