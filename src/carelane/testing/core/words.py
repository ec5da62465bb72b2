"""Words that the miniature pathways are written in: times, owners, tasks, clocks, edges."""

from datetime import timedelta

from carelane.pathways.definition import (
    Branch,
    ClockKind,
    ClockSpec,
    Edge,
    FormField,
    Owner,
    OwnerKind,
    TaskKind,
)
from carelane.pathways.guard import Compare, Op

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
STAY = Edge(branches=(Branch(then="stay"),))


def to(state: str) -> Edge:
    """An edge that always leads there."""
    return Edge(branches=(Branch(then=state),))


def pool(name: str, table: str = "") -> Owner:
    """A pool, or the pool a table names."""
    return Owner(kind=OwnerKind.POOL, name=name, table=table)


def role(name: str) -> Owner:
    """A role."""
    return Owner(kind=OwnerKind.ROLE, name=name)


def task(name: str, *outcomes: str, form: tuple[FormField, ...] = ()) -> TaskKind:
    """A task; its last outcome says that it could not be done."""
    return TaskKind(
        name=name,
        title=name.replace("-", " ").capitalize(),
        outcomes=outcomes,
        could_not=outcomes[-1],
        reasons=(),
        form=form,
        shows=(),
    )


def wall(due: timedelta, *, warn: timedelta | None = None, safety: bool = False) -> ClockSpec:
    """A wall clock."""
    return ClockSpec(kind=ClockKind.WALL, due=due, warn=warn, safety=safety)


def equals(field: str, literal: str) -> Compare:
    """An input or variable has this value."""
    return Compare(field, Op.EQ, literal)
