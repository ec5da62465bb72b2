"""Tables answer for every cell, once, and each of their rows can answer; and they answer with allowed types only."""

from collections.abc import Iterator

from carelane.pathways.definition import Definition, Hit
from carelane.pathways.tables_reader import OUTPUT_TYPES
from carelane.proofs.cells import EPOCH, Space, value_of
from carelane.proofs.regions import Pieces, Regions
from carelane.proofs.turns import Breach

COMPLETE = "tables-complete"
CLASH = "tables-without-conflict"
ROWS = "rows-reachable"
TYPES = "table-output-types"


def of_text(definition: Definition, regions: Regions) -> Iterator[tuple[Breach, Pieces]]:
    """Each breach with the cells in which it shows."""
    for cells in regions.tables.values():
        table = cells.table
        line = table.rows[0].line if table.rows else 1
        if cells.nothing and table.hit is not Hit.COLLECT:
            yield Breach(
                rule=COMPLETE, line=line,
                message=f"Table `{table.name}` has no row for {example(regions.space, cells.nothing)}.",
                remedy="Add a row for it, or end with `otherwise`.",
            ), cells.nothing  # fmt: skip
        for (one, other), pieces in cells.clashes.items():
            yield Breach(
                rule=CLASH, line=table.rows[other - 1].line,
                message=(
                    f"Rows {one} and {other} of table `{table.name}` both answer for "
                    f"{example(regions.space, pieces)}."
                ),
                remedy="Make them exclude each other, or write `hit: first`.",
            ), pieces  # fmt: skip
        for row in table.rows:
            refused = any(row.number in pair for pair in cells.clashes)
            if not cells.answers[row.number] and not refused:
                yield Breach(
                    rule=ROWS, line=row.line,
                    message=f"Row {row.number} of table `{table.name}` can never answer.",
                    remedy="Remove it, or change the rows above it.",
                ), ()  # fmt: skip
    yield from ((breach, ()) for breach in _types(definition))


def _types(definition: Definition) -> Iterator[Breach]:
    for table in definition.tables.values():
        for name, type_ in table.outputs.items():
            said = table.codes.get(name, ())
            if type_ not in OUTPUT_TYPES or (type_ == "code" and not said):
                yield Breach(
                    rule=TYPES,
                    line=table.rows[0].line if table.rows else 1,
                    message=f"Table `{table.name}` answers `{name}` with a {type_} that no list declares.",
                    remedy="Answer with a pool, an urgency, a stage or a code of a list: never a diagnosis or dose.",
                )


def example(space: Space, pieces: Pieces) -> str:
    """The first of the cells, as a person reads it; only what matters."""
    piece = pieces[0]
    parts = []
    for name, one in space.coordinates.items():
        if one.mask in piece.masks:
            value = value_of(one.cell(piece.bits), one.given_by, EPOCH)
            parts.append(f"{name} missing" if value is None else f"{name} = {value}")
    return " and ".join(parts) or "anything"
