"""Turns: the only lock a decision takes (SEMANTICS 1)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
    with within(tx, subject, wait_ms=wait_ms):
        await tx.begun()


@contextmanager
def within(tx: Tx, subject: UUID, *, wait_ms: int) -> Iterator[None]:
    """Take one subject's turn in the packet of the block's first question; raise `TurnBusy` after the wait.

    Each statement after it sees what had been committed when the turn was given.
    """
    tx.put("engine.lock_timeout", value=f"{wait_ms}ms")
    tx.put("engine.turn", subject=subject)
    try:
        yield
    except LockNotAvailable:
        raise TurnBusy("the subject's turn is taken") from None


def came(tx: Tx, subjects: Sequence[UUID]) -> Callable[[], bool]:
    """Once the transaction has ended and given their turns back: whether facts wait for these subjects.

    Whoever brought them while the turns were taken passed them by, and rings no more.
    """
    if not subjects:
        return lambda: False
    later = tx.afterwards("engine.came", subjects=subjects)
    return lambda: bool(later.rows[0][0])


async def both(tx: Tx, subjects: Sequence[UUID], *, wait_ms: int) -> None:
    """Take several turns in id order: a merge."""
    for subject in sorted(set(subjects)):
        await of(tx, subject, wait_ms=wait_ms)
