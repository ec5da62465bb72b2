"""Planted red flags, and which of them a rule led to work that is not urgent. Pure.

A red flag is led rightly if its message at once made, or raised, a task of the highest urgency with an owner who takes
such work. Led down: it made none, or a later task of the same case is less urgent though no person had decided yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from carelane.directory.owners import serves
from carelane.directory.snapshot import Snapshot
from carelane.facts.fact import Urgency
from carelane.measures.figures import Row

AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """How many were planted, arrived, and were led down; each of the last by its message and why."""

    planted: int
    arrived: int
    down: int
    why: Mapping[str, str]


def routed(messages: Sequence[str], rows: Iterable[Row], snapshot: Snapshot) -> Routed:
    """`rows` number the messages from 0; one that has no row never arrived, which is worse than led down."""
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(int(row["number"]), []).append(row)
    why = {
        message: said
        for number, message in enumerate(messages)
        if (said := _wrong(found.get(number, ()), snapshot))
    }
    return Routed(planted=len(messages), arrived=len(found), down=len(why), why=why)


def _wrong(rows: Sequence[Row], snapshot: Snapshot) -> str:
    if not rows:
        return "never arrived"
    tasks = [row for row in rows if row["task"] is not None]
    urgent = [row for row in tasks if _at_once(row) and _urgent(row, snapshot)]
    if not tasks:
        return "no task"
    if not urgent:
        return "no urgent task at once: " + ", ".join(sorted({_named(row) for row in tasks}))
    cases = {row["case_id"]: row["opened_at"] for row in reversed(urgent)}
    lower = [row for row in tasks if row["case_id"] in cases and row["opened_at"] >= cases[row["case_id"]]
             and not _urgent(row, snapshot)]  # fmt: skip
    return "lowered by a rule: " + _named(lower[0]) if lower else ""


def _at_once(row: Row) -> bool:
    return bool(row["opened_at"] <= row["recorded_at"] + AT_ONCE)


def _urgent(row: Row, snapshot: Snapshot) -> bool:
    """The highest urgency, with a person, or a pool that takes it."""
    takes = row["owner_kind"] != "pool" or serves(snapshot, row["owner_name"], Urgency.STAT)
    return row["urgency"] >= Urgency.STAT and takes


def _named(row: Row) -> str:
    return f"{row['pathway']}/{row['name']} {Urgency(row['urgency']).name.lower()}, {row['owner_name']}"
