"""Asks the tables themselves, on one representative of every piece: what `regions` says of a table is what it does."""

from carelane.cases.prepared import prepare
from carelane.pathways import tables
from carelane.pathways.guard import Value
from carelane.proofs.boxes import Undecided
from carelane.proofs.cells import ELAPSED, EPOCH, Ahead, value_of
from carelane.proofs.regions import Regions, TableCells


def agree(regions: Regions) -> None:
    """Ask every table about every piece.

    Raises:
        Undecided: A table answers otherwise than its cells say: a defect of ours, so nothing is proved.
    """
    for cells in regions.tables.values():
        for number, pieces in cells.answers.items():
            for piece in pieces:
                _must(cells, number in _rows(regions, cells, piece.bits))
        for piece in cells.nothing:
            _must(cells, not _rows(regions, cells, piece.bits))
        for pieces in cells.clashes.values():
            for piece in pieces:
                _must(cells, not _rows(regions, cells, piece.bits))


def _must(cells: TableCells, right: bool) -> None:  # noqa: FBT001  # what must be so
    if not right:
        raise Undecided(f"Table `{cells.table.name}` answers otherwise than its cells say.")


def _rows(regions: Regions, cells: TableCells, box: int) -> tuple[int, ...]:
    """The numbers of the rows by which the table answers for the lowest cells of a box."""
    known: dict[str, Value | None] = {}
    elapsed = EPOCH
    for name, one in regions.space.coordinates.items():
        cell = one.cell(box)
        if name == ELAPSED and isinstance(cell, Ahead):
            elapsed = EPOCH - cell.rest
        elif isinstance(cell, Ahead):
            known[name] = EPOCH + cell.rest  # exact, also for a date
        else:
            known[name] = value_of(cell, one.given_by, EPOCH)
    for table in prepare(regions.definition).tables:
        found = tables.answer(table, known, now=EPOCH, entered_at=elapsed)
        known.update(found.outputs)
        if table is cells.table:
            return found.rows
    return ()
