"""Words that the miniature pathways are written in: times, owners, tasks, tables, clocks, edges."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from carelane.pathways.definition import (
    Branch,
    ClockKind,
    ClockSpec,
    Edge,
    Event,
    FormField,
    Hit,
    NoCase,
    Owner,
    OwnerKind,
    Row,
    Several,
    Table,
    TaskKind,
)
from carelane.pathways.guard import Compare, Guard, Op

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_N = TypeVar("_N", bound=_Named)


def named(*parts: _N) -> dict[str, _N]:
    """Parts of a definition by the names they have, in this order."""
    return {each.name: each for each in parts}


def to(state: str) -> Edge:
    """An edge that always leads there."""
    return Edge(branches=(Branch(then=state),))


STAY, AGAIN = to("stay"), to("again")
DIED = Event(
    name="patient.died",
    keys=(),
    several=Several.ALL,
    none=NoCase(ignore="no open case"),
    cancels=True,
)


def table(
    name: str, *, reads: str, gives: tuple[str, str], rows: Sequence[tuple[Guard, str]]
) -> Table:
    """A table of one input and one output (its name and type): the first row that holds answers."""
    output, type_ = gives
    return Table(
        name=name,
        hit=Hit.FIRST,
        inputs=(reads,),
        outputs={output: type_},
        rows=tuple(
            Row(number=number, line=number, when=when, then={output: answer})
            for number, (when, answer) in enumerate(rows, 1)
        ),
    )


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
