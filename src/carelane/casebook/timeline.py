"""A case's history for people: what people and outside systems did first, the machine's own steps folded in.

Pure. Why the case is where it is tells `why`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.facts.fact import Actor
from carelane.store.database import Row

_HUMAN = frozenset({Actor.PERSON.value, Actor.SYSTEM.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened. `folded` are the machine's own doings that followed it: type and instant."""

    fact: UUID
    type: str
    at: datetime
    actor: str
    name: str
    human: bool
    parked: str = ""
    folded: tuple[tuple[str, datetime], ...] = ()


def timeline(history: Sequence[Row]) -> tuple[Entry, ...]:
    """Entries in order; what a clock, an effect or Carelane did is folded into the entry before it."""
    entries: list[Entry] = []
    for row in history:
        human = row["actor"] in _HUMAN
        if entries and not human and not row["parked"]:
            last = entries[-1]
            folded = (*last.folded, (row["type"], row["at"]))
            entries[-1] = _with(last, folded)
            continue
        entries.append(
            Entry(
                fact=row["id"],
                type=row["type"],
                at=row["at"],
                actor=row["actor"],
                name=row["actor_name"] or row["connection"],
                human=human,
                parked=row["parked"],
            )
        )
    return tuple(entries)


def _with(entry: Entry, folded: tuple[tuple[str, datetime], ...]) -> Entry:
    return Entry(
        fact=entry.fact,
        type=entry.type,
        at=entry.at,
        actor=entry.actor,
        name=entry.name,
        human=entry.human,
        parked=entry.parked,
        folded=folded,
    )
