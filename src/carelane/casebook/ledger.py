"""The four laws of conservation: nothing vanishes (I9, SEMANTICS 10). One statement each, in `store/sql/ledger.sql`.

The total is a count of one table; each part needs evidence in other tables, so a law can fail. What lacks
evidence is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from carelane.store.database import Row, Tx

NAMES = ("messages", "facts", "cases", "effects")


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law: the total, its parts, and up to ten ids that have no part with evidence."""

    name: str
    total: int
    parts: Mapping[str, int]
    offenders: tuple[UUID, ...]

    @property
    def balanced(self) -> bool:
        """Whether the parts add up to the total."""
        return self.total == sum(self.parts.values()) and not self.offenders

    def line(self) -> str:
        """`cases 12 = closed 5 + open 7`, or with what is missing."""
        parts = " + ".join(
            f"{name.replace('_', ' ')} {count}" for name, count in self.parts.items()
        )
        missing = self.total - sum(self.parts.values())
        tail = "" if self.balanced else f", NOT BALANCED: {missing} without evidence"
        return f"{self.name} {self.total} = {parts}{tail}"


async def laws(tx: Tx) -> tuple[Law, ...]:
    """The four laws, in the transaction's scope."""
    return tuple([_law(name, await tx.one(f"ledger.{name}")) for name in NAMES])


def _law(name: str, row: Row | None) -> Law:
    counted = dict(row or {})
    total, offenders = counted.pop("total", 0), counted.pop("offenders", ())
    return Law(name=name, total=total, parts=counted, offenders=tuple(offenders))


async def standing(tx: Tx, now: datetime) -> Row:
    """What waits and since when: inbox, oldest message, fact, effect and unknown effect, steps past due."""
    return await tx.one("ledger.standing", now=now) or {}
