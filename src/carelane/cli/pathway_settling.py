"""Mappings from files, and what became of running cases, as rows: shared by migrate, rollback and recall."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from carelane.cli.asking import table
from carelane.cli.pathway_files import text_of
from carelane.engine.scope import Scope
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.proofs.mapping import read_mapping
from carelane.releases.endings import Ending, Line
from carelane.releases.moving import Order

Row = dict[str, object]
Told = Callable[[Line], None]
_COLUMNS = ["case", "ending", "state", "owner", "due", "to", "new owner", "new due", "clock", "why"]


def order_of(file: Path, old: Definition, new: Definition, scope: Scope, by: str) -> Order:
    """The cases to move, by a mapping that is shown to be total.

    Raises:
        SetupFault: the mapping has errors; each is named with line, column and remedy.
    """
    mapping, problems = read_mapping(text_of(file), old, new, place=str(file))
    if mapping is None:
        raise SetupFault("the mapping is not total\n" + "\n".join(each.line() for each in problems))
    return Order(old=old, mapping=mapping, by=by, scope=scope)


async def settled(
    work: Callable[[Told], Awaitable[Mapping[Ending, int]]],
) -> tuple[list[Row], dict[str, int]]:
    """Run it; a row for each wait, and how many cases ended how."""
    rows: list[Row] = []
    counts = await work(lambda line: rows.append(row(line)))
    return rows, {ending.value: count for ending, count in counts.items()}


def row(line: Line) -> Row:
    """A wait before and after, as codes and instants."""
    return {
        "case": str(line.case), "ending": line.ending.value, "state": line.state, "owner": line.owner,
        "due": f"{line.due:%Y-%m-%d %H:%M}", "to": line.to_state, "new owner": line.to_owner,
        "new due": f"{line.to_due:%Y-%m-%d %H:%M}" if line.to_due else "", "clock": line.clock, "why": line.why,
    }  # fmt: skip


def settled_text(rows: list[Row], counts: Mapping[str, int]) -> str:
    """The rows as a table, and the counts in a sentence."""
    said = (
        ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no running case"
    )
    return "\n".join([*([table(rows, _COLUMNS)] if rows else []), said])
