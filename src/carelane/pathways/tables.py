"""Answers decision tables and says why: which row, and which cells missed in the rows above.

`tables_reader` makes tables from text; `cases` asks them for each fact. `look_up` says which row, by one
look-up per column (`columns`); `answer` says why as well, and is kept by the values that the rows read. Nothing is
executed but comparisons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from carelane.pathways.columns import Columns, columns_of
from carelane.pathways.definition import Hit, Row, Table
from carelane.pathways.guard import Value
from carelane.pathways.judge import Known, explain, fields_of, holds, reads_time

ANSWERS_KEPT_MAX = 1024
_TABLES_KEPT_MAX = 512
_Cells: TypeAlias = tuple[Value | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a table says. Without a row every output is None: the caller gives the case to a person.

    `rows` are the numbers of the rows that answer (from 1); `every` their outputs (one per row, for
    `collect`). `missed` names the conditions that missed in the rows above, as `row 1: flag in {HH}
    (was N)`. `conflict` says that several rows of a unique table hold: that is no answer either.
    """

    table: str
    outputs: Mapping[str, Value | None]
    rows: tuple[int, ...] = ()
    every: tuple[Mapping[str, Value], ...] = ()
    missed: tuple[str, ...] = ()
    conflict: bool = False

    @property
    def row(self) -> int | None:
        """The number of the row that answers, or None."""
        return self.rows[0] if self.rows else None

    @property
    def rule(self) -> str:
        """The rule for an explanation: `table triage row 3`."""
        return f"table {self.table} row {self.row}" if self.rows else f"table {self.table} no row"


@dataclass(slots=True)
class _Kept:
    table: Table
    names: tuple[str, ...]
    timed: bool
    columns: Columns | None
    first: bool
    answers: dict[_Cells, Answer] = field(default_factory=dict)
    by_lines: dict[int, Answer] = field(default_factory=dict)


_TABLES: dict[int, _Kept] = {}


def look_up(
    table: Table, values: Known, *, now: datetime, entered_at: datetime | None = None
) -> Answer:
    """What the table answers, without `missed`: ask `answer` for why."""
    kept = _TABLES.get(id(table))
    if kept is None:
        kept = _keep(table)
    columns = kept.columns
    if columns is None:
        return answer(table, values, now=now, entered_at=entered_at)
    lines, get = columns.every, values.get
    try:
        for name, seen in columns.looked:
            lines &= seen[get(name)]
    except KeyError:  # a value for the first time
        lines = columns.lines(values)
    if kept.first:
        lines &= -lines
    found = kept.by_lines.get(lines)
    return found if found is not None else _of_lines(kept, columns, lines)


def answer(
    table: Table, values: Known, *, now: datetime, entered_at: datetime | None = None
) -> Answer:
    """What the table answers for these values; no row gives an answer without rows."""
    kept = _TABLES.get(id(table))
    if kept is None:
        kept = _keep(table)
    if kept.timed:
        return _ask(table, values, now, entered_at)
    cells = tuple(map(values.get, kept.names))
    found = kept.answers.get(cells)
    if found is None:
        found = _ask(table, values, now, entered_at)
        if len(kept.answers) >= ANSWERS_KEPT_MAX:
            kept.answers.clear()
        kept.answers[cells] = found
    return found


def evaluate(
    tables: Mapping[str, Table],
    values: Known,
    *,
    now: datetime,
    entered_at: datetime | None = None,
) -> tuple[dict[str, Value | None], tuple[Answer, ...]]:
    """All tables in order, each seeing the outputs of those before: the values, and why."""
    known = dict(values)
    answers = []
    for table in tables.values():
        found = answer(table, known, now=now, entered_at=entered_at)
        known.update(found.outputs)
        answers.append(found)
    return known, tuple(answers)


def _keep(table: Table) -> _Kept:
    names = sorted({name for row in table.rows for name in fields_of(row.when)})
    timed = any(reads_time(row.when) for row in table.rows)
    if len(_TABLES) >= _TABLES_KEPT_MAX:
        _TABLES.clear()
    # The entry holds the table, so its id can't be given to another while it is here.
    kept = _TABLES[id(table)] = _Kept(
        table, tuple(names), timed, columns_of(table.rows), table.hit is Hit.FIRST
    )
    return kept


def _of_lines(kept: _Kept, columns: Columns, lines: int) -> Answer:
    """The answer where these lines hold; kept for the next time."""
    table = kept.table
    hits = dict.fromkeys(row for place, row in enumerate(columns.rows) if lines >> place & 1)
    found = _answered(table, [table.rows[row] for row in hits], ())
    if len(kept.by_lines) >= ANSWERS_KEPT_MAX:
        kept.by_lines.clear()
    kept.by_lines[lines] = found
    return found


def _ask(table: Table, values: Known, now: datetime, entered_at: datetime | None) -> Answer:
    hits: list[Row] = []
    missed: list[str] = []
    for row in table.rows:
        if holds(row.when, values, now=now, entered_at=entered_at):
            hits.append(row)
            if table.hit is Hit.FIRST:
                break
        elif not hits:
            missed.extend(
                f"row {row.number}: {one}"
                for one in explain(row.when, values, now=now, entered_at=entered_at)
            )
    return _answered(table, hits, tuple(missed))


def _answered(table: Table, hits: Sequence[Row], missed: tuple[str, ...]) -> Answer:
    conflict = table.hit is Hit.UNIQUE and len(hits) > 1
    if not hits or conflict:
        return Answer(
            table=table.name,
            outputs=dict.fromkeys(table.outputs),
            missed=missed,
            conflict=conflict,
        )
    return Answer(
        table=table.name,
        outputs=dict(hits[0].then),
        rows=tuple(row.number for row in hits),
        every=tuple(row.then for row in hits),
        missed=missed,
    )
