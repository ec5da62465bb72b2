"""A case from first byte to last effect: the hops with their times, under one correlation id.

For each task: who got it, when, against its clock. For each effect: when it left and the format accepted. Hops stand
in the order in which we did them; where one speaks of another instant (the source's time of an event, a clock's start
at a result's verification, the due time of one that fired late), that instant stands beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.store.database import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One hop: when, what (`message received`, `task claimed`), which, by whom, and codes about it.

    `of` is the instant that it speaks of, where that is not when it was done.
    """

    at: datetime
    hop: str
    id: UUID
    who: str = ""
    what: str = ""
    of: datetime | None = None
    late_s: float | None = None  # seconds past its clock (negative: before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """All hops of a case, in the order in which they were done."""

    case: UUID
    correlation: UUID
    hops: tuple[Hop, ...]


async def trace(tx: Tx, case: UUID) -> Trace | None:
    """The trace of a case in the transaction's view; None if there is none."""
    row = await tx.one("casebook.case", id=case)
    if row is None:
        return None
    history = await tx.rows("casebook.history", id=case, limit=1000)
    origins = [each["origin"] for each in history if each["origin"] is not None]
    messages = await tx.rows("casebook.messages", ids=origins)
    steps = await tx.rows("casebook.steps", id=case)
    tasks = await tx.rows("casebook.tasks", id=case)
    effects = await tx.rows("casebook.effects", id=case)
    hops = [
        *_messages(messages),
        *_facts(history),
        *_clocks(steps),
        *_tasks(tasks),
        *_effects(effects),
        *_ends(row),
    ]
    ordered = sorted(hops, key=lambda hop: (hop.at, _ORDER.get(hop.hop, 6)))
    return Trace(case=case, correlation=row["correlation"], hops=tuple(ordered))


_ORDER = {"message received": 0, "message interpreted": 1, "fact recorded": 2, "fact decided": 3, "case opened": 4,
          "clock started": 5, "case closed": 9}  # fmt: skip


def _messages(rows: Sequence[Row]) -> Iterator[Hop]:
    for row in rows:
        yield Hop(
            at=row["received_at"],
            hop="message received",
            id=row["id"],
            who=row["connection"],
            what=row["trigger"],
        )
        if row["interpreted_at"] is not None:
            yield Hop(
                at=row["interpreted_at"],
                hop="message interpreted",
                id=row["id"],
                what=row["outcome"],
            )


def _facts(rows: Sequence[Row]) -> Iterator[Hop]:
    for row in rows:
        who = row["actor_name"] or row["connection"] or row["actor"]
        done = row["at"] if row["actor"] == "clock" else row["recorded_at"]
        yield Hop(at=done, hop="fact recorded", id=row["id"], who=who, what=row["type"],
                  of=_other(row["occurred_at"], done))  # fmt: skip
        rules = ", ".join(reason.get("rule", "") for reason in row["reasons"])
        yield Hop(
            at=row["at"],
            hop="fact decided",
            id=row["id"],
            what=row["parked"] or rules or row["type"],
        )


def _clocks(rows: Sequence[Row]) -> Iterator[Hop]:
    """Each wait's clock: when it was set up, and from when it counts."""
    for row in rows:
        what = f"{row['state']}, due {row['due_at'].isoformat(timespec='seconds')}"
        yield Hop(at=row["opened_at"], hop="clock started", id=row["id"], who=row["clock_kind"],
                  what=what, of=_other(row["started_at"], row["opened_at"]))  # fmt: skip


def _other(at: datetime | None, done: datetime) -> datetime | None:
    """An instant, if it is not the one when it was done (a second of rounding apart)."""
    return at if at is not None and abs((done - at).total_seconds()) >= 1 else None


def _tasks(rows: Sequence[Row]) -> Iterator[Hop]:
    for row in rows:
        owner = f"{row['owner_kind']} {row['owner_name']}"
        yield Hop(at=row["opened_at"], hop="task opened", id=row["id"], who=owner, what=row["name"])
        if row["claimed_at"] is not None:
            late = (row["claimed_at"] - row["due_at"]).total_seconds()
            yield Hop(at=row["claimed_at"], hop="task claimed", id=row["id"], who=row["assignee"], what=row["name"],
                      late_s=late)  # fmt: skip
        if row["closed_at"] is not None:
            late = (row["closed_at"] - row["due_at"]).total_seconds()
            yield Hop(at=row["closed_at"], hop=f"task {row['status']}", id=row["id"], who=row["assignee"],
                      what=row["outcome"], late_s=late)  # fmt: skip


def _effects(rows: Sequence[Row]) -> Iterator[Hop]:
    for row in rows:
        yield Hop(at=row["created_at"], hop="effect wanted", id=row["id"], what=row["name"])
        if row["sent_at"] is not None:
            yield Hop(at=row["sent_at"], hop="effect sent", id=row["id"], who=row["connection"],
                      what=f"attempt {row['attempts']}")  # fmt: skip
        if row["settled_at"] is not None:
            what = " ".join(
                part for part in (row["format"], row["reference"], row["cause"]) if part
            )
            yield Hop(
                at=row["settled_at"],
                hop=f"effect {row['state']}",
                id=row["id"],
                who=row["connection"],
                what=what,
            )


def _ends(row: Row) -> Iterator[Hop]:
    yield Hop(at=row["opened_at"], hop="case opened", id=row["id"], what=row["pathway"])
    if row["closed_at"] is not None:
        yield Hop(at=row["closed_at"], hop="case closed", id=row["id"], what=row["outcome"])
